/**
 * CodeDeploy in the sandbox: every deployment of a service that it deploys is one of its own, under the same number.
 *
 * A service has an application and a group of its name. One deployment runs at a time; the AppSpec decides what it
 * brings; what fails, or is stopped, goes back to the tasks that served before.
 */

import type { CodeDeploy, CodeDeployGroup, CodeDeployment } from "../remediation/code-deploy-port.ts";
import { taskDefinitionIn } from "../workload/app-spec.ts";
import { present } from "../workload/members.ts";
import { awsRefusal } from "./aws-refusal.ts";
import type { Cluster } from "./cluster.ts";
import type { DeploymentRecord, ServiceRecord } from "./cluster-state.ts";
import { codeDeploymentId } from "./ecs-documents.ts";
import type { AwsFault } from "./ecs-port.ts";

const CREATE = "codedeploy:CreateDeployment";

export function createCodeDeploy(cluster: Cluster, faults: AwsFault): CodeDeploy {
  const services = (): readonly ServiceRecord[] =>
    cluster.services().filter(({ controller }) => controller === "CODE_DEPLOY");
  const all = (): readonly (readonly [ServiceRecord, DeploymentRecord])[] =>
    services().flatMap((service) => service.story.map((one) => [service, one] as const));
  const find = (id: string) => all().find(([, one]) => codeDeploymentId(one) === id);

  return {
    async deployment(id) {
      faults("codedeploy:GetDeployment");
      const found = find(id);
      return found && described(...found);
    },
    async deployments(group, sinceMs) {
      faults("codedeploy:ListDeployments");
      return all()
        .filter(([service]) => groupOf(service).group === group.group)
        .map(([service, one]) => described(service, one))
        .filter(({ status, createdAt }) => status === "InProgress" || createdAt >= sinceMs);
    },
    async create({ application, group, appSpec, description }) {
      faults(CREATE);
      const service = services().find((one) => {
        const names = groupOf(one);
        return names.application === application && names.group === group;
      });
      if (service === undefined)
        throw awsRefusal("absent", CREATE, "DeploymentGroupDoesNotExistException", "No such group.");
      const busy = service.story.find((one) => statusOf(one) === "InProgress");
      if (busy !== undefined)
        throw awsRefusal(
          "conflict",
          CREATE,
          "DeploymentLimitExceededException",
          `The Deployment Group '${group}' already has an active Deployment '${codeDeploymentId(busy)}'`,
        );
      const revision = taskDefinitionIn(appSpec);
      if (revision === undefined)
        throw awsRefusal("invalid", CREATE, "InvalidRevisionException", "The AppSpec cannot be read.");
      cluster.deploy(service.cluster.name, service.name, revision);
      const [made] = service.story;
      if (made === undefined) throw new Error("a deployment that has no story");
      made.codeDeploy = { appSpec, description };
      return codeDeploymentId(made);
    },
    async stop(id) {
      faults("codedeploy:StopDeployment");
      const found = find(id);
      if (found !== undefined && statusOf(found[1]) === "InProgress")
        cluster.endDeployment(found[0], "MANUAL_STOP: the deployment was stopped");
    },
  };
}

function groupOf({ name }: ServiceRecord): CodeDeployGroup {
  return { application: name, group: `${name}-group` };
}

function described(service: ServiceRecord, deployment: DeploymentRecord): CodeDeployment {
  const { codeDeploy, ended, taskDefinition, createdAt } = deployment;
  const appSpec =
    codeDeploy === undefined
      ? service.appSpec?.replaceAll("TASK_DEFINITION", taskDefinition)
      : codeDeploy.appSpec;
  return {
    ...groupOf(service),
    id: codeDeploymentId(deployment),
    status: statusOf(deployment),
    createdAt,
    ...present("appSpec", appSpec),
    configuration: "CodeDeployDefault.ECSAllAtOnce",
    isRollback: false,
    ...present("because", ended?.because),
  };
}

function statusOf({ ended, completedAt }: DeploymentRecord): CodeDeployment["status"] {
  if (ended !== undefined) return ended.byHand === true ? "Stopped" : "Failed";
  return completedAt === undefined ? "InProgress" : "Succeeded";
}
