/**
 * A copy in parts: for a caller who may be cut off between any two of them, and who remembers what each has done.
 *
 * Reading is what a limit counts, so what was read is handed out to be kept, and taken back by a later process that
 * then asks for none of it again. The last part is the whole copy over all that is known: it names what has come,
 * and brings whatever was lost meanwhile.
 */

import type { Digest } from "../image/digest.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "./copy.ts";
import { copyAll, readCopy } from "./copy-all.ts";
import { type BlobOutcome, CopyMemory, type CopyPlace } from "./copy-memory.ts";
import { CopyRun } from "./copy-run.ts";
import { blobsNamedBy } from "./image-tree.ts";
import type { Descriptor } from "./manifest.ts";
import type { Manifest } from "./registry.ts";

export type CopyInParts = {
  /** Blobs at once that both sides can bear. */
  readonly atOnce: number;
  /** Fetches manifests, a few dozen at most, and hands out those that are not among what was kept. */
  read(kept: readonly Manifest[], signal?: AbortSignal): Promise<CopyReading>;
  /** Moves blobs, one after the other; as many as `atOnce` of these may go on side by side. */
  move(blobs: readonly Descriptor[], signal?: AbortSignal): Promise<readonly BlobOutcome[]>;
  /** Names what has come. What is missing at the target, whatever was said of it, is brought first. */
  finish(kept: readonly Manifest[], brought: Brought, signal?: AbortSignal): Promise<CopyResult>;
};

export type Brought = ReadonlyMap<Digest, BlobOutcome>;

export type CopyReading =
  /** The target has it. */
  | { readonly kind: "present"; readonly result: CopyResult }
  | { readonly kind: "read"; readonly manifests: readonly Manifest[]; readonly isWhole: boolean };

/** Fetched in one part: what is lost where a process dies before it could keep them. */
const MANIFESTS_A_PART = 32;

export function copyInParts(
  request: CopyRequest,
  place: CopyPlace,
  { onPlan, onProgress }: Omit<CopyOptions, "signal"> = {},
): CopyInParts {
  const memory = new CopyMemory(request, place.registries);
  const recall = (kept: readonly Manifest[]): void => {
    for (const manifest of kept) memory.fetched.set(manifest.digest, manifest);
  };
  const begin = (signal: AbortSignal | undefined, concurrency = place.concurrency): CopyRun =>
    new CopyRun(
      request,
      { ...(onProgress === undefined ? {} : { onProgress }), ...(signal === undefined ? {} : { signal }) },
      { ...place, concurrency },
      memory,
    );

  const tellPlan = (): void => {
    const blobs = blobsNamedBy([...memory.fetched.values()]);
    const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
    const digest = memory.root ?? request.source.digest;
    if (digest !== undefined) onPlan?.({ digest, blobs: blobs.length, bytes });
  };

  return {
    atOnce: place.concurrency,

    async read(kept, signal) {
      recall(kept);
      memory.fetchedMax = memory.fetched.size + MANIFESTS_A_PART;
      const run = begin(signal);
      try {
        const read = await readCopy(run);
        if (!("finish" in read)) return { kind: "present", result: read };
        const known = new Set(kept.map(({ digest }) => digest));
        const manifests = [...memory.fetched.values()].filter(({ digest }) => !known.has(digest));
        if (read.isWhole) tellPlan();
        return { kind: "read", manifests, isWhole: read.isWhole };
      } catch (error) {
        throw run.signal.aborted ? run.aborted(run.signal.reason) : error;
      } finally {
        memory.fetchedMax = Number.POSITIVE_INFINITY;
      }
    },

    async move(blobs, signal) {
      const [first] = blobs;
      if (first === undefined) return [];
      const run = begin(signal, 1);
      try {
        await run.moveBlobs({ root: first.digest, blobs });
      } catch (error) {
        throw run.signal.aborted ? run.aborted(run.signal.reason) : error;
      }
      return blobs.map(({ digest }) => memory.outcomeOf(digest) ?? "skipped");
    },

    async finish(kept, brought, signal) {
      recall(kept);
      for (const blob of blobsNamedBy(kept)) {
        const outcome = brought.get(blob.digest);
        if (outcome !== undefined) memory.settle(blob, outcome);
      }
      return await copyAll(begin(signal));
    },
  };
}
