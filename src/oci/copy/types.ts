/**
 * What a copy is asked for, what it answers, and what it reports on the way.
 */

import type { Digest } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";
import type { ImageReference } from "../../image/reference.ts";
import type { RateLimit } from "../client/rate-limit.ts";
import type { Manifest } from "../client/types.ts";

export type CopiedReferrer = {
  readonly digest: Digest;
  /** What it refers to. */
  readonly subject: Digest;
  readonly artifactType?: string;
  /** The name it is found by, where it is not found by its subject. */
  readonly tag?: string;
  readonly alreadyPresent: boolean;
};

export type CopyRequest = {
  /** With a digest, exactly those bytes. */
  readonly source: ImageReference;
  /** Repository, and the tag to set; without a tag, and with `tagFor` absent, only digests are pushed. */
  readonly target: ImageReference;
  /** Computes the tag from the digest that is copied: `<tag>-<first 12>` in ECR. Wins over the target's own. */
  readonly tagFor?: (copied: Digest) => string;
  /** Absent: the whole image. Else only these: one platform becomes its own manifest, by its own digest. */
  readonly platforms?: readonly Platform[];
  /** Those of `platforms` that the image has become one image: an index that lists them and no others. */
  readonly asIndex?: boolean;
  /** The target repository was just created: nothing in it needs to be asked for. */
  readonly targetIsEmpty?: boolean;
  /** A repository of the target's registry that may hold the same blobs; the source's own where both are one registry. */
  readonly mountFrom?: string;
  /** Also what refers to the image: signatures, attestations, bills of materials. */
  readonly referrers?: boolean;
};

export type CopyResult = {
  /** What was copied: the source's digest for a whole image, the child's for one platform (of several, the first's), or that of the index that joins them. */
  readonly digest: Digest;
  /** The source's digest: an index whose child `digest` is, or `digest` itself. */
  readonly sourceDigest: Digest;
  readonly mediaType: string;
  readonly tag?: string;
  /** What the tag named before, where it was another manifest. */
  readonly tagMovedFrom?: Digest;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
  readonly bytesSkipped: number;
  readonly blobsMoved: number;
  readonly blobsSkipped: number;
  readonly blobsMounted: number;
  readonly requests: { readonly source: number; readonly target: number };
  readonly quota?: RateLimit;
  /** One for each platform that was chosen. */
  readonly platforms?: readonly CopiedPlatform[];
  /** Layers that were left at their publisher's address, as the specification wants it. */
  readonly foreignLayers?: readonly Digest[];
  /** Whether the target also holds the index that vouches for the platform; absent where nothing needs it. */
  readonly proof?: "kept" | "refused";
  /** Where they were asked for. */
  readonly referrers?: readonly CopiedReferrer[];
};

export type CopiedPlatform = { readonly platform: string; readonly digest: Digest; readonly tag?: string };

export type CopyProgress = {
  readonly blob: Digest;
  readonly state: "started" | "moving" | "done" | "skipped" | "mounted";
  /** Of this blob. */
  readonly bytesDone: number;
  readonly bytesAll: number;
};

/** What a copy is about to do, once its manifests are read. */
export type CopyPlan = { readonly digest: Digest; readonly blobs: number; readonly bytes: number };

export type CopyOptions = {
  readonly onPlan?: (plan: CopyPlan) => void;
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly signal?: AbortSignal;
  /** Manifests of the source that are here: none of them is asked for again, and those that are fetched are added. */
  readonly manifests?: Map<Digest, Manifest>;
};
