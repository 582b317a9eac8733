/** What ECS runs, may run again, and goes back to, as uses of images. */

import { getObjects, getString, optional } from "../../ecs/json-fields.ts";
import type { AccountUses, ImageUse } from "../../mirrors/facts.ts";
import type { KnownImages } from "../../mirrors/ports.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { AwsSettings } from "../client/client-config.ts";
import { type ClusterContents, createEcsLists, type EcsLists } from "./ecs-lists.ts";
import { readServiceRevisions } from "./service-revisions.ts";
import type { ServiceTimes } from "./service-times.ts";
import { isUnread, need, readable } from "./whole-list.ts";

/** DescribeTaskDefinition takes one at a time. */
const AT_ONCE = 4;

/** How many that are not known one run describes. */
export type NewMax = { readonly taskDefinitions: number; readonly revisions: number };

export type EcsUses = Pick<
  AccountUses["uses"],
  "services" | "service-revisions" | "task-definitions" | "tasks"
>;

/**
 * @param known what is known of task definitions and service revisions; what is read is added
 */
export async function readEcsUses(
  settings: AwsSettings,
  times: ServiceTimes,
  known: KnownImages,
  newMax: NewMax,
): Promise<EcsUses> {
  const lists = createEcsLists(settings, times);
  const clusters = await readable("ecs:ListClusters", () => lists.clusters(known.keys()));
  if (isUnread(clusters))
    return {
      services: clusters,
      "service-revisions": clusters,
      "task-definitions": clusters,
      tasks: clusters,
    };
  const services = clusters.flatMap((one: ClusterContents) => one.services);
  const tasks = clusters.flatMap((one: ClusterContents) => one.tasks);
  const revisions = await readable("ecs:ListServiceDeployments", async () => [
    await readServiceRevisions(lists, services, known, newMax.revisions),
  ]);
  const named = [
    ...[...services, ...tasks].flatMap(taskDefinitionsOf),
    ...(isUnread(revisions) ? [] : revisions.flatMap((one) => one.taskDefinitions)),
  ];
  const taskDefinitions = await readable("ecs:ListTaskDefinitions", () =>
    readTaskDefinitions(lists, named, known, newMax.taskDefinitions),
  );
  return {
    services: isUnread(taskDefinitions)
      ? taskDefinitions
      : services.flatMap((one) => usesOfService(one, known)),
    "service-revisions": isUnread(revisions) ? revisions : revisions.flatMap(({ uses }) => uses),
    "task-definitions": taskDefinitions,
    tasks: tasks.flatMap(usesOfTask),
  };
}

/** All that are ACTIVE, and those that something runs: an INACTIVE one goes on running where it does. */
async function readTaskDefinitions(
  lists: EcsLists,
  named: readonly string[],
  known: KnownImages,
  newMax: number,
): Promise<readonly ImageUse[]> {
  const all = [...new Set([...(await lists.activeTaskDefinitions()), ...named])];
  const unknown = all.filter((arn) => !known.has(arn));
  await forEachConcurrently(unknown.slice(0, newMax), AT_ONCE, async (arn) => {
    known.set(arn, await lists.imagesOf(arn));
  });
  const left = unknown.length - newMax;
  if (left > 0)
    need<never>({
      unread: "ecs:DescribeTaskDefinition",
      because: `${left} of ${all.length} task definitions are read by a later run`,
    });
  return all.flatMap((arn) =>
    (known.get(arn) ?? []).map((image): ImageUse => ({ place: "task-definitions", by: arn, image })),
  );
}

/** Of a service, its deployments and task sets; of a task. */
function taskDefinitionsOf(one: JsonObject): readonly string[] {
  return [one, ...getObjects(one, "deployments"), ...getObjects(one, "taskSets")].flatMap(
    (part) => getString(part, "taskDefinition") ?? getString(part, "taskDefinitionArn") ?? [],
  );
}

function usesOfService(service: JsonObject, known: KnownImages): readonly ImageUse[] {
  const by = getString(service, "serviceArn") ?? "";
  const images = new Set(taskDefinitionsOf(service).flatMap((arn) => known.get(arn) ?? []));
  return [...images].map((image) => ({ place: "services", by, image }));
}

function usesOfTask(task: JsonObject): readonly ImageUse[] {
  const by = getString(task, "taskArn") ?? "";
  return getObjects(task, "containers").map((one) => ({
    place: "tasks",
    by,
    ...optional("image", getString(one, "image")),
    ...optional("digest", getString(one, "imageDigest")),
  }));
}
