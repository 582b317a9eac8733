/**
 * A plan as the list of what it will write, a sentence each.
 *
 * It is what a person reads before saying yes, and what their yes covers: so a sentence names all that would make it
 * another write, and nothing that changes by itself, such as how many pulls are left.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { isPinned } from "../../ecs/schedule/scheduled-target.ts";
import { printPlatform } from "../../image/platform.ts";
import { repositoryOf } from "../../image/reference.ts";
import type { ImagePlan, Substitute } from "../../substitution/plan-types.ts";
import { targetName } from "../ports/schedules.ts";
import type { Survey } from "../survey/types.ts";

export function plannedChanges(surveyed: Survey, images: readonly ImagePlan[]): readonly string[] {
  const { clusterArn, service, failingRevision, task } = surveyed;
  const name = shortRevision(failingRevision);
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  const swaps = images.flatMap((image) => imageChange(image));
  return [
    ...images.flatMap(({ substitute }) => (substitute === undefined ? [] : mirrorChanges(substitute))),
    `register a revision of ${name} in which ${swaps.join("; ")}`,
    ...(task !== undefined
      ? taskChanges(task, name)
      : [`redeploy the service ${cluster}/${service} with it; where that does worse, put ${name} back`]),
  ];
}

function mirrorChanges({ copy, importIntoCache }: Substitute): readonly string[] {
  if (copy !== undefined) {
    const platforms =
      copy.platforms === undefined ? "" : ` for ${copy.platforms.map(printPlatform).join(" and ")}`;
    return [`copy ${copy.source}${platforms} into ${repositoryOf(copy.target)}`];
  }
  return importIntoCache === undefined
    ? []
    : [`have ECR fetch ${importIntoCache.upstream} into ${repositoryOf(importIntoCache.target)}`];
}

/** The repository and the trusted bytes: a copy's own digest is known only once it is made. */
function imageChange({ image, containers, trusted, substitute }: ImagePlan): readonly string[] {
  if (substitute === undefined) return [];
  const { candidate, proof, digest } = substitute;
  const meant = trusted?.digest ?? digest;
  const bytes = meant === undefined ? proof : `${proof} as ${meant}`;
  const names = containers.join(", ");
  return candidate.secret === undefined
    ? [`${names} runs ${repositoryOf(candidate.image)} in place of ${image} (${bytes})`]
    : [`${names} keeps ${image} and signs in with ${candidate.secret} (${bytes})`];
}

function taskChanges(
  { action, targets, taskArn }: NonNullable<Survey["task"]>,
  former: string,
): readonly string[] {
  const moves = action === "move" || action === "move-and-run";
  const pinned = moves ? targets.filter(({ taskDefinition }) => isPinned(taskDefinition)) : [];
  return [
    ...pinned.map((target) => `point ${targetName(target)} at it, where it is still at ${former}`),
    ...(action === "run" || action === "move-and-run"
      ? [`run the task ${taskArn.slice(taskArn.lastIndexOf("/") + 1)} once more with it`]
      : []),
  ];
}
