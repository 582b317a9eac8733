/**
 * One copy as durable steps: `manifests` once, then `copy 1`, `copy 2` and so on until the image is there.
 *
 * Every `copy N` is the whole copy over all that has come: the target reports which blobs it has, and the manifests are in the
 * record, so that no pull is counted twice. docs/decisions/copy-in-steps.md.
 */

import type { Digest } from "../../image/digest.ts";
import type { Manifest } from "../../oci/client/types.ts";
import { packManifests, unpackManifests } from "../../oci/copy/manifest-checkpoint.ts";
import { blobsOfManifests } from "../../oci/copy/manifest-graph.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "../../oci/copy/types.ts";
import type { Steps } from "../../runtime/steps.ts";
import type { Copier } from "../ports/ports.ts";
import type { CopyRejected } from "./copy-quota.ts";

export type CheckpointedCopyResult = { readonly kind: "copied"; readonly result: CopyResult } | CopyRejected;

/** One copy, and what its steps run by. */
export type CheckpointedCopy = {
  readonly copier: Copier;
  readonly request: CopyRequest;
  /** Runs work with a signal that aborts shortly before the invocation ends. */
  readonly inTime: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** False: what is left of this invocation is not worth beginning. */
  readonly hasTime: () => boolean;
  /** What asking again cannot cure, as a value; undefined: it may pass. */
  readonly refusalOf: (error: unknown) => CopyRejected | undefined;
  /** Asked once it is known how many bytes there are; its refusal is how the copy ends. */
  readonly acquireBytes: (bytes: number) => Promise<CopyRejected | undefined>;
};

/** How often a step that brings nothing but an error is tried. */
const SHORT_RETRY = { attempts: 4 };
/** More invocations than an execution has time for, and 3 MB of manifests: both are part of an execution's bounded history. */
const COPIES_MAX = 100;
const READINGS_MAX = 16;
/** Longer than a checkpoint may take: a wait that is over before the engine has ended the invocation goes on in the same. */
const NEXT_SECONDS = 10;

/** Throws StepFailed where a step failed for good without having brought anything. */
export async function copyWithCheckpoints(
  copy: CheckpointedCopy,
  steps: Steps,
): Promise<CheckpointedCopyResult> {
  const read = await readInSteps(copy, steps);
  if ("kind" in read) return read;
  const { manifests, bytes } = read;
  const held = await copy.acquireBytes(bytes);
  if (held !== undefined) return held;

  // An attempt that was cut off may have left something: only the first finds the target as it was made.
  let isEmpty = copy.request.targetIsEmpty === true;
  const copyOn = async (): Promise<CopyStep> => {
    if (!copy.hasTime()) return { kind: "late" };
    const request = { ...copy.request, targetIsEmpty: isEmpty };
    isEmpty = false;
    return await copyRest({ ...copy, request }, manifests);
  };
  let bytesMoved = 0;
  let leftBefore: number | undefined;
  for (let number = 1; ; number++) {
    const ended = await steps.step(`copy ${number}`, copyOn, SHORT_RETRY);
    if (ended.kind === "copied")
      return {
        kind: "copied",
        result: { ...ended.result, bytesMoved: bytesMoved + ended.result.bytesMoved },
      };
    if (ended.kind === "refused") return ended;
    if (ended.kind === "left") {
      if (ended.left === leftBefore) return stalled(ended, "twice in a row");
      leftBefore = ended.left;
      bytesMoved += ended.bytes;
    }
    if (number === COPIES_MAX) return stalled({ left: leftBefore }, `in ${number} invocations`);
    // A wait ends the invocation: the next has all of its time.
    await steps.wait(`copy ${number}`, NEXT_SECONDS);
  }
}

type Read = { readonly manifests: Map<Digest, Manifest>; readonly bytes: number };

/** Reads the manifests. One step has those of every known image; the next one has what does not fit. */
async function readInSteps(
  { copier, request, inTime, refusalOf }: CheckpointedCopy,
  steps: Steps,
): Promise<Read | CheckpointedCopyResult> {
  /** What is in the record, and what this process knows in addition. */
  const kept = new Map<Digest, Manifest>();
  const manifests = new Map<Digest, Manifest>();
  const readMore = async (): Promise<ReadStep> => {
    let isWhole = true;
    let failure: unknown;
    try {
      const present = await inTime((signal) => copier.readManifests(request, { manifests, signal }));
      if (present !== undefined) return { kind: "copied", result: present };
    } catch (error) {
      const refused = refusalOf(error);
      if (refused !== undefined) return refused;
      isWhole = false;
      failure = error;
    }
    const fresh = [...manifests.values()].filter(({ digest }) => !kept.has(digest));
    // What was fetched until it failed is kept: nothing of it is pulled again.
    if (failure !== undefined && fresh.length === 0) throw failure;
    const { packed, isAll } = packManifests(fresh);
    return { kind: "read", packed, isWhole: isWhole && isAll };
  };
  for (let number = 1; ; number++) {
    const name = number === 1 ? "manifests" : `manifests ${number}`;
    const read = await steps.step(name, readMore, SHORT_RETRY);
    if (read.kind !== "read") return read;
    for (const manifest of unpackManifests(read.packed)) {
      kept.set(manifest.digest, manifest);
      manifests.set(manifest.digest, manifest);
    }
    // What is beyond all bounds is not kept: an invocation that needs it fetches it again.
    if (!read.isWhole && number < READINGS_MAX) continue;
    return {
      manifests,
      bytes: blobsOfManifests([...kept.values()]).reduce((sum, { size }) => sum + size, 0),
    };
  }
}

type ReadStep =
  | { readonly kind: "read"; readonly packed: string; readonly isWhole: boolean }
  | CheckpointedCopyResult;

/** `left`: the invocation is short of time, or something failed after blobs had come. */
type Left = {
  readonly kind: "left";
  /** Blobs that have not come. */
  readonly left: number;
  /** Moved in this step. */
  readonly bytes: number;
  readonly because?: string;
};
/** `late`: it began where too little of an invocation was left, and did nothing. */
type CopyStep = CheckpointedCopyResult | Left | { readonly kind: "late" };

async function copyRest(
  { copier, request, inTime, refusalOf }: CheckpointedCopy,
  manifests: Map<Digest, Manifest>,
): Promise<CopyStep> {
  let left = blobsOfManifests([...manifests.values()]).length;
  let bytes = 0;
  const watch: CopyOptions = {
    onPlan: ({ blobs }) => {
      left = blobs;
    },
    onProgress: ({ state, bytesAll }) => {
      if (state === "started" || state === "moving") return;
      left -= 1;
      if (state === "done") bytes += bytesAll;
    },
  };
  let isLate = false;
  try {
    const result = await inTime((signal) => {
      signal.addEventListener("abort", () => {
        isLate = true;
      });
      return copier.copy(request, { ...watch, manifests, signal });
    });
    return { kind: "copied", result };
  } catch (error) {
    const refused = refusalOf(error);
    if (refused !== undefined) return refused;
    if (isLate) return { kind: "left", left, bytes };
    if (bytes === 0 || !(error instanceof Error)) throw error;
    return { kind: "left", left, bytes, because: error.message };
  }
}

function stalled(
  { left, because }: { left: number | undefined; because?: string },
  when: string,
): CopyRejected {
  const blobs = left === undefined ? "blobs" : left === 1 ? "1 blob" : `${left} blobs`;
  const why = because ?? "an invocation is too short for what is left";
  return { kind: "refused", code: "copy-stalled", because: `${blobs} did not come ${when}: ${why}` };
}
