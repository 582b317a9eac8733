/**
 * Manifests as a step's result: what was fetched once is never asked for again, whichever process goes on.
 *
 * A durable step may return 256 KB. Manifests are mostly digests, which shrink to half of their text; what does not fit
 * into one step goes into the next.
 */

import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Digest } from "../../image/digest.ts";
import type { Manifest } from "../client/types.ts";

/** As text in the step's result; the engine's own bound is 256 KB (`CHECKPOINT_SIZE_LIMIT_BYTES` of its SDK). */
const KEPT_CHARACTERS_MAX = 192 * 1024;

type Kept = { readonly digest: Digest; readonly mediaType: string; readonly text: string };

export type ManifestCheckpoint = {
  /** JSON, gzip, base64. */
  readonly packed: string;
  /** None was left for the next step. */
  readonly isAll: boolean;
};

/**
 * As many as one step's result can hold, in their order. One that is so big that no step can hold it (several thousand
 * layers; Docker stops at 127) is left out, and fetched again by a later process that needs it.
 */
export function packManifests(manifests: readonly Manifest[]): ManifestCheckpoint {
  const fitting = manifests.filter((one) => packed([one]).length <= KEPT_CHARACTERS_MAX);
  for (let count = fitting.length; ; count = Math.floor(count / 2)) {
    const text = packed(fitting.slice(0, count));
    if (text.length <= KEPT_CHARACTERS_MAX) return { packed: text, isAll: count === fitting.length };
  }
}

export function unpackManifests(text: string): readonly Manifest[] {
  const kept = JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString()) as readonly Kept[];
  return kept.map(({ digest, mediaType, text: json }) => {
    const bytes = Buffer.from(json);
    return { digest, mediaType, bytes, size: bytes.byteLength };
  });
}

function packed(manifests: readonly Manifest[]): string {
  const kept = manifests.map(({ digest, mediaType, bytes }): Kept => {
    const text = Buffer.from(bytes).toString();
    assert(Buffer.from(text).equals(bytes), `${digest} is not text, and was read as a manifest`);
    return { digest, mediaType, text };
  });
  return gzipSync(JSON.stringify(kept)).toString("base64");
}
