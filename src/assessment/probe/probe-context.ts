/** What is known of an image when its places are asked. */

import type { Digest } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";

export type ProbeContext = {
  readonly trusted?: Digest;
  /** Every platform that the image may run on; none: not known. */
  readonly platforms: readonly Platform[];
  /** The trusted digest has not run for these tasks yet: that it is the very one does not show that it is for their platforms. */
  readonly isNew?: boolean;
  /** The limit that was met is an account's. */
  readonly accountLimitReached?: boolean;
  /** A pull-through cache must not be made to fetch. */
  readonly asksAhead?: boolean;
  /** Whether the owner lets a private image be copied. */
  readonly mayCopyPrivate?: boolean;
};
