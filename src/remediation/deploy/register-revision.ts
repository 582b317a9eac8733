/**
 * The revision that a plan asks for: registered once, however often the step runs.
 *
 * One that an earlier run made is found by its tags, and believed only where it equals what would be registered.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import {
  EXECUTION_TAG,
  parseTags,
  type SubstitutedImage,
  serviceTag,
  toTags,
} from "../../ecs/task-definition/provenance-tags.ts";
import { isSameDefinition } from "../../ecs/task-definition/same-definition.ts";
import { reviseTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import { parseReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import type { Ports } from "../ports/ports.ts";
import type { Superseded, Survey } from "../survey/types.ts";

const REVISIONS_SEEN = 5;

export type RegisterResult = { readonly kind: "registered"; readonly arn: string } | Superseded;

/** The images that a plan writes, by container. */
export function imagesByContainer(images: readonly ImagePlan[]): ReadonlyMap<string, string> {
  return new Map(
    images.flatMap(({ containers, substitute }) =>
      substitute?.writes === undefined
        ? []
        : containers.map((name) => [name, substitute.writes ?? ""] as const),
    ),
  );
}

/** The secrets with which a plan has containers pull, by container. */
function secretsByContainer(images: readonly ImagePlan[]): ReadonlyMap<string, string> {
  return new Map(
    images.flatMap(({ containers, substitute }) => {
      const secret = substitute?.candidate.secret;
      return secret === undefined ? [] : containers.map((name) => [name, secret] as const);
    }),
  );
}

/**
 * Registers the revision that a plan asks for, or finds the one that an earlier run of this step registered: a revision
 * that is equal to it, member for member. Its tags alone prove nothing.
 */
export async function registerRevision(
  { clusterArn, failingRevision, family, service, executionRole, task }: Survey,
  images: readonly ImagePlan[],
  execution: string,
  ports: Ports,
): Promise<RegisterResult> {
  const described = await ports.ecs.describeTaskDefinition(failingRevision);
  if (described === undefined)
    return { kind: "superseded", because: `the task definition ${shortRevision(failingRevision)} is gone` };
  const marker = toTags({
    execution,
    previousRevision: shortRevision(failingRevision),
    ...(task === undefined
      ? { service: serviceTag(clusterArn, service) }
      : optional("schedule", task.schedule)),
    images: taggedImages(images),
  });
  const revision = reviseTaskDefinition(described, {
    images: imagesByContainer(images),
    secrets: secretsByContainer(images),
    ...(executionRole !== undefined && images.some(needsRole) ? { executionRole } : {}),
    provenance: marker,
  });
  // Many tasks of one revision may fail: what was registered for the first will do for all.
  const anyValue = task === undefined ? [] : [EXECUTION_TAG];
  // It is younger than what it replaces.
  const younger = await ports.ecs.newestRevisions(family, REVISIONS_SEEN, failingRevision);
  for (const { arn, tags } of younger) {
    if (parseTags(tags) === undefined) continue;
    const known = await ports.ecs.describeTaskDefinition(arn);
    if (known !== undefined && isSameDefinition(known, revision, anyValue))
      return { kind: "registered", arn };
  }
  const arn = await ports.ecs.registerTaskDefinition(revision);
  ports.log.info("revision registered", { former: failingRevision, revision: arn, execution });
  return { kind: "registered", arn };
}

/** What only an execution role may pull, or read. */
function needsRole({ substitute }: ImagePlan): boolean {
  if (substitute?.writes === undefined) return false;
  return (
    substitute.candidate.secret !== undefined ||
    registryOf(parseReference(substitute.writes).host).kind === "ecr"
  );
}

/** The failing ones first: where tags are few, theirs are what later attempts are counted by. */
function taggedImages(images: readonly ImagePlan[]): readonly SubstitutedImage[] {
  const ordered = images.toSorted((one, other) => Number(other.failing) - Number(one.failing));
  return ordered.flatMap(({ image, substitute, trusted }) => {
    const digest = tryParseReference(substitute?.writes)?.digest ?? substitute?.digest;
    if (substitute === undefined) return [];
    return [{ image, ...optional("digest", digest), ...optional("trusted", trusted?.digest) }];
  });
}
