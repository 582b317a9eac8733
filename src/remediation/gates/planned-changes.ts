/**
 * A plan as the list of changes that it will make, each with a sentence and a hash.
 *
 * The sentence is what a person reads before they approve it; the hash is what their approval covers: everything that
 * would make it another change, and nothing that varies by itself, such as how many pulls are left.
 */

import { createHash } from "node:crypto";
import { shortRevision } from "../../ecs/arn.ts";
import { isPinned } from "../../ecs/schedule/scheduled-target.ts";
import { printPlatform } from "../../image/platform.ts";
import { repositoryOf } from "../../image/reference.ts";
import { needsExecutionRole } from "../../substitution/needs-execution-role.ts";
import type { ImagePlan, Substitute } from "../../substitution/plan-types.ts";

import { targetName } from "../ports/schedules.ts";
import type { Survey } from "../survey/types.ts";

export type PlannedChange = { readonly sentence: string; readonly hash: string };

export function plannedChanges(surveyed: Survey, images: readonly ImagePlan[]): readonly PlannedChange[] {
  const { clusterArn, service, failingRevision, task, executionRole } = surveyed;
  const name = shortRevision(failingRevision);
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  const changed = images.flatMap(imageChange);
  const role = images.some(needsExecutionRole) ? executionRole : undefined;
  const withRole = role === undefined ? "" : `; its tasks get the execution role ${role}`;
  const base = { clusterArn, service, failingRevision };
  return [
    ...images.flatMap(({ substitute }) => (substitute === undefined ? [] : mirrorChanges(substitute))),
    change(
      `register a revision of ${name} in which ${changed.map(({ words }) => words).join("; ")}${withRole}`,
      { kind: "register", ...base, role, images: changed.map(({ identity }) => identity) },
    ),
    ...(task !== undefined
      ? taskChanges(task, failingRevision)
      : [
          change(
            `redeploy the service ${cluster}/${service} with it; if its tasks fail, deploy ${name} again`,
            { kind: "redeploy", ...base },
          ),
        ]),
  ];
}

function change(sentence: string, identity: object): PlannedChange {
  const hash = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
  return { sentence, hash };
}

function mirrorChanges({ copy, importIntoCache }: Substitute): readonly PlannedChange[] {
  if (copy !== undefined) {
    const platforms = copy.platforms?.map(printPlatform);
    const words = platforms === undefined ? "" : ` for ${platforms.join(" and ")}`;
    const { source, anonymous } = copy;
    const target = repositoryOf(copy.target);
    const identity = { kind: "copy", source, target, platforms, anonymous };
    return [change(`copy ${source}${words} into ${target}`, identity)];
  }
  if (importIntoCache === undefined) return [];
  const target = repositoryOf(importIntoCache.target);
  const { upstream } = importIntoCache;
  return [change(`have ECR fetch ${upstream} into ${target}`, { kind: "fill-cache", upstream, target })];
}

/** The repository and the trusted bytes: a copy's own digest is known only once it is made. */
function imageChange({ image, containers, trusted, substitute }: ImagePlan) {
  if (substitute === undefined) return [];
  const { candidate, proof, digest } = substitute;
  const meant = trusted?.digest ?? digest;
  const bytes = meant === undefined ? proof : `${proof} as ${meant}`;
  const names = containers.join(", ");
  const { secret } = candidate;
  const repository = secret === undefined ? repositoryOf(candidate.image) : undefined;
  const words =
    repository === undefined
      ? `${names} keeps ${image} and signs in with ${secret} (${bytes})`
      : `${names} runs ${repository} in place of ${image} (${bytes})`;
  return [{ words, identity: { containers, image, repository, secret, proof, meant } }];
}

function taskChanges(
  { action, targets, taskArn }: NonNullable<Survey["task"]>,
  failingRevision: string,
): readonly PlannedChange[] {
  const name = shortRevision(failingRevision);
  const moves = action === "move" || action === "move-and-run";
  const pinned = moves ? targets.filter(({ taskDefinition }) => isPinned(taskDefinition)) : [];
  const repoints = pinned.map((target) => {
    const sentence = `point ${targetName(target)} at it, where it is still at ${name}`;
    return change(sentence, { kind: "repoint", target: targetName(target), failingRevision });
  });
  if (action !== "run" && action !== "move-and-run") return repoints;
  const id = taskArn.slice(taskArn.lastIndexOf("/") + 1);
  return [
    ...repoints,
    change(`run the task ${id} once more with it`, { kind: "run", taskArn, failingRevision }),
  ];
}
