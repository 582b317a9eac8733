/** What is known of an image when its places are asked. */

import type { Digest } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";

export type ProbeContext = {
  readonly trusted?: Digest;
  /** Every platform that the image may run on; none: not known. */
  readonly platforms: readonly Platform[];
  /** The limit that was met is an account's. */
  readonly accountLimitReached?: boolean;
  /** A pull-through cache must not be made to fetch. */
  readonly asksAhead?: boolean;
  /** Whether the owner lets a private image be copied. */
  readonly mayCopyPrivate?: boolean;
};
