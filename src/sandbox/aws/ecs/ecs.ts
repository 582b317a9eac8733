/** The sandbox's ECS as the remediation sees it: the same port that the AWS gateway implements. */

import { parseRevision, sameRevision } from "../../../ecs/arn.ts";
import { readService } from "../../../ecs/service/service.ts";
import { readServiceDeployment } from "../../../ecs/service/service-deployment.ts";
import {
  readDeploymentSummary,
  readEcsRollback,
  readServiceRevision,
} from "../../../ecs/service/service-revision.ts";
import { readTask } from "../../../ecs/task/task.ts";
import type { Ecs } from "../../../remediation/ports/ports.ts";
import type { Cluster } from "../../ecs/cluster-api.ts";
import { deploymentArn } from "../../ecs/documents/resource-names.ts";
import { describedService } from "../../ecs/documents/service-document.ts";
import { describedTask } from "../../ecs/documents/task-document.ts";
import type { TaskDefinitions } from "../../ecs/task-definitions.ts";
import type { AwsFault } from "../faults/aws-fault.ts";
import type { DeploymentReads } from "./service-deployments.ts";

/** DescribeTasks and ListTasks answer at most so many. */
const TASKS_MAX = 100;

/** @param faults what makes an action fail before it does anything */
export function createEcsPort(
  cluster: Cluster,
  definitions: TaskDefinitions,
  faults: AwsFault,
  reads: DeploymentReads,
): Ecs {
  return {
    async listServiceDeployments(clusterName, service) {
      faults("ecs:ListServiceDeployments");
      return reads.list(clusterName, service).map(readDeploymentSummary);
    },
    async ecsRollbacks(arns) {
      faults("ecs:DescribeServiceDeployments");
      return reads.deployments(arns).flatMap((one) => readEcsRollback(one) ?? []);
    },
    async describeServiceRevisions(arns) {
      faults("ecs:DescribeServiceRevisions");
      return reads.revisions(arns).map(readServiceRevision);
    },
    async listTasksStartedBy(clusterName, startedBy) {
      faults("ecs:ListTasks");
      return cluster
        .tasks(clusterName)
        .filter((task) => task.startedBy === startedBy && task.desiredStatus === "RUNNING")
        .slice(-TASKS_MAX)
        .map((task) => readTask(describedTask(task)));
    },
    async describeTask(clusterArn, taskArn) {
      faults("ecs:DescribeTasks");
      const task = cluster.task(clusterArn, taskArn);
      return task && readTask(describedTask(task));
    },
    async describeService(clusterName, service) {
      faults("ecs:DescribeServices");
      const found = cluster.service(clusterName, service);
      return found && readService(describedService(found));
    },
    async clusterTags(clusterName) {
      faults("ecs:DescribeClusters");
      return cluster.clusterTags(clusterName);
    },
    async listTasks({ cluster: clusterName, service, desiredStatus }) {
      faults("ecs:ListTasks");
      const found = cluster.service(clusterName, service);
      if (found === undefined) return [];
      return cluster
        .tasks(clusterName)
        .filter((task) => task.service === found && task.desiredStatus === desiredStatus)
        .slice(-TASKS_MAX)
        .map((task) => readTask(describedTask(task)));
    },
    async serviceDeployment(clusterName, service, revision) {
      faults("ecs:ListServiceDeployments");
      faults("ecs:DescribeServiceRevisions");
      faults("ecs:DescribeServiceDeployments");
      const found = cluster.service(clusterName, service);
      const deployment = found?.serviceDeployments.find((one) => sameRevision(one.taskDefinition, revision));
      if (found === undefined || deployment === undefined) return undefined;
      const [story] = reads.deployments([deploymentArn(found, deployment)]);
      return story && readServiceDeployment(story);
    },
    async describeTaskDefinition(arn) {
      faults("ecs:DescribeTaskDefinition");
      return definitions.describe(arn);
    },
    async registerTaskDefinition(registrable) {
      faults("ecs:RegisterTaskDefinition");
      return definitions.register(registrable, "repull");
    },
    async newestRevisions(family, count, after = "") {
      faults("ecs:ListTaskDefinitions");
      const oldest = parseRevision(after)?.revision ?? 0;
      const newest = definitions
        .newest(family, count)
        .filter(({ arn }) => (parseRevision(arn)?.revision ?? 0) > oldest);
      // A list names revisions; the tags of each are a call of their own.
      for (let one = 0; one < newest.length; one += 1) faults("ecs:DescribeTaskDefinition");
      return newest;
    },
    async rollBackDeployment(arn) {
      faults("ecs:StopServiceDeployment");
      cluster.rollBackDeployment(arn);
    },
    async updateService(clusterName, service, taskDefinitionArn) {
      faults("ecs:UpdateService");
      cluster.updateService(clusterName, service, taskDefinitionArn);
      const updated = cluster.service(clusterName, service);
      return updated === undefined ? [] : readService(describedService(updated)).deployments;
    },
  };
}
