/**
 * What was tried before for the same image of the same service, read from where the truth is: the service's deployments.
 *
 * A substitute that did not last is tried again a little later and once, not for ever; and what a later deploy brings
 * back is replaced again, and said, but not fought over. A tag that has moved since means another image: nothing of it
 * has been tried. A family's newest revisions would not do: neighbours that share it push a service's own out of sight,
 * and anyone may register one with our tags.
 */

import { parseRevision, sameRevision, shortRevision } from "../../ecs/arn.ts";
import { getMoment } from "../../ecs/json-fields.ts";
import {
  type ProvenanceTags,
  parseTags,
  type SubstitutedImage,
  serviceTag,
  wholeRevision,
} from "../../ecs/task-definition/provenance-tags.ts";
import type { Tag } from "../../ecs/task-definition/tag.ts";
import type { ImageFacts } from "../../substitution/plan-types.ts";
import { isOrder } from "../detect/execution-names.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";

export type RecentSubstitutions = {
  /** Substitutes that other executions made in place of this very revision in the last hours. */
  readonly sameRevision6h: number;
  /** The same within a day. */
  readonly sameRevision24h: number;
  /** Those that they made for the same images in place of other revisions. */
  readonly otherRevisions6h: number;
  /** Since the youngest of those that replaced this very revision: the service has come back to it. */
  readonly minutesSinceReverted?: number;
  /** A substitute that was in place when a later deploy wrote the former image again. */
  readonly revertedSubstitute?: string;
  /** The newest foreign revision that was registered since the failing one: the service does not run it. */
  readonly newer?: string;
  /** When the guard that these tries are counted for lets another one be made, in milliseconds since the epoch. */
  readonly until?: number;
};

export const NO_RECENT_SUBSTITUTIONS: RecentSubstitutions = {
  sameRevision6h: 0,
  sameRevision24h: 0,
  otherRevisions6h: 0,
};

/** As many hours as Docker Hub counts its pulls. */
const LOOP_GUARD_HOURS = 6;
const SUBSTITUTIONS_PER_6H_MAX = 2;
/** What has failed twice in each of two windows fails for another reason than a window. */
const SUBSTITUTIONS_PER_DAY_MAX = 4;
const DAY_HOURS = 24;
/** Each is a new deployment, and may be healed; but a pipeline that deploys for ever is not answered for ever. */
const DEPLOYMENTS_PER_6H_MAX = 6;
const REVERTED_WITHIN_MINUTES = 60;

const REVISIONS_SEEN = 10;
/** A service that is deployed more often in a day has other cares; the newest of them hold the guard. */
const DEPLOYMENTS_MAX = 100;

/** Why nothing more is tried for now; undefined where something is. */
export function loopGuardReason(recent: RecentSubstitutions, former: string): string | undefined {
  const { sameRevision6h, sameRevision24h, otherRevisions6h, minutesSinceReverted } = recent;
  if (sameRevision6h >= SUBSTITUTIONS_PER_6H_MAX)
    return `${sameRevision6h} substitutes for ${shortRevision(former)} did not last within ${LOOP_GUARD_HOURS} hours: Repull tries no other until they are over`;
  if (sameRevision24h >= SUBSTITUTIONS_PER_DAY_MAX)
    return `${sameRevision24h} substitutes for ${shortRevision(former)} did not last within a day: Repull tries no other until it is over`;
  if (otherRevisions6h >= DEPLOYMENTS_PER_6H_MAX)
    return `${otherRevisions6h} substitutes were replaced by later deployments within ${LOOP_GUARD_HOURS} hours: Repull tries no other until they are over`;
  if (minutesSinceReverted !== undefined && minutesSinceReverted < REVERTED_WITHIN_MINUTES) {
    return `the service came back to ${shortRevision(former)} after a substitute made ${minutesSinceReverted} minutes ago: Repull tries no other within the hour`;
  }
  return undefined;
}

/** How long until another may be tried, where only the guard blocks it: a circuit breaker may have stopped ECS meanwhile. */
export function loopGuardWaitSeconds(recent: RecentSubstitutions): number | undefined {
  const { sameRevision6h, sameRevision24h, otherRevisions6h, minutesSinceReverted } = recent;
  const isEnough =
    sameRevision6h >= SUBSTITUTIONS_PER_6H_MAX ||
    sameRevision24h >= SUBSTITUTIONS_PER_DAY_MAX ||
    otherRevisions6h >= DEPLOYMENTS_PER_6H_MAX;
  if (isEnough || minutesSinceReverted === undefined) return undefined;
  return minutesSinceReverted < REVERTED_WITHIN_MINUTES
    ? (REVERTED_WITHIN_MINUTES - minutesSinceReverted) * 60
    : undefined;
}

type Wanted = {
  readonly clusterArn: string;
  readonly service: string;
  readonly family: string;
  /** The failing revision, and its tags. */
  readonly former: string;
  readonly tags: readonly Tag[];
  readonly images: readonly ImageFacts[];
  readonly execution: string;
};

/** A substitute of ours, and when it was deployed or, where deployments cannot be read, registered. */
type RecentSubstitution = { readonly arn: string; readonly marker: ProvenanceTags; readonly at: number };

/** Looks through the deployments of the last day. */
export async function countRecentSubstitutions(
  { clusterArn, service, family, former, tags: ownTags, images, execution }: Wanted,
  { ecs, clock }: Pick<Ports, "ecs" | "clock">,
): Promise<RecentSubstitutions> {
  const failing = images.filter((one) => one.failing);
  const own = serviceTag(clusterArn, service);
  const concerns = ({ marker }: RecentSubstitution): boolean =>
    // Other attempts at the same deployment are one with this one.
    attemptless(marker.execution) !== attemptless(execution) &&
    // What an operator has ordered stood in for nothing.
    !isOrder(marker.execution) &&
    marker.service === own &&
    marker.images.some((marked) => failing.some((now) => isSameImage(marked, now)));

  const newest = await ecs.newestRevisions(family, REVISIONS_SEEN, former);
  const newer = newest.find(({ arn, tags }) => parseTags(tags) === undefined && isYounger(arn, former));
  const since = clock.now() - DAY_HOURS * 3_600_000;
  const tried = (await substitutionsSince(since, { clusterArn, service, family }, ecs)).filter(concerns);

  const same = tried.length === 0 ? [former] : await copiedFrom(former, ownTags, ecs);

  let count = 0;
  let ofDay = 0;
  let ofOthers = 0;
  let cameBackMinutes: number | undefined;
  const [inPlace, ofOther]: [number[], number[]] = [[], []];
  let broughtBack: string | undefined;
  for (const { arn, marker, at } of tried) {
    const minutes = Math.max(0, Math.floor((clock.now() - at) / 60_000));
    const isInPlaceOfIt = same.some(
      (one) => marker.previousRevision !== undefined && sameRevision(marker.previousRevision, one),
    );
    (isInPlaceOfIt ? inPlace : ofOther).push(at);
    if (isInPlaceOfIt) ofDay += 1;
    if (minutes >= LOOP_GUARD_HOURS * 60) continue;
    if (isInPlaceOfIt) {
      count += 1;
      cameBackMinutes ??= minutes;
    } else {
      ofOthers += 1;
      if (isYounger(former, arn)) broughtBack ??= shortRevision(arn);
    }
  }
  const until = guardUntil(inPlace, ofOther, clock.now());
  return {
    sameRevision6h: count,
    sameRevision24h: ofDay,
    otherRevisions6h: ofOthers,
    ...(cameBackMinutes === undefined ? {} : { minutesSinceReverted: cameBackMinutes }),
    ...(broughtBack === undefined ? {} : { revertedSubstitute: broughtBack }),
    ...(newer === undefined ? {} : { newer: shortRevision(newer.arn) }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Each bound holds until the try that reaches it has left its window. @param inPlace times, the newest first */
function guardUntil(inPlace: readonly number[], ofOther: readonly number[], now: number): number | undefined {
  const HOUR_MS = 3_600_000;
  const ends = [
    (inPlace[SUBSTITUTIONS_PER_6H_MAX - 1] ?? 0) + LOOP_GUARD_HOURS * HOUR_MS,
    (inPlace[SUBSTITUTIONS_PER_DAY_MAX - 1] ?? 0) + DAY_HOURS * HOUR_MS,
    (ofOther[DEPLOYMENTS_PER_6H_MAX - 1] ?? 0) + LOOP_GUARD_HOURS * HOUR_MS,
    (inPlace[0] ?? 0) + REVERTED_WITHIN_MINUTES * 60_000,
  ];
  const last = Math.max(...ends);
  return last > now ? last : undefined;
}

/** A copy of a copy is rare, of that one no more than a loop of tags. */
const COPIES_MAX = 5;

/** The failing revision and, where it is our copy of one that was deregistered, that one: the same in other clothes. */
async function copiedFrom(
  former: string,
  tags: readonly Tag[],
  { describeTaskDefinition }: Ports["ecs"],
): Promise<readonly string[]> {
  const same = [former];
  let marker = parseTags(tags);
  while (marker?.previousRevision !== undefined && marker.images.length === 0 && same.length <= COPIES_MAX) {
    const original = wholeRevision(marker.previousRevision, former);
    same.push(original);
    marker = parseTags((await describeTaskDefinition(original))?.tags ?? []);
  }
  return same;
}

type Searched = Pick<Wanted, "clusterArn" | "service" | "family">;

/** The substitutes of ours that were deployed to the service since then, the newest first, each once. */
async function substitutionsSince(
  since: number,
  searched: Searched,
  ecs: Ports["ecs"],
): Promise<readonly RecentSubstitution[]> {
  try {
    return await deployedSince(since, searched, ecs);
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === "throttled") throw error;
    // Better a guard that can be pushed out of sight than none.
    return await registeredSince(since, searched, ecs);
  }
}

async function deployedSince(
  since: number,
  { clusterArn, service }: Searched,
  ecs: Ports["ecs"],
): Promise<readonly RecentSubstitution[]> {
  const recent = (await ecs.listServiceDeployments(clusterArn, service))
    .filter(({ createdAt }) => createdAt > since)
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .slice(0, DEPLOYMENTS_MAX);
  const arns = [...new Set(recent.flatMap(({ revision }) => revision ?? []))];
  const revisions = arns.length === 0 ? [] : await ecs.describeServiceRevisions(arns);
  const deployedAt = new Map<string, number>();
  for (const { revision, createdAt } of recent) {
    const found = revisions.find(({ arn }) => arn === revision)?.taskDefinition;
    if (found !== undefined && !deployedAt.has(found)) deployedAt.set(found, createdAt);
  }
  const tries: RecentSubstitution[] = [];
  for (const [arn, at] of deployedAt) {
    const marker = parseTags((await ecs.describeTaskDefinition(arn))?.tags ?? []);
    if (marker !== undefined) tries.push({ arn, marker, at });
  }
  return tries;
}

async function registeredSince(
  since: number,
  { family }: Searched,
  ecs: Ports["ecs"],
): Promise<readonly RecentSubstitution[]> {
  const tries: RecentSubstitution[] = [];
  for (const { arn, tags } of await ecs.newestRevisions(family, REVISIONS_SEEN)) {
    const marker = parseTags(tags);
    if (marker === undefined) continue;
    // What cannot be read is as old as can be.
    const at = getMoment((await ecs.describeTaskDefinition(arn))?.taskDefinition ?? {}, "registeredAt") ?? 0;
    if (at > since) tries.push({ arn, marker, at });
  }
  return tries;
}

/** By the source's reference and, as far as both times have it, by what it meant: an index, or its part for the tasks. */
function isSameImage(marked: SubstitutedImage, { image, trusted }: ImageFacts): boolean {
  if (marked.image !== image) return false;
  if (trusted === undefined || marked.trusted === undefined) return true;
  return trusted.digest === marked.trusted || trusted.digest === marked.digest;
}

/** `r-5d41…-2` without the attempt. */
function attemptless(execution: string): string {
  return execution.replace(/-\d+$/, "");
}

function isYounger(one: string, other: string): boolean {
  const [a, b] = [parseRevision(one), parseRevision(other)];
  return a !== undefined && b !== undefined && a.family === b.family && a.revision > b.revision;
}
