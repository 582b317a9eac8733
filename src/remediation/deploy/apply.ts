/**
 * The writes: a revision, then the redeployment. Each compares again before it writes, because a step runs at least once.
 */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { isFullyRunning } from "../../ecs/service/rollout-state.ts";
import { type Deployment, primaryDeployment, type Service } from "../../ecs/service/service.ts";
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
import { AwsError } from "../ports/aws-error.ts";
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
  for (const { arn, tags } of await ports.ecs.newestRevisions(family, REVISIONS_SEEN)) {
    if (parseTags(tags) === undefined) continue;
    const known = await ports.ecs.describeTaskDefinition(arn);
    if (known !== undefined && isSameDefinition(known, revision, anyValue))
      return { kind: "registered", arn };
  }
  const arn = await ports.ecs.registerTaskDefinition(revision);
  ports.log.info("revision registered", { former: failingRevision, revision: arn, execution });
  return { kind: "registered", arn };
}

/** Without an answer it may have been done all the same, or another's may have come first: the service itself tells. */
async function withoutAnswer(
  error: unknown,
  { clusterArn, service, to, from, isSeenTwice = false }: Change,
  compared: readonly string[],
  { ecs }: Pick<Ports, "ecs">,
): Promise<RedeployResult | undefined> {
  if (!(error instanceof AwsError && error.kind === "unavailable")) return undefined;
  const now = await ecs.describeService(clusterArn, service).catch(() => undefined);
  if (now === undefined) return undefined;
  if (sameRevision(now.taskDefinition, to)) return { kind: "already", deployments: now.deployments };
  if (!isSeenTwice || sameRevision(now.taskDefinition, from)) return undefined;
  // Written again over an answer of the past, ours would replace what this one has shown.
  const because = `${shortRevision(now.taskDefinition)} was deployed meanwhile`;
  const isBehind = now.deployments.some(
    ({ id, taskDefinition }) => sameRevision(taskDefinition, to) && !compared.includes(id),
  );
  return { kind: "superseded", because, ...(isBehind ? {} : { revision: now.taskDefinition }) };
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

/** `already`: the service runs the revision; the answer to an earlier write was lost. */
export type RedeployResult = Written | Superseded;

/** What is replaced is soon no longer shown: whose deployment it was, ECS's answer tells best. */
export type Written = {
  readonly kind: "redeployed" | "already";
  /**
   * The deployments that ECS showed: after `redeployed` those that the comparison had not shown, ours first among them;
   * after `already` all of them.
   */
  readonly deployments: readonly Deployment[];
  /** A revision that was seen in place of ours, and is not there any more. */
  readonly foreign?: string;
};

type Change = {
  readonly clusterArn: string;
  readonly service: string;
  readonly to: string;
  readonly from: string;
  readonly deploymentId?: string;
  /** The deployment that failed: to replace that one is what was asked for, though the survey saw an older one. */
  readonly failing?: string | undefined;
  /** What runs whole by now, after whatever wait, needs no healing. */
  readonly heals?: boolean;
  /** Another revision in place of ours is looked at a second time, before it is believed. */
  readonly isSeenTwice?: boolean;
};

/** What keeps from a write, or that it is done; `same`: the service is what the survey saw. */
export async function compareService(
  { clusterArn, service: name, to, from, deploymentId, failing, heals = false }: Change,
  { ecs }: Pick<Ports, "ecs">,
): Promise<RedeployResult | { readonly kind: "same"; readonly service: Service }> {
  const service = await ecs.describeService(clusterArn, name);
  if (service === undefined || service.status !== "ACTIVE")
    return { kind: "superseded", because: `the service ${name} was deleted meanwhile` };
  if (sameRevision(service.taskDefinition, to)) return { kind: "already", deployments: service.deployments };
  if (!sameRevision(service.taskDefinition, from)) {
    const because = `${shortRevision(service.taskDefinition)} was deployed meanwhile`;
    return { kind: "superseded", because, revision: service.taskDefinition };
  }
  const primary = primaryDeployment(service);
  const isAnother = primary !== undefined && primary.id !== deploymentId && primary.id !== failing;
  if (deploymentId !== undefined && isAnother)
    return {
      kind: "superseded",
      because: `${shortRevision(from)} was deployed anew meanwhile (${primary.id})`,
    };
  if (heals && isFullyRunning(service))
    return {
      kind: "superseded",
      because: `all tasks of ${service.name} run ${shortRevision(from)} now`,
      whole: true,
    };
  return { kind: "same", service };
}

/**
 * Points the service at a revision, unless another deployment came since it was looked at.
 *
 * `from` is what it must still run, by revision and, where known, by deployment.
 */
export async function redeployRevision(
  change: Change,
  ports: Pick<Ports, "ecs" | "log">,
): Promise<RedeployResult> {
  const { clusterArn, to, from } = change;
  const found = await compareService(change, ports);
  if (found.kind !== "same") return found;
  const { service } = found;
  const compared = service.deployments.map(({ id }) => id);
  let shown: readonly Deployment[];
  try {
    shown = await ports.ecs.updateService(clusterArn, change.service, to);
  } catch (error) {
    // A controller that takes no revision from us will not take one at the next attempt either.
    if (error instanceof AwsError && error.kind === "conflict")
      return { kind: "superseded", because: error.message };
    const told = await withoutAnswer(error, change, compared, ports);
    if (told === undefined) throw error;
    return told;
  }
  ports.log.info("service redeployed", { serviceArn: service.arn, from, to });
  return { kind: "redeployed", deployments: shown.filter(({ id }) => !compared.includes(id)) };
}
