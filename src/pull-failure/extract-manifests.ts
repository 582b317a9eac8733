/**
 * The manifests that a text says were asked for, by their digests.
 *
 *     https://registry-1.docker.io/v2/library/caddy/manifests/sha256:2c0f…: 429 Too Many Requests
 *     pulling from host registry-1.docker.io failed with status code [manifests sha256:2c0f…]: 429 Too Many Requests
 *
 * A text can be forged, so what it names may keep Repull from writing and never makes it write. A blob's digest names a
 * layer or a config, and is passed over.
 */

import { type Digest, isDigest } from "../image/digest.ts";

export type NamedManifest = {
  readonly digest: Digest;
  /** The repository's path at its registry; absent where the text names the host alone. */
  readonly path?: string;
};

const IN_URL =
  /\/v2\/([a-z0-9][a-z0-9._/-]{0,254})\/manifests\/(sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))(?![0-9a-f])/g;
const IN_BRACKETS = /\[manifests (sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))(?![0-9a-f])/g;
const NAMED_MAX = 20;

/** Every manifest that a plain text names by a whole digest, once each. */
export function namedManifests(text: string): readonly NamedManifest[] {
  const found = [
    ...[...text.matchAll(IN_URL)].map(([, path = "", digest]) => ({ path, digest })),
    ...[...text.matchAll(IN_BRACKETS)].map(([, digest]) => ({ digest })),
  ];
  const whole = found.filter((one): one is NamedManifest => isDigest(one.digest));
  const unique = new Map(whole.map((one) => [`${one.path ?? ""}@${one.digest}`, one]));
  return [...unique.values()].slice(0, NAMED_MAX);
}
