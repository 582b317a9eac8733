/**
 * The blobs of one copy: which of them the target has, which are moved, and how many of each there were.
 *
 * What a copy has brought itself is there. What the target only said to hold may have to be brought after all.
 */

import type { Digest } from "../../../image/digest.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { forEachConcurrently } from "../../../runtime/for-each-concurrently.ts";
import type { Descriptor } from "../../client/manifest.ts";
import type { Repository } from "../../client/repository/repository.ts";
import { withSide } from "../copy-error.ts";
import type { ManifestGraph } from "../manifest-graph.ts";
import type { CopyOptions, CopyProgress, CopyResult } from "../types.ts";
import { transferBlob } from "./transfer-blob.ts";

/** How a blob came to be at the target. */
type BlobOutcome = "moved" | "skipped" | "mounted";

export type CopyStats = Pick<
  CopyResult,
  "bytesMoved" | "bytesSkipped" | "blobsMoved" | "blobsSkipped" | "blobsMounted"
>;

type Between = {
  readonly source: Repository;
  readonly target: Repository;
  /** A repository of the target's registry that may hold the same blobs. */
  readonly mountFrom: string | undefined;
  readonly clock: Clock;
  /** Blobs at once. */
  readonly concurrency: number;
};

/** Up to here an upload too many costs as little as the question that would have spared it. */
const ASKING_COSTS_BYTES = 64 * 1024;

export class CopyBlobs {
  readonly #between: Between;
  readonly #options: Pick<CopyOptions, "onPlan" | "onProgress">;
  readonly #signal: AbortSignal;
  /** Bytes that are here already. */
  readonly #bytes = new Map<Digest, Uint8Array>();
  readonly #settled = new Map<Digest, { readonly size: number; readonly outcome: BlobOutcome }>();
  #due: readonly Descriptor[] = [];
  /** Whether the target's word is taken for a mount. */
  #mounts = true;

  constructor(between: Between, options: Pick<CopyOptions, "onPlan" | "onProgress">, signal: AbortSignal) {
    this.#between = between;
    this.#options = options;
    this.#signal = signal;
  }

  /** Blobs that are at the target now; what was mounted was skipped as well, as far as bytes go. */
  get tally(): CopyStats {
    const tally = { bytesMoved: 0, bytesSkipped: 0, blobsMoved: 0, blobsSkipped: 0, blobsMounted: 0 };
    for (const { size, outcome } of this.#settled.values()) {
      tally[BLOBS[outcome]] += 1;
      tally[outcome === "moved" ? "bytesMoved" : "bytesSkipped"] += size;
    }
    return tally;
  }

  /** What was begun and has not come. */
  get left(): readonly Descriptor[] {
    return this.#due.filter(({ digest }) => !this.#settled.has(digest));
  }

  /** Keeps bytes at hand that a blob would otherwise be fetched for. */
  remember(digest: Digest, bytes: Uint8Array): void {
    this.#bytes.set(digest, bytes);
  }

  /** Forgets what was taken on the target's word, and mounts no more; what this copy has brought there itself is there. */
  distrustTarget(): void {
    this.#mounts = false;
    for (const [digest, { outcome }] of this.#settled) if (outcome !== "moved") this.#settled.delete(digest);
  }

  /** Moves what a tree needs, the biggest first, and reports its progress. */
  async move(tree: Pick<ManifestGraph, "root" | "blobs">, asksTarget: boolean): Promise<void> {
    this.#due = tree.blobs;
    for (const { digest, data } of tree.blobs) if (data !== undefined) this.remember(digest, data);
    const bytes = tree.blobs.reduce((sum, { size }) => sum + size, 0);
    this.#options.onPlan?.({ digest: tree.root, blobs: tree.blobs.length, bytes });
    const todo = tree.blobs.filter(({ digest }) => !this.#settled.has(digest));
    const { concurrency } = this.#between;
    const first = asksTarget ? todo.slice(0, concurrency) : [];
    const asked = new FirstAnswers(first);
    await forEachConcurrently(
      todo,
      concurrency,
      async (blob, signal) => {
        if (!asked.includes(blob)) {
          // An attempt that was cut off began with the same blobs: where it has left none of them, it has left none.
          const isWorthAsking = asksTarget && (blob.size > ASKING_COSTS_BYTES || (await asked.somePresent()));
          await this.#moveOne(blob, isWorthAsking, signal);
        } else if (await asked.tell(this.#isPresent(blob, signal))) this.#skip(blob);
        else await this.#moveOne(blob, false, signal);
      },
      this.#signal,
    );
  }

  /** Moves a blob that is not part of the image, and is not counted with it. */
  async pushAuxiliaryBlob(blob: Descriptor, asksTarget: boolean): Promise<void> {
    await transferBlob(this.#route(asksTarget), blob, this.#signal);
  }

  #isPresent({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    return withSide("target", digest, this.#between.target.hasBlob(digest, signal));
  }

  #skip(blob: Descriptor): void {
    const { digest, size } = blob;
    this.#settled.set(digest, { size, outcome: "skipped" });
    this.#options.onProgress?.({ blob: digest, state: "skipped", bytesDone: size, bytesAll: size });
  }

  async #moveOne(blob: Descriptor, askTarget: boolean, signal: AbortSignal): Promise<void> {
    const { onProgress } = this.#options;
    const { digest, size } = blob;
    let bytesDone = 0;
    const tell = (state: CopyProgress["state"]): void =>
      onProgress?.({ blob: digest, state, bytesDone, bytesAll: size });
    const onBytes = (bytes: number): void => {
      bytesDone += bytes;
      tell("moving");
    };
    tell("started");
    const route = this.#route(askTarget, onProgress === undefined ? undefined : onBytes);
    const outcome = await transferBlob(route, blob, signal);
    bytesDone = size;
    this.#settled.set(digest, { size, outcome });
    tell(outcome === "moved" ? "done" : outcome);
  }

  #route(askTarget: boolean, onBytes?: (bytes: number) => void): Parameters<typeof transferBlob>[0] {
    const { source, target, clock, mountFrom } = this.#between;
    return {
      source,
      target,
      clock,
      askTarget,
      mountFrom: this.#mounts ? mountFrom : undefined,
      bytesOf: (digest) => this.#bytes.get(digest),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
  }
}

/** What the target says of the blobs that begin a copy: all of them are asked for at once, and each is moved as soon as it may. */
class FirstAnswers {
  readonly #blobs: ReadonlySet<Descriptor>;
  readonly #all = Promise.withResolvers<void>();
  #due: number;
  #present = 0;

  constructor(blobs: readonly Descriptor[]) {
    this.#blobs = new Set(blobs);
    this.#due = blobs.length;
    if (blobs.length === 0) this.#all.resolve();
  }

  includes(blob: Descriptor): boolean {
    return this.#blobs.has(blob);
  }

  /** Counts an answer, and gives it on. A question that fails has no answer, and nothing waits for one. */
  async tell(answer: Promise<boolean>): Promise<boolean> {
    try {
      const isPresent = await answer;
      if (isPresent) this.#present += 1;
      return isPresent;
    } finally {
      this.#due -= 1;
      if (this.#due === 0) this.#all.resolve();
    }
  }

  /** Whether the target has one of them, once it has answered for all. */
  async somePresent(): Promise<boolean> {
    await this.#all.promise;
    return this.#present > 0;
  }
}

const BLOBS = { moved: "blobsMoved", skipped: "blobsSkipped", mounted: "blobsMounted" } as const;
