/**
 * What was tried before for the same image of the same service, read from where the truth is: the tags of revisions.
 *
 * A substitute that did not last is tried again a little later and once, not for ever; and what a later deploy brings
 * back is replaced again, and said, but not fought over. A tag that has moved since means another image: nothing of it
 * has been tried.
 */

import type { Json } from "../runtime/json.ts";
import type { ImageFacts } from "../substitution/planner.ts";
import { familyAndRevision, revisionName, sameRevision } from "../workload/arn.ts";
import { type MarkedImage, type Marker, readMarker } from "../workload/marker.ts";
import type { Ports } from "./ports.ts";

export type Tries = {
  /** Substitutes that other executions made in place of this very revision in the last hours. */
  readonly count: number;
  /** The same within a day. */
  readonly ofDay: number;
  /** Those that they made for the same images in place of other revisions. */
  readonly ofOthers: number;
  /** Since the youngest of those that stood in place of this very revision: the service has come back to it. */
  readonly cameBackMinutes?: number;
  /** A substitute that was in place when a later deploy wrote the former image again. */
  readonly broughtBack?: string;
  /** The newest revision that somebody else has registered since the failing one: the service does not run it. */
  readonly newer?: string;
};

/** As many hours as Docker Hub counts its pulls. */
export const TRIES_HOURS = 6;
export const TRIES_MAX = 2;
/** What has failed twice in each of two windows fails for another reason than a window. */
export const TRIES_OF_DAY_MAX = 4;
const DAY_HOURS = 24;
/** Each is somebody's new deploy, and may be healed; but a pipeline that deploys for ever is not answered for ever. */
export const DEPLOYS_MAX = 6;
export const CAME_BACK_MINUTES = 60;

const REVISIONS_SEEN = 10;

/** Why nothing more is tried for now; undefined where something is. */
export function whyNotAgain(tries: Tries, former: string): string | undefined {
  const { count, ofDay, ofOthers, cameBackMinutes } = tries;
  if (count >= TRIES_MAX)
    return `${count} substitutes for ${revisionName(former)} did not last within ${TRIES_HOURS} hours: no more is tried before they are over`;
  if (ofDay >= TRIES_OF_DAY_MAX)
    return `${ofDay} substitutes for ${revisionName(former)} did not last within a day: no more is tried before it is over`;
  if (ofOthers >= DEPLOYS_MAX)
    return `${ofOthers} substitutes were replaced by later deploys within ${TRIES_HOURS} hours: no more is tried before they are over`;
  if (cameBackMinutes !== undefined && cameBackMinutes < CAME_BACK_MINUTES) {
    return `the service came back to ${revisionName(former)} after a substitute made ${cameBackMinutes} minutes ago: no other is tried within the hour`;
  }
  return undefined;
}

/** How long until another may be tried, where that is all that stands in its way: a breaker may have stopped ECS meanwhile. */
export function secondsUntilAgain(tries: Tries): number | undefined {
  const { count, ofDay, ofOthers, cameBackMinutes } = tries;
  const isEnough = count >= TRIES_MAX || ofDay >= TRIES_OF_DAY_MAX || ofOthers >= DEPLOYS_MAX;
  if (isEnough || cameBackMinutes === undefined) return undefined;
  return cameBackMinutes < CAME_BACK_MINUTES ? (CAME_BACK_MINUTES - cameBackMinutes) * 60 : undefined;
}

/** Looks through the family's newest revisions. */
export async function countTries(
  {
    family,
    former,
    service,
    images,
    execution,
  }: { family: string; former: string; service: string; images: readonly ImageFacts[]; execution: string },
  { ecs, clock }: Pick<Ports, "ecs" | "clock">,
): Promise<Tries> {
  const failing = images.filter((one) => one.failing);
  const concerns = (marker: Marker): boolean =>
    // Other attempts at the same deployment are one with this one.
    attemptless(marker.execution) !== attemptless(execution) &&
    (marker.service === undefined || marker.service === service) &&
    marker.images.some((marked) => failing.some((now) => isSameImage(marked, now)));

  let count = 0;
  let ofDay = 0;
  let ofOthers = 0;
  let cameBackMinutes: number | undefined;
  let broughtBack: string | undefined;
  let newer: string | undefined;
  for (const { arn, tags } of await ecs.newestRevisions(family, REVISIONS_SEEN)) {
    const marker = readMarker(tags);
    if (marker === undefined && isYounger(arn, former)) newer ??= revisionName(arn);
    if (marker === undefined || !concerns(marker)) continue;
    const registeredAt = timeOf((await ecs.describeTaskDefinition(arn))?.taskDefinition.registeredAt);
    const minutes = Math.max(0, Math.floor((clock.now() - registeredAt) / 60_000));
    const isInPlaceOfIt = marker.former !== undefined && sameRevision(marker.former, former);
    if (isInPlaceOfIt && minutes < DAY_HOURS * 60) ofDay += 1;
    if (minutes >= TRIES_HOURS * 60) continue;
    if (isInPlaceOfIt) {
      count += 1;
      cameBackMinutes ??= minutes;
    } else {
      ofOthers += 1;
      if (isYounger(former, arn)) broughtBack ??= revisionName(arn);
    }
  }
  return {
    count,
    ofDay,
    ofOthers,
    ...(cameBackMinutes === undefined ? {} : { cameBackMinutes }),
    ...(broughtBack === undefined ? {} : { broughtBack }),
    ...(newer === undefined ? {} : { newer }),
  };
}

/** By the owner's words and, as far as both times tell, by what they meant: an index, or its part for the tasks. */
function isSameImage(marked: MarkedImage, { image, trusted }: ImageFacts): boolean {
  if (marked.image !== image) return false;
  if (trusted === undefined || marked.trusted === undefined) return true;
  return trusted.digest === marked.trusted || trusted.digest === marked.digest;
}

/** `r-5d41…-2` without the attempt. */
function attemptless(execution: string): string {
  return execution.replace(/-\d+$/, "");
}

function isYounger(one: string, other: string): boolean {
  const [a, b] = [familyAndRevision(one), familyAndRevision(other)];
  return a !== undefined && b !== undefined && a.family === b.family && a.revision > b.revision;
}

/** ECS writes seconds since the epoch; emulators also a date. What cannot be read is as old as can be. */
function timeOf(registeredAt: Json | undefined): number {
  if (typeof registeredAt === "number") return registeredAt * 1000;
  return typeof registeredAt === "string" ? Date.parse(registeredAt) || 0 : 0;
}
