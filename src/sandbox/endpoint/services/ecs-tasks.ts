/** Tasks of ECS: listed, described, run and stopped. */

import {
  getNumber,
  getObject,
  getObjects,
  getString,
  getStrings,
  getTags,
  optional,
} from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import { describedTask } from "../../ecs/documents/task-document.ts";
import type { LaunchType, TaskRecord } from "../../ecs/state.ts";
import type { Operations } from "../call.ts";
import { clusterIn } from "./ecs-clusters.ts";
import { pageOf } from "./page.ts";

/** RunTask starts no more at once. */
const TASKS_AT_ONCE = 10;

export const ecsTasks: Operations = {
  ListTasks(input, { world }) {
    const { arn } = clusterIn(input, world, "ecs:ListTasks");
    const wanted = world.cluster.tasks(arn).filter(matcherOf(input));
    const { items, next } = pageOf(
      wanted.map((task) => task.arn),
      input,
    );
    return { taskArns: items, ...next };
  },

  DescribeTasks(input, { world }) {
    const { arn: cluster } = clusterIn(input, world, "ecs:DescribeTasks");
    const asked = getStrings(input, "tasks").map((arn) => ({ arn, task: world.cluster.task(cluster, arn) }));
    const withTags = getStrings(input, "include").includes("TAGS");
    return {
      tasks: asked.flatMap(({ task }) => (task === undefined ? [] : [shown(task, withTags)])),
      failures: asked.flatMap(({ arn, task }) => (task === undefined ? [{ arn, reason: "MISSING" }] : [])),
    };
  },

  RunTask(input, { world }) {
    const action = "ecs:RunTask";
    const { arn: cluster } = clusterIn(input, world, action);
    const count = getNumber(input, "count") ?? 1;
    if (count < 1 || count > TASKS_AT_ONCE)
      throw awsRefusal("invalid", action, "InvalidParameterException", "Count must be between 1 and 10.");
    const network = getObject(getObject(input, "networkConfiguration") ?? {}, "awsvpcConfiguration") ?? {};
    const strategy = getObjects(input, "capacityProviderStrategy");
    const launchType = getString(input, "launchType") ?? (strategy.length === 0 ? "EC2" : "FARGATE");
    if (launchType === "FARGATE" && getStrings(network, "subnets").length === 0)
      throw awsRefusal(
        "invalid",
        action,
        "InvalidParameterException",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
      );
    const tasks = Array.from({ length: count }, () =>
      world.cluster.runTask({
        cluster,
        taskDefinition: getString(input, "taskDefinition") ?? "",
        launchType: launchType as LaunchType,
        tags: getTags(input),
        ...optional("group", getString(input, "group")),
        ...optional("startedBy", getString(input, "startedBy")),
        ...optional("overrides", getObject(input, "overrides")),
      }),
    );
    return { tasks: tasks.map((task) => describedTask(task)), failures: [] };
  },

  StopTask(input, { world }) {
    const { arn: cluster } = clusterIn(input, world, "ecs:StopTask");
    const wanted = getString(input, "task") ?? "";
    world.cluster.stopTask(cluster, wanted, getString(input, "reason") ?? "Task stopped by user");
    const task = world.cluster.task(cluster, wanted);
    return task === undefined ? {} : { task: describedTask(task) };
  },
};

function matcherOf(input: JsonObject): (task: TaskRecord) => boolean {
  const service = getString(input, "serviceName");
  const name = service?.slice(service.lastIndexOf("/") + 1);
  const startedBy = getString(input, "startedBy");
  const family = getString(input, "family");
  const launchType = getString(input, "launchType");
  const status = getString(input, "desiredStatus") ?? "RUNNING";
  return (task) =>
    task.desiredStatus === status &&
    (name === undefined || task.service?.name === name) &&
    (startedBy === undefined || task.startedBy === startedBy) &&
    (family === undefined || task.definition.family === family) &&
    (launchType === undefined || task.launchType === launchType);
}

function shown(task: TaskRecord, withTags: boolean): JsonObject {
  const { tags = [], ...document } = describedTask(task);
  return withTags ? { ...document, tags } : document;
}
