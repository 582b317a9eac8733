/** Compares digests that registries name with bytes: the algorithm is the one of the requested digest. */

import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../../image/digest.ts";

/** The digest of some bytes, by the algorithm of the one that they should have. */
export function hashed(bytes: Uint8Array, wanted: Digest | undefined): Digest {
  const algorithm = wanted?.startsWith("sha512:") === true ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** Whether a header names other bytes. A digest of another algorithm may be another name of the same ones. */
export function namesOther(header: string | undefined, digest: Digest): header is Digest {
  return isDigest(header) && header !== digest && algorithmOf(header) === algorithmOf(digest);
}

function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(":"));
}
