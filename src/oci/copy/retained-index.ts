/**
 * The proof that a platform's copy belongs to the image that was meant.
 *
 * Registries refuse an index whose other platforms are missing, so a copy of one platform would lose the index
 * that vouches for it. Its bytes are kept next to the copy, as a blob: a reader that has the trusted digest fetches the
 * blob of that digest and finds the copied child named in it, without another request to the origin.
 * A small artifact manifest under a tag of its own keeps the blob from being collected as garbage.
 */

import { type Digest, digestOf } from "../../image/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../client/media-types.ts";
import type { Manifest } from "../client/types.ts";

const PROOF_ARTIFACT = "application/vnd.repull.index-proof.v1+json";
/** Not the index's own type: a registry that meets an index among the layers may look for its children. */
const KEPT_INDEX = "application/vnd.repull.kept-index.v1+json";
/** What artifacts have in place of a config. */
export const EMPTY_CONFIG = Buffer.from("{}");

/** The tag of the proof for an index. No workload pulls by it. */
export function retainedIndexTag(index: Digest): string {
  // A tag has at most 128 characters; the whole of a sha256 fits, most of a sha512 does.
  return `index-${index.slice(index.indexOf(":") + 1)}`.slice(0, 128);
}

export type RetainedIndex = {
  readonly tag: string;
  readonly manifest: Manifest;
  /** The index itself and the empty config. */
  readonly blobs: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly mediaType: string;
    readonly bytes: Uint8Array;
  }[];
};

/** The artifact that keeps an index. One index has one proof, byte for byte, whichever platform was copied. */
export function retainIndex(index: Manifest): RetainedIndex {
  const config = { mediaType: OCI_EMPTY, digest: digestOf(EMPTY_CONFIG), size: EMPTY_CONFIG.byteLength };
  const kept = {
    mediaType: KEPT_INDEX,
    digest: index.digest,
    size: index.size,
    annotations: { "dev.repull.index.media-type": index.mediaType },
  };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: PROOF_ARTIFACT,
      config,
      layers: [kept],
    }),
  );
  return {
    tag: retainedIndexTag(index.digest),
    manifest: { digest: digestOf(bytes), bytes, size: bytes.byteLength, mediaType: OCI_MANIFEST },
    blobs: [
      { ...config, bytes: EMPTY_CONFIG },
      { digest: kept.digest, size: kept.size, mediaType: kept.mediaType, bytes: index.bytes },
    ],
  };
}
