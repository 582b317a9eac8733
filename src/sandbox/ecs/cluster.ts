/**
 * Amazon ECS in one region, as far as a remediation can see it: clusters, services, tasks and revisions.
 *
 * Tasks really pull: through the registries of the sandbox, from the address of their NAT gateway. So a limit
 * strikes here as it does there, and a revision that names another image runs only if that image is to be had.
 */

import { getString } from "../../ecs/json-fields.ts";
import { readService } from "../../ecs/service/service.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { awsRefusal } from "../aws/faults/aws-error.ts";
import type { Cluster, NewService } from "./cluster-api.ts";
import { requestRollback, startDeployment } from "./deployments/deployments.ts";
import { createServiceScheduler } from "./deployments/service-scheduler.ts";
import { deploymentId, hex } from "./ids.ts";
import { completedDeployment, serviceRecord } from "./new-records.ts";
import type {
  ClusterRecord,
  DeploymentRecord,
  EcsEnvironment,
  LaunchType,
  ServiceRecord,
  TaskRecord,
} from "./state.ts";
import { networkInterface } from "./tasks/elastic-network-interface.ts";
import { recordedTask } from "./tasks/recorded-task.ts";
import { startSteadyTask } from "./tasks/steady-task.ts";
import { containerRecords, runTask, stopTask } from "./tasks/task-lifecycle.ts";

const UPDATE = "ecs:UpdateService";
/** "Stopped tasks currently appear in the returned results for at least one hour." */
const STOPPED_SHOWN_MS = 3_600_000;

/** An ECS without any cluster; a cluster is there as soon as it is named. */
export function createCluster(world: EcsEnvironment): Cluster {
  const { home, clock, random, definitions } = world;
  const clusters = new Map<string, ClusterRecord>();
  const arnOf = (resource: string): string =>
    `arn:${home.partition}:ecs:${home.region}:${home.account}:${resource}`;

  const clusterNamed = (cluster: string): ClusterRecord => {
    const name = shortName(cluster);
    const found = clusters.get(name);
    if (found !== undefined) return found;
    const made: ClusterRecord = {
      name,
      arn: arnOf(`cluster/${name}`),
      services: new Map(),
      tasks: new Map(),
      tags: {},
    };
    clusters.set(name, made);
    return made;
  };

  const revision = (name: string, action: string): { arn: string; definition: JsonObject } => {
    const found = definitions.describe(name);
    const arn = found && getString(found.taskDefinition, "taskDefinitionArn");
    if (found === undefined || arn === undefined)
      throw awsRefusal("invalid", action, "ClientException", "Unable to find task definition.");
    if (found.taskDefinition.status !== "ACTIVE")
      throw awsRefusal("invalid", action, "ClientException", "TaskDefinition is inactive");
    return { arn, definition: { ...found.taskDefinition } };
  };

  const newTask = (
    place: { cluster: ClusterRecord; service?: ServiceRecord; deployment?: DeploymentRecord },
    definition: JsonObject,
    settings: {
      launchType: LaunchType;
      platformVersion?: string | undefined;
      providers?: readonly string[];
      group: string;
      startedBy?: string | undefined;
      overrides?: JsonObject;
      tags?: Readonly<Record<string, string>>;
    },
  ): TaskRecord => {
    const id = hex(random, 32);
    const task: TaskRecord = {
      cluster: place.cluster,
      service: place.service,
      deployment: place.deployment,
      id,
      arn: arnOf(`task/${place.cluster.name}/${id}`),
      definition,
      launchType: settings.launchType,
      platformVersion: settings.platformVersion,
      platform: world.place({
        cluster: place.cluster.name,
        definition,
        launchType: settings.launchType,
        providers: settings.providers ?? [],
      }),
      group: settings.group,
      startedBy: settings.startedBy,
      overrides: settings.overrides ?? {},
      ...(settings.tags === undefined ? {} : { tags: settings.tags }),
      attachment: settings.launchType === "FARGATE" ? networkInterface(world) : undefined,
      createdAt: clock.now(),
      containers: containerRecords(world, place.cluster.name, id, definition),
      lastStatus: "PENDING",
      desiredStatus: "RUNNING",
      version: 0,
      updatedAt: clock.now(),
    };
    place.cluster.tasks.set(id, task);
    return task;
  };

  const newServiceTask = (service: ServiceRecord, deployment: DeploymentRecord): TaskRecord => {
    const described = definitions.describe(deployment.taskDefinition);
    const { launchType, platformVersion, cluster, name, others } = service;
    return newTask({ cluster, service, deployment }, described?.taskDefinition ?? {}, {
      launchType,
      platformVersion,
      providers: readService(others).capacityProviders,
      group: `service:${name}`,
      startedBy: deployment.id,
    });
  };

  const begin = (task: TaskRecord): void => {
    clock.schedule(clock.now(), () => runTask(task, world, scheduler.watcher));
  };
  const scheduler = createServiceScheduler(world, (service, deployment) =>
    begin(newServiceTask(service, deployment)),
  );

  const newService = (settings: NewService): ServiceRecord => {
    const { arn } = revision(settings.taskDefinition, "ecs:CreateService");
    const cluster = clusterNamed(settings.cluster);
    if (cluster.services.has(settings.name))
      throw awsRefusal(
        "invalid",
        "ecs:CreateService",
        "InvalidParameterException",
        "Creation of service was not idempotent.",
      );
    const now = clock.now();
    const serviceArn = arnOf(`service/${cluster.name}/${settings.name}`);
    const service = serviceRecord(settings, { cluster, arn: serviceArn, taskDefinition: arn, now });
    cluster.services.set(service.name, service);
    return service;
  };

  const find = (cluster: string, service: string): ServiceRecord | undefined => {
    const [, ofArn] = /:service\/(?:[^/]+\/)?([^/]+)$/.exec(service) ?? [];
    return clusters.get(shortName(cluster))?.services.get(ofArn ?? service);
  };

  const existing = (cluster: string, name: string): ServiceRecord => {
    const service = find(cluster, name);
    if (service === undefined)
      throw awsRefusal("absent", UPDATE, "ServiceNotFoundException", "Service not found.");
    if (service.status !== "ACTIVE")
      throw awsRefusal("conflict", UPDATE, "ServiceNotActiveException", "Service was not ACTIVE.");
    return service;
  };

  /** The same revision again is not a deployment, unless one is forced. */
  const deploy = (service: ServiceRecord, taskDefinition: string, id?: string): void => {
    const { arn } = revision(taskDefinition, UPDATE);
    if (service.taskDefinition === arn) return;
    service.taskDefinition = arn;
    startDeployment(service, arn, world, id === undefined ? {} : { id });
    scheduler.look(service);
  };

  return {
    createService(settings) {
      const service = newService(settings);
      startDeployment(
        service,
        service.taskDefinition,
        world,
        settings.deploymentId === undefined ? {} : { id: settings.deploymentId },
      );
      scheduler.look(service);
      return service;
    },
    async createRunningService(settings, send) {
      const service = newService(settings);
      const id = settings.deploymentId ?? deploymentId(random);
      const deployment = completedDeployment(id, service.taskDefinition, clock.now());
      service.deployments = [deployment];
      service.serviceDeployments.unshift(deployment);
      service.lastCompleted = deployment;
      for (let count = 0; count < service.desiredCount; count++) {
        await startSteadyTask(newServiceTask(service, deployment), send, world);
      }
      return service;
    },
    updateService(clusterName, serviceName, taskDefinition) {
      const service = existing(clusterName, serviceName);
      if (service.controller === "CODE_DEPLOY")
        throw awsRefusal(
          "invalid",
          UPDATE,
          "InvalidParameterException",
          "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        );
      // ECS's own words for this one are not known; that a task set has to be made instead is documented.
      if (service.controller === "EXTERNAL")
        throw awsRefusal(
          "invalid",
          UPDATE,
          "InvalidParameterException",
          "Unable to update task definition on services with an EXTERNAL deployment controller.",
        );
      deploy(service, taskDefinition);
    },
    rollBackDeployment(arn) {
      const STOP = "ecs:StopServiceDeployment";
      const [, clusterName = "", serviceName = "", number] = arn.split("/");
      const service = clusters.get(clusterName)?.services.get(serviceName);
      const deployment = service?.serviceDeployments.find(({ id }) => id === `ecs-svc/${number}`);
      if (service === undefined || deployment === undefined)
        throw awsRefusal("absent", STOP, "ServiceDeploymentNotFoundException", `no deployment ${arn}`);
      if (!requestRollback(service, deployment, world, () => scheduler.look(service)))
        throw awsRefusal("conflict", STOP, "ConflictException", "The service deployment is not in progress.");
    },
    changeService(clusterName, serviceName, { desiredCount, forceNewDeployment }) {
      const service = existing(clusterName, serviceName);
      if (desiredCount !== undefined) service.desiredCount = desiredCount;
      if (forceNewDeployment === true) startDeployment(service, service.taskDefinition, world);
      scheduler.look(service);
    },
    deploy: (clusterName, serviceName, taskDefinition, id) =>
      deploy(existing(clusterName, serviceName), taskDefinition, id),
    runTask({ cluster, taskDefinition, launchType = "FARGATE", group, startedBy, overrides, tags }) {
      const { definition } = revision(taskDefinition, "ecs:RunTask");
      const task = newTask({ cluster: clusterNamed(cluster) }, definition, {
        launchType,
        platformVersion: launchType === "FARGATE" ? "1.4.0" : undefined,
        group: group ?? `family:${getString(definition, "family")}`,
        startedBy,
        ...(overrides === undefined ? {} : { overrides }),
        ...(tags === undefined ? {} : { tags }),
      });
      begin(task);
      return task;
    },
    addRecordedTask(detail) {
      const task = recordedTask(detail, clusterNamed(getString(detail, "clusterArn") ?? "default"), world);
      task.cluster.tasks.set(task.id, task);
    },
    stopTask(cluster, taskArn, reason) {
      const task = clusters.get(shortName(cluster))?.tasks.get(shortName(taskArn));
      if (task === undefined)
        throw awsRefusal(
          "invalid",
          "ecs:StopTask",
          "InvalidParameterException",
          "The referenced task was not found.",
        );
      stopTask(task, world, scheduler.watcher, "UserInitiated", reason);
    },
    service: find,
    createCluster: clusterNamed,
    clusters: () => [...clusters.values()],
    tagCluster(cluster, tags) {
      clusterNamed(cluster).tags = tags;
    },
    clusterTags: (cluster) => clusters.get(shortName(cluster))?.tags ?? {},
    task: (cluster, taskArn) => {
      const task = clusters.get(shortName(cluster))?.tasks.get(shortName(taskArn));
      return task !== undefined && isShown(task, clock.now()) ? task : undefined;
    },
    tasks: (cluster) =>
      [...(clusters.get(shortName(cluster))?.tasks.values() ?? [])].filter((task) =>
        isShown(task, clock.now()),
      ),
    allTasks: () =>
      [...clusters.values()].flatMap(({ tasks }) =>
        [...tasks.values()].filter((task) => isShown(task, clock.now())),
      ),
    services: () => [...clusters.values()].flatMap(({ services }) => [...services.values()]),
  };
}

function isShown(task: TaskRecord, now: number): boolean {
  return task.stoppedAt === undefined || now - task.stoppedAt <= STOPPED_SHOWN_MS;
}

/** The name at the end of an ARN, or the name itself. */
function shortName(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf("/") + 1);
}
