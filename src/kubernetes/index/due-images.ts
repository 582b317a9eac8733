/** Which images are to be asked for now, and in which order: what hurts most first, and what was never asked before what is renewed. */

import { printPlatform } from "../../image/platform.ts";
import type { IndexRow } from "../image-index.ts";
import type { NeededPlatforms } from "../workloads/platforms-of-nodes.ts";
import { testimonyOfCluster } from "../workloads/trusted-by-pods.ts";
import type { ImageInUse } from "./images-in-use.ts";
import { isPassing } from "./row-codes.ts";
import { isGood } from "./row-of.ts";

export type DueContext = {
  readonly rows: ReadonlyMap<string, IndexRow>;
  readonly now: number;
  readonly proofMaxAgeMs: number;
  readonly platforms: NeededPlatforms;
  /** Images of which something has become known that their rows do not say yet. */
  readonly wanted?: ReadonlySet<string>;
};

/** An answer that did not come is asked for again soon; the budget bounds how often that may be. */
const PASSING_MS = 300_000;

/** In the order of the images in use: the most exposed first. */
export function dueImages(images: readonly ImageInUse[], context: DueContext): readonly ImageInUse[] {
  return images.filter((one) => isDue(one, context));
}

function isDue(
  { image, revisions }: ImageInUse,
  { rows, now, proofMaxAgeMs, platforms, wanted }: DueContext,
): boolean {
  const row = rows.get(image);
  if (row === undefined || !isGood(row, now)) return true;
  if (row.use === undefined && wanted?.has(image)) return true;
  if (
    platforms.kind === "known" &&
    platforms.platforms.some((one) => !row.platforms.includes(printPlatform(one)))
  )
    return true;
  const age = now - Date.parse(row.askedAt);
  // Renewed at half of its age, so that a bad hour of a registry expires nothing.
  if (row.use !== undefined) return age >= proofMaxAgeMs / 2 || contradicts(row, revisions, image);
  if (contradicts(row, revisions, image)) return age >= MOVED_MS;
  return age >= ((row.codes ?? []).some(isPassing) ? PASSING_MS : proofMaxAgeMs / 4);
}

const MOVED_MS = 60_000;

/** The pods have begun to say something else since. */
function contradicts(row: IndexRow, revisions: ImageInUse["revisions"], image: string): boolean {
  const { testimony, others } = testimonyOfCluster(revisions, image);
  if (testimony.kind === "unknown") return row.use !== undefined;
  return others !== undefined && row.trusted !== undefined && others !== row.trusted.digest;
}
