/**
 * Images made of nothing but a seed: real tar layers, real configs, the same digests on every machine.
 *
 * Layers are gzip files whose deflate blocks are stored, not compressed, and written here byte by byte:
 * what a compressor would give depends on its version, and a digest must not.
 */

import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import { type Digest, digestOf } from "../../image/digest.ts";
import { type Platform, parsePlatform } from "../../image/platform.ts";
import { createRandom, type Random } from "../random.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";
import type { SandboxRegistry } from "./registry.ts";

export type ImageRecipe = {
  /** Ends up in the config, so that two names never share a digest. */
  readonly name: string;
  /** `linux/amd64` … One platform alone gives a single manifest, several an index. */
  readonly platforms?: readonly string[];
  /** The Windows build of each platform, in their order. */
  readonly osVersions?: readonly string[];
  /** The index names no platform of its manifests. */
  readonly namesNoPlatforms?: boolean;
  /** The index lists indexes, one for each platform, and those list the manifests. */
  readonly nested?: boolean;
  /** An index even for one platform. */
  readonly index?: boolean;
  /** Layers of each platform. */
  readonly layers?: number;
  /** How many of those, from the first, are the same blob for all platforms. */
  readonly sharedLayers?: number;
  /** Bytes of the file in each layer. */
  readonly bytes?: number;
  /** An attestation manifest for each platform, as BuildKit adds: `unknown/unknown`. OCI only. */
  readonly attestations?: boolean;
  readonly format?: "oci" | "docker";
  readonly seed?: number | string;
};

type BuiltManifest = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Absent for an attestation, and for an index inside the index. */
  readonly platform?: Platform;
};

export type BuiltImage = {
  /** What a tag points at: the index where there is one, else the only manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly index?: BuiltManifest;
  readonly manifests: readonly BuiltManifest[];
  /** Configs and layers, each once. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
};

const TYPES = {
  oci: {
    index: OCI_INDEX,
    manifest: OCI_MANIFEST,
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: DOCKER_LIST,
    manifest: DOCKER_MANIFEST,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

type Types = (typeof TYPES)[keyof typeof TYPES];
type Descriptor = { readonly mediaType: string; readonly digest: Digest; readonly size: number };

/** Makes an image; the same recipe always makes the same bytes. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const { platforms = ["linux/amd64"], attestations = false, format = "oci", seed = 1 } = recipe;
  assert(format === "oci" || !attestations, "docker's lists have no attestations");
  const types = TYPES[format];
  const blobs = new Map<Digest, Uint8Array>();
  const keep = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const random = createRandom(`${seed}/${recipe.name}`);
  const images = platforms.map((text, place) => {
    const osVersion = recipe.osVersions?.[place];
    const platform = { ...parsePlatform(text), ...(osVersion === undefined ? {} : { osVersion }) };
    return platformManifest(recipe, types, platform, random, keep);
  });
  const statements = attestations ? images.map((image) => attestation(image, types, keep)) : [];
  const listed = [...images, ...statements];

  const [only] = images;
  assert(only !== undefined, "an image needs a platform");
  if (listed.length === 1 && recipe.index !== true && recipe.nested !== true) {
    return { digest: only.digest, mediaType: only.mediaType, manifests: listed, blobs };
  }
  const inner = recipe.nested === true ? listed.map((one) => indexOf([one], types, recipe)) : [];
  const index = indexOf(recipe.nested === true ? inner : listed, types, recipe);
  return {
    digest: index.digest,
    mediaType: index.mediaType,
    index,
    manifests: [...listed, ...inner],
    blobs,
  };
}

/** An index inside an index has no platform: https://github.com/opencontainers/image-spec/blob/main/image-index.md */
function indexOf(
  manifests: readonly (BuiltManifest & { readonly annotations?: Readonly<Record<string, string>> })[],
  types: Types,
  { namesNoPlatforms = false }: ImageRecipe,
): BuiltManifest {
  const platformIn = ({ mediaType, platform }: BuiltManifest) =>
    namesNoPlatforms || mediaType === types.index
      ? {}
      : { platform: platform === undefined ? { os: "unknown", architecture: "unknown" } : stated(platform) };
  const bytes = json({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: manifests.map((manifest) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
      ...platformIn(manifest),
      ...("annotations" in manifest ? { annotations: manifest.annotations } : {}),
    })),
  });
  return { digest: digestOf(bytes), mediaType: types.index, bytes };
}

/** A platform as indexes and configs spell it. */
function stated({ osVersion, ...others }: Platform): Readonly<Record<string, string>> {
  return { ...others, ...(osVersion === undefined ? {} : { "os.version": osVersion }) };
}

/** Puts an image into a registry under a tag, without requests and without being counted. */
export function seedImage(registry: SandboxRegistry, path: string, tag: string, image: BuiltImage): Digest {
  for (const bytes of image.blobs.values()) registry.putBlob(path, bytes);
  for (const { bytes, mediaType } of image.manifests) registry.putManifest(path, bytes, mediaType);
  const top = image.index ?? image.manifests[0];
  assert(top !== undefined && top.digest === image.digest, "an image is its index or its only manifest");
  return registry.putManifest(path, top.bytes, top.mediaType, tag);
}

function platformManifest(
  { name, layers = 2, sharedLayers = 0, bytes = 1024 }: ImageRecipe,
  types: Types,
  platform: Platform,
  random: Random,
  keep: (mediaType: string, bytes: Uint8Array) => Descriptor,
): BuiltManifest & { readonly platform: Platform } {
  const tars = Array.from({ length: layers }, (_, number) => {
    const whose =
      number < sharedLayers
        ? "shared"
        : `${platform.os}/${platform.architecture}/${platform.variant ?? ""}${platform.osVersion ?? ""}`;
    return tar(`layer-${number}`, random.fork(`${whose}/${number}`).bytes(bytes));
  });
  const config = keep(
    types.config,
    json({
      ...stated(platform),
      created: "2026-01-01T00:00:00Z",
      config: { Labels: { "org.opencontainers.image.title": name } },
      rootfs: { type: "layers", diff_ids: tars.map(digestOf) },
      history: tars.map(() => ({ created: "2026-01-01T00:00:00Z", created_by: "the sandbox" })),
    }),
  );
  const manifest = json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: tars.map((bytes) => keep(types.layer, gzip(bytes))),
  });
  return { digest: digestOf(manifest), mediaType: types.manifest, bytes: manifest, platform };
}

// The shape that BuildKit writes: https://docs.docker.com/build/metadata/attestations/attestation-storage/
function attestation(
  image: BuiltManifest,
  types: Types,
  keep: (mediaType: string, bytes: Uint8Array) => Descriptor,
): BuiltManifest & { readonly annotations: Readonly<Record<string, string>> } {
  const statement = json({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://slsa.dev/provenance/v0.2",
    subject: [{ digest: { sha256: image.digest.slice("sha256:".length) } }],
  });
  const layer = keep("application/vnd.in-toto+json", statement);
  const config = keep(
    types.config,
    json({
      os: "unknown",
      architecture: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const bytes = json({ schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] });
  const annotations = {
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  };
  return { digest: digestOf(bytes), mediaType: types.manifest, bytes, annotations };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

const BLOCK = 512;

/** One file in a ustar archive: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06 */
function tar(name: string, content: Uint8Array): Uint8Array {
  const padded = Math.ceil(content.length / BLOCK) * BLOCK;
  const bytes = Buffer.alloc(BLOCK + padded + 2 * BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  bytes.write(name, 0);
  bytes.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(content.length, 11) + octal(0, 11), 100);
  bytes.write("        0", 148);
  bytes.write("ustar\u000000", 257);
  const sum = bytes.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  bytes.set(content, BLOCK);
  return bytes;
}

const STORED_MAX = 65_535;

/** A gzip file of stored blocks: https://www.rfc-editor.org/rfc/rfc1951#page-11 and rfc1952. */
function gzip(content: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)];
  let at = 0;
  do {
    const block = content.subarray(at, at + STORED_MAX);
    at += block.length;
    const header = Buffer.alloc(5);
    header.writeUInt8(at >= content.length ? 1 : 0, 0);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(~block.length & 0xffff, 3);
    pieces.push(header, block);
  } while (at < content.length);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([...pieces, trailer]);
}
