import type { Digest } from "../../image/digest.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What a manifest is, without its bytes. */
export type ManifestHead = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size?: number;
  readonly quota?: RateLimit;
};

export type Manifest = ManifestHead & { readonly bytes: Uint8Array; readonly size: number };
