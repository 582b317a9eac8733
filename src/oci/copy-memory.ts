/**
 * What a copy has learned and done: the manifests that were fetched, the blobs that have come, and who was asked.
 *
 * It outlives the parts of a copy, so that none of them asks for what another has read. A later process that is told
 * what was kept of it goes on as if it had been there.
 */

import { type Digest, digestOf } from "../image/digest.ts";
import type { Clock } from "../runtime/clock.ts";
import type { CopyRequest, CopyResult } from "./copy.ts";
import { EMPTY_CONFIG } from "./index-proof.ts";
import type { Descriptor } from "./manifest.ts";
import type { Manifest, ManifestHead, Repositories } from "./registry.ts";
import type { Repository } from "./repository.ts";

/** Where and how fast a copy runs. */
export type CopyPlace = {
  readonly registries: Repositories;
  readonly clock: Clock;
  /** Blobs at once. */
  readonly concurrency: number;
};

/** How a blob came to be at the target. */
export type BlobOutcome = "moved" | "skipped" | "mounted";

export type Tally = Pick<
  CopyResult,
  "bytesMoved" | "bytesSkipped" | "blobsMoved" | "blobsSkipped" | "blobsMounted"
>;

export class CopyMemory {
  readonly source: Repository;
  readonly target: Repository;
  /** A repository of the target's registry that may hold the same blobs. */
  readonly mountFrom: string | undefined;
  /** By their digests. None of them is fetched again. */
  readonly fetched = new Map<Digest, Manifest>();
  /** How many manifests may be here before reading pauses, so that what was read can be kept. */
  fetchedMax = Number.POSITIVE_INFINITY;
  readonly heads = new Map<string, ManifestHead>();
  /** Blobs that are here already. */
  readonly bytes = new Map<Digest, Uint8Array>([[digestOf(EMPTY_CONFIG), EMPTY_CONFIG]]);
  root: Digest | undefined;
  /** Whether the target's word is asked for, and taken. */
  asksTarget: boolean;
  readonly #settled = new Map<Digest, { readonly size: number; readonly outcome: BlobOutcome }>();

  constructor({ source, target, targetIsEmpty, mountFrom }: CopyRequest, registries: Repositories) {
    this.asksTarget = targetIsEmpty !== true;
    const samePlace = source.host === target.host && source.path !== target.path;
    this.mountFrom = mountFrom ?? (samePlace ? source.path : undefined);
    this.source = registries.open(source, "pull");
    this.target = registries.open(target, "push", this.mountFrom === undefined ? [] : [this.mountFrom]);
  }

  /** Blobs that are at the target now; what was mounted was skipped as well, as far as bytes go. */
  get tally(): Tally {
    const tally = { bytesMoved: 0, bytesSkipped: 0, blobsMoved: 0, blobsSkipped: 0, blobsMounted: 0 };
    for (const { size, outcome } of this.#settled.values()) {
      tally[BLOBS[outcome]] += 1;
      tally[outcome === "moved" ? "bytesMoved" : "bytesSkipped"] += size;
    }
    return tally;
  }

  outcomeOf(digest: Digest): BlobOutcome | undefined {
    return this.#settled.get(digest)?.outcome;
  }

  settle({ digest, size }: Descriptor, outcome: BlobOutcome): void {
    this.#settled.set(digest, { size, outcome });
  }

  /** Forgets what was taken on the target's word; what this copy has brought there itself is there. */
  doubtTarget(): void {
    this.asksTarget = false;
    for (const [digest, { outcome }] of this.#settled)
      if (outcome === "skipped") this.#settled.delete(digest);
  }
}

const BLOBS = { moved: "blobsMoved", skipped: "blobsSkipped", mounted: "blobsMounted" } as const;
