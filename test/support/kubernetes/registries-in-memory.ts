/** Registries that a controller asks, in memory: what they hold, whether they answer, and how often they were asked. */

import type { Digest } from "../../../src/image/digest.ts";
import { canonicalName, type ImageReference } from "../../../src/image/reference.ts";
import type { Registries } from "../../../src/oci/client/registries.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { type BuiltImage, buildImage } from "../../../src/sandbox/registry/image-builder.ts";

export type HostState = "open" | "limited" | "dead";

export type MemoryRegistries = Registries & {
  /** `docker.io/library/nginx:1.27` → the image; its digests are there too. */
  readonly holds: Map<string, BuiltImage>;
  readonly states: Map<string, HostState>;
  /** HEADs by host. */
  readonly heads: Map<string, number>;
  readonly gets: Map<string, number>;
};

/** An image of both architectures, the same for the same words. */
export function imageNamed(words: string, platforms = ["linux/amd64", "linux/arm64"]): BuiltImage {
  return buildImage({ name: words, platforms, layers: 1 });
}

export function registriesInMemory(holds: Readonly<Record<string, BuiltImage>> = {}): MemoryRegistries {
  const held = new Map(Object.entries(holds));
  const states = new Map<string, HostState>();
  const [heads, gets] = [new Map<string, number>(), new Map<string, number>()];
  const ask = ({ host }: ImageReference, counts: Map<string, number>): void => {
    counts.set(host, (counts.get(host) ?? 0) + 1);
    const state = states.get(host) ?? "open";
    if (state === "limited")
      throw new RegistryError(`${host}: 429`, { kind: "rate-limited", host, status: 429 });
    if (state === "dead") throw new RegistryError(`${host}: no connection`, { kind: "unavailable", host });
  };
  const find = (
    reference: ImageReference,
  ): { digest: Digest; mediaType: string; bytes: Uint8Array } | undefined => {
    const { host, path, tag = "latest", digest } = reference;
    const images =
      digest === undefined
        ? [held.get(canonicalName({ host, path, tag }))]
        : [...held].flatMap(([name, image]) => (name.startsWith(`${host}/${path}:`) ? [image] : []));
    for (const image of images) {
      if (image === undefined) continue;
      const all = [...(image.index === undefined ? [] : [image.index]), ...image.manifests];
      const found = all.find((one) => one.digest === (digest ?? image.digest));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    holds: held,
    states,
    heads,
    gets,
    async headManifest(reference) {
      ask(reference, heads);
      const found = find(reference);
      return found && { digest: found.digest, mediaType: found.mediaType };
    },
    async getManifest(reference) {
      ask(reference, gets);
      const found = find(reference);
      return found && { ...found, size: found.bytes.length };
    },
    async getBlob(reference, digest) {
      ask(reference, gets);
      for (const image of held.values()) if (image.blobs.has(digest)) return image.blobs.get(digest);
      return undefined;
    },
  };
}
