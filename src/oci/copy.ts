import type { Digest } from "../image/digest.ts";
import type { Platform } from "../image/platform.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Quota } from "./rate-limit.ts";

export type CopyRequest = {
  /** With a digest, exactly those bytes. */
  readonly source: ImageReference;
  /** Repository, and the tag to set; without a tag, and with `tagFor` absent, only digests are pushed. */
  readonly target: ImageReference;
  /** Computes the tag from the digest that is copied: `<tag>-<first 12>` in ECR. Wins over the target's own. */
  readonly tagFor?: (copied: Digest) => string;
  /** Absent: the whole image. Else only these: one platform becomes its own manifest, by its own digest. */
  readonly platforms?: readonly Platform[];
  /** The target repository was just created: nothing in it needs to be asked for. */
  readonly targetIsEmpty?: boolean;
};

export type CopyResult = {
  /** What was copied: the source's digest for a whole image, the child's for one platform. */
  readonly digest: Digest;
  /** The source's digest: an index whose child `digest` is, or `digest` itself. */
  readonly sourceDigest: Digest;
  readonly mediaType: string;
  readonly tag?: string;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
  readonly bytesSkipped: number;
  readonly blobsMoved: number;
  readonly blobsSkipped: number;
  readonly blobsMounted: number;
  readonly requests: { readonly source: number; readonly target: number };
  readonly quota?: Quota;
};

export type CopyProgress = {
  readonly blob: Digest;
  readonly state: "started" | "moving" | "done" | "skipped" | "mounted";
  readonly bytesDone: number;
  readonly bytesAll: number;
};
