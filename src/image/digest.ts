/**
 * A digest is an image's true name: the hash of its bytes.
 *
 * Tags move; a digest cannot. Everything that claims "the same image" compares these.
 */

import { createHash } from "node:crypto";

/** `algorithm:hex`, checked. Grammar: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
export type Digest = `${"sha256" | "sha512"}:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether the text is a digest of a registered algorithm (sha256, sha512), exactly. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && DIGEST.test(text);
}

/** The sha256 digest of some bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The first 12 hex digits: enough for a tag or a person, never for a proof. */
export function shortDigest(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1, digest.indexOf(":") + 13);
}
