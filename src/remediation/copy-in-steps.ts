/**
 * One copy as durable steps: its manifests, its blobs, its names.
 *
 * What a step has learned or brought is in the journal, so a copy that needs more than one invocation goes on where it
 * stopped: no manifest is fetched twice, and no blob that has come is asked for. docs/decisions/copy-in-steps.md.
 */

import assert from "node:assert/strict";
import type { Digest } from "../image/digest.ts";
import type { CopyResult } from "../oci/copy.ts";
import { CopyError } from "../oci/copy-error.ts";
import type { CopyInParts } from "../oci/copy-in-parts.ts";
import type { BlobOutcome } from "../oci/copy-memory.ts";
import { blobsNamedBy } from "../oci/image-tree.ts";
import { packManifests, unpackManifests } from "../oci/kept-manifests.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Manifest } from "../oci/registry.ts";
import type { Steps } from "../runtime/steps.ts";
import { blobGroups } from "./blob-groups.ts";
import type { RefusedCopy } from "./claim-copy.ts";

export type CopyEnded = { readonly kind: "copied"; readonly result: CopyResult } | RefusedCopy;

/** Runs a part until shortly before the invocation ends; a refusal comes out as a value. */
export type RunPart = <T>(part: (signal: AbortSignal) => Promise<T>) => Promise<T | RefusedCopy>;

/** How often a part that fails is tried. */
const ATTEMPTS = 4;
/** How many invocations one part may take that is only short of time. A blob that fits into none would take all of them. */
const INVOCATIONS_MAX = 20;
/** A few dozen manifests each: far more than an image may have. */
const READINGS_MAX = 100;

/**
 * Throws StepFailed where a part failed for good.
 * @param mayMove asked once it is known how many bytes there are; its refusal is how the copy ends
 */
export async function copyInSteps(
  copy: CopyInParts,
  runPart: RunPart,
  mayMove: (bytes: number) => Promise<RefusedCopy | undefined>,
  steps: Steps,
): Promise<CopyEnded> {
  const kept: Manifest[] = [];
  for (let number = 1, isWhole = false; !isWhole; number++) {
    assert(number <= READINGS_MAX, "a copy that never ends reading manifests");
    const read = await steps.step(
      `manifests ${number}`,
      () => runPart((signal) => readMore(copy, kept, signal)),
      persistent,
    );
    if (read.kind !== "read") return read;
    kept.push(...unpackManifests(read.packed));
    isWhole = read.isWhole;
  }

  const blobs = blobsNamedBy(kept);
  const held = await mayMove(blobs.reduce((sum, { size }) => sum + size, 0));
  if (held !== undefined) return held;
  const groups = blobGroups(blobs, copy.atOnce);
  const moved = await steps.each("blobs", groups, moving(copy, runPart), {
    atOnce: copy.atOnce,
    ...persistent,
  });
  const brought = new Map<Digest, BlobOutcome>();
  for (const [index, group] of groups.entries()) {
    const outcomes = moved[index] ?? [];
    if ("kind" in outcomes) return outcomes;
    for (const [place, { digest }] of group.entries()) brought.set(digest, outcomes[place] ?? "skipped");
  }

  return await steps.step(
    "names",
    () =>
      runPart(async (signal) => ({
        kind: "copied" as const,
        result: await copy.finish(kept, brought, signal),
      })),
    persistent,
  );
}

/** Moves a group of blobs. One group's refusal is the answer of those that have not begun: they would meet it too. */
function moving(
  copy: CopyInParts,
  runPart: RunPart,
): (group: readonly Descriptor[]) => Promise<readonly BlobOutcome[] | RefusedCopy> {
  let refused: RefusedCopy | undefined;
  return async (group) => {
    if (refused !== undefined) return refused;
    const moved = await runPart((signal) => copy.move(group, signal));
    if ("kind" in moved) refused = moved;
    return moved;
  };
}

type Read = { readonly kind: "read"; readonly packed: string; readonly isWhole: boolean };

async function readMore(
  copy: CopyInParts,
  kept: readonly Manifest[],
  signal: AbortSignal,
): Promise<Read | CopyEnded> {
  const reading = await copy.read(kept, signal);
  if (reading.kind === "present") return { kind: "copied", result: reading.result };
  const { packed, isAll } = packManifests(reading.manifests);
  return { kind: "read", packed, isWhole: reading.isWhole && isAll };
}

function isShortOfTime(error: unknown): boolean {
  if (error instanceof CopyError) return error.kind === "aborted";
  return error instanceof Error && error.cause !== undefined && isShortOfTime(error.cause);
}

/** What is short of time goes on where it stopped, in another invocation; what fails does not go on for ever. */
const persistent = {
  attempts: INVOCATIONS_MAX,
  retryIf: (error: unknown, attempt: number): boolean => attempt < ATTEMPTS || isShortOfTime(error),
};
