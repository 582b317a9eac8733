/** Tasks that neither a service nor a schedule started, by their revision: RunTask started them, and may again. */

import type { JsonObject } from "../../runtime/json.ts";
import { getObjects, getString, optional } from "../json-fields.ts";
import type { Service } from "../service/service.ts";
import { taskOwnerOf } from "./task-owner.ts";

export type StandaloneTasks = {
  readonly clusterArn: string;
  readonly taskDefinition: string;
  readonly count: number;
  readonly launchType?: string;
  readonly network?: NonNullable<Service["network"]>;
};

/** @param tasks as ECS describes them */
export function groupStandaloneTasks(tasks: readonly JsonObject[]): readonly StandaloneTasks[] {
  const loose = tasks.filter((task) => taskOwnerOf(startOf(task)).kind === "standalone");
  return [...Map.groupBy(loose, (task) => startOf(task).taskDefinitionArn)].map(([taskDefinition, same]) => {
    const [first = {}] = same;
    const subnets = [...new Set(same.flatMap(subnetsOf))];
    return {
      clusterArn: startOf(first).clusterArn,
      taskDefinition,
      count: same.length,
      ...optional("launchType", getString(first, "launchType")),
      // A task that runs behind an internet gateway has got out by a public address of its own.
      ...(subnets.length === 0 ? {} : { network: { subnets, assignPublicIp: true } }),
    };
  });
}

function startOf(task: JsonObject) {
  return {
    group: getString(task, "group"),
    startedBy: getString(task, "startedBy"),
    clusterArn: getString(task, "clusterArn") ?? "",
    taskDefinitionArn: getString(task, "taskDefinitionArn") ?? "",
  };
}

function subnetsOf(task: JsonObject): readonly string[] {
  return getObjects(task, "attachments").flatMap((attachment) =>
    getObjects(attachment, "details").flatMap((detail) =>
      getString(detail, "name") === "subnetId" ? (getString(detail, "value") ?? []) : [],
    ),
  );
}
