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
import {
  containersOf,
  type DescribedTaskDefinition,
  reviseTaskDefinition,
} from "../../ecs/task-definition/task-definition.ts";
import { parseReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import type { Ports } from "../ports/ports.ts";
import type { Superseded, Survey } from "../survey/types.ts";

const REVISIONS_SEEN = 5;

export type RegisterResult =
  | {
      readonly kind: "registered";
      readonly arn: string;
      /** The revision to go back to, where the one that is replaced names a tag that means other bytes by now. */
      readonly wayBack?: string;
    }
  | Superseded;

/** The images that a plan writes, by container. */
function imagesByContainer(images: readonly ImagePlan[]): ReadonlyMap<string, string> {
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
  survey: Survey,
  images: readonly ImagePlan[],
  execution: string,
  ports: Ports,
): Promise<RegisterResult> {
  const { clusterArn, failingRevision, service, executionRole, task } = survey;
  const described = await ports.ecs.describeTaskDefinition(failingRevision);
  if (described === undefined)
    return { kind: "superseded", because: { code: "revision-deleted", revision: failingRevision } };
  const madeFrom = (previous: string, marked: readonly SubstitutedImage[]) =>
    toTags({
      execution,
      previousRevision: shortRevision(previous),
      ...(task === undefined
        ? { service: serviceTag(clusterArn, service) }
        : optional("schedule", task.schedule)),
      images: [...marked, ...keptMarks(described, images)],
    });
  const role = executionRole !== undefined && images.some(needsRole) ? { executionRole } : {};
  const register = (revision: JsonObject) => registerOnce(revision, survey, execution, ports);
  const back = wayBackOf(images);
  const wayBack =
    back.size === 0
      ? undefined
      : await register(
          reviseTaskDefinition(described, {
            images: back,
            ...role,
            provenance: madeFrom(failingRevision, marksOfWayBack(images)),
          }),
        );
  const arn = await register(
    reviseTaskDefinition(described, {
      images: imagesByContainer(images),
      secrets: secretsByContainer(images),
      ...role,
      provenance: madeFrom(wayBack ?? failingRevision, taggedImages(images)),
    }),
  );
  return { kind: "registered", arn, ...optional("wayBack", wayBack) };
}

async function registerOnce(
  revision: JsonObject,
  { failingRevision, family, task }: Survey,
  execution: string,
  ports: Ports,
): Promise<string> {
  // Many tasks of one revision may fail: what was registered for the first will do for all.
  const anyValue = task === undefined ? [] : [EXECUTION_TAG];
  // It is younger than what it replaces.
  const younger = await ports.ecs.newestRevisions(family, REVISIONS_SEEN, failingRevision);
  for (const { arn, tags } of younger) {
    if (parseTags(tags) === undefined) continue;
    const known = await ports.ecs.describeTaskDefinition(arn);
    if (known !== undefined && isSameDefinition(known, revision, anyValue)) return arn;
  }
  const arn = await ports.ecs.registerTaskDefinition(revision);
  ports.log.info("revision registered", { former: failingRevision, revision: arn, execution });
  return arn;
}

/** What runs before an order, by container: named by its digest, because its tag means other bytes by now. */
function wayBackOf(images: readonly ImagePlan[]): ReadonlyMap<string, string> {
  return new Map(
    images.flatMap(({ containers, ordered }) =>
      ordered?.wayBack === undefined
        ? []
        : containers.map((name) => [name, ordered.wayBack?.image ?? ""] as const),
    ),
  );
}

function marksOfWayBack(images: readonly ImagePlan[]): readonly SubstitutedImage[] {
  return images.flatMap(({ ordered }) =>
    ordered?.wayBack === undefined ? [] : [{ image: ordered.writtenAs, digest: ordered.wayBack.digest }],
  );
}

/** An order leaves the other containers of a revision of ours as they are, and so what is known of their images. */
function keptMarks(
  { taskDefinition, tags }: DescribedTaskDefinition,
  images: readonly ImagePlan[],
): readonly SubstitutedImage[] {
  if (images.every(({ ordered }) => ordered === undefined)) return [];
  const changed = new Set(images.flatMap(({ containers }) => containers));
  const kept = containersOf(taskDefinition).filter(({ name }) => !changed.has(name));
  const digests = new Set(kept.map(({ image }) => tryParseReference(image)?.digest));
  return (parseTags(tags)?.images ?? []).filter(({ digest }) => digest !== undefined && digests.has(digest));
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
  const failingFirst = images.toSorted((one, other) => Number(other.failing) - Number(one.failing));
  return failingFirst.flatMap(({ image, substitute, trusted, ordered }) => {
    const digest = tryParseReference(substitute?.writes)?.digest ?? substitute?.digest;
    if (substitute === undefined) return [];
    // Ordered bytes are what no deployment of this image meant: they are never taken for that later.
    if (ordered !== undefined) return [{ image: ordered.writtenAs, ...optional("digest", digest) }];
    return [{ image, ...optional("digest", digest), ...optional("trusted", trusted?.digest) }];
  });
}
