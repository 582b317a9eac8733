import type { Digest } from "../image/digest.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Quota } from "./rate-limit.ts";

/** What a manifest is, without its bytes. */
export type ManifestHead = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size?: number;
  readonly quota?: Quota;
};

export type Manifest = ManifestHead & { readonly bytes: Uint8Array; readonly size: number };

/** The questions that a survey asks of any registry. Failures are RegistryError; absence is undefined. */
export interface Registries {
  /** HEAD: free at Docker Hub. */
  headManifest(reference: ImageReference, signal?: AbortSignal): Promise<ManifestHead | undefined>;
  /** GET: a counted pull at Docker Hub. Verified against the digest, where the reference has one. At most 4 MiB. */
  getManifest(reference: ImageReference, signal?: AbortSignal): Promise<Manifest | undefined>;
  /** A small blob, whole and verified: configs, and the index that proves a platform copy. At most `bytesMax`. */
  getBlob(
    reference: ImageReference,
    digest: Digest,
    bytesMax: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined>;
}
