/** Tasks that no service keeps and no schedule has started, by their revision: somebody runs them, and may again. */

import type { JsonObject } from "../../runtime/json.ts";
import { objectsIn, present, textIn } from "../json-fields.ts";
import type { Service } from "../service/service.ts";
import { ownerOf } from "./task-owner.ts";

export type LooseTasks = {
  readonly clusterArn: string;
  readonly taskDefinition: string;
  readonly count: number;
  readonly launchType?: string;
  readonly network?: NonNullable<Service["network"]>;
};

/** @param tasks as ECS describes them */
export function looseTasksIn(tasks: readonly JsonObject[]): readonly LooseTasks[] {
  const loose = tasks.filter((task) => ownerOf(startOf(task)).kind === "standalone");
  return [...Map.groupBy(loose, (task) => startOf(task).taskDefinitionArn)].map(([taskDefinition, same]) => {
    const [first = {}] = same;
    const subnets = [...new Set(same.flatMap(subnetsOf))];
    return {
      clusterArn: startOf(first).clusterArn,
      taskDefinition,
      count: same.length,
      ...present("launchType", textIn(first, "launchType")),
      // A task that runs behind an internet gateway has got out by a public address of its own.
      ...(subnets.length === 0 ? {} : { network: { subnets, assignPublicIp: true } }),
    };
  });
}

function startOf(task: JsonObject) {
  return {
    group: textIn(task, "group"),
    startedBy: textIn(task, "startedBy"),
    clusterArn: textIn(task, "clusterArn") ?? "",
    taskDefinitionArn: textIn(task, "taskDefinitionArn") ?? "",
  };
}

function subnetsOf(task: JsonObject): readonly string[] {
  return objectsIn(task, "attachments").flatMap((attachment) =>
    objectsIn(attachment, "details").flatMap((detail) =>
      textIn(detail, "name") === "subnetId" ? (textIn(detail, "value") ?? []) : [],
    ),
  );
}
