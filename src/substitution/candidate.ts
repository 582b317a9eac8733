/** A place where the image may be, and what its registry said when asked. */

import type { Digest } from "../image/digest.ts";
import type { StrategyName } from "./policy.ts";

/** The digest that the owner meant, and who says so. */
export type Trusted = {
  readonly digest: Digest;
  /** The reference itself; a task of the same deployment and the same reference; or the origin, asked by HEAD. */
  readonly from: "reference" | "deployment" | "origin";
};

export type Candidate = {
  readonly strategy: StrategyName;
  /** Where the task would pull from: a repository, with the tag that a person would look for. */
  readonly image: string;
  /** fresh-mirror: where the bytes come from. */
  readonly source?: string;
  /** The same publisher keeps both names: what counts when no digest can be compared. */
  readonly samePublisher: boolean;
};

export type Found = {
  readonly kind: "found";
  readonly digest: Digest;
  /** It is an index: several platforms, one digest. */
  readonly isIndex: boolean;
  /** The trusted index that lists `digest`, read and verified. */
  readonly childOf?: Digest;
  /** The child for the task's platform, where `digest` is an index. */
  readonly platformDigest?: Digest;
};

export type Seen =
  | Found
  | {
      readonly kind: "absent" | "unreachable" | "rate-limited" | "denied" | "archived" | "unknown";
      readonly because: string;
    };

export type Sighting = { readonly candidate: Candidate; readonly seen: Seen };
