/** Every form of image that registries hold, each put into a registry under its own name. */

import { type Digest, digestOf } from "../../../src/image/digest.ts";
import { buildImage, type ImageRecipe, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import type { SandboxRegistry } from "../../../src/sandbox/registry/registry.ts";

const OCI = "application/vnd.oci.image";
const OCI_MANIFEST = `${OCI}.manifest.v1+json`;
const OCI_INDEX = `${OCI}.index.v1+json`;
const EMPTY = "application/vnd.oci.empty.v1+json";
/** The gzip of an empty tar, as Docker's builder writes it for instructions that change no file. */
const EMPTY_LAYER = Buffer.from("H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=", "base64");

type Described = { readonly mediaType: string; readonly digest: Digest; readonly size: number };

/** One repository of a registry, and the hands to put things into it. */
class Shelf {
  readonly registry: SandboxRegistry;
  readonly path: string;

  constructor(registry: SandboxRegistry, path: string) {
    this.registry = registry;
    this.path = path;
    registry.createRepository(path);
  }

  blob(mediaType: string, bytes: Uint8Array | string): Described {
    const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    return { mediaType, digest: this.registry.putBlob(this.path, content), size: content.length };
  }

  manifest(document: object, mediaType = OCI_MANIFEST, tag?: string): Described {
    const bytes = new TextEncoder().encode(JSON.stringify(document));
    return {
      mediaType,
      digest: this.registry.putManifest(this.path, bytes, mediaType, tag),
      size: bytes.length,
    };
  }

  config(name: string): Described {
    return this.blob(`${OCI}.config.v1+json`, JSON.stringify({ os: "linux", architecture: "amd64", name }));
  }

  image(name: string, layers: readonly Described[], tag?: string): Described {
    const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: this.config(name), layers };
    return this.manifest(document, OCI_MANIFEST, tag);
  }

  built(recipe: ImageRecipe): Digest {
    return seedImage(this.registry, this.path, "v1", buildImage(recipe));
  }
}

const noise = (name: string, length = 100_000): Buffer => Buffer.alloc(length, name);
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

/** Name → how to make it; the answer is the digest of the tag `v1`. */
export const IMAGE_FORMS: Readonly<Record<string, (shelf: Shelf) => Digest>> = {
  "docker schema 2": (shelf) => shelf.built({ name: "single", format: "docker", layers: 3 }),
  "a manifest list": (shelf) => shelf.built({ name: "list", format: "docker", platforms: PLATFORMS }),
  "an OCI image": (shelf) => shelf.built({ name: "oci", layers: 3 }),
  "an index with attestations": (shelf) =>
    shelf.built({ name: "attested", platforms: PLATFORMS, attestations: true }),
  "platforms that share blobs": (shelf) =>
    shelf.built({ name: "shared", platforms: PLATFORMS, layers: 3, sharedLayers: 2, bytes: 90_000 }),
  "an index in an index": (shelf) => {
    const inner = shelf.manifest(
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [shelf.image("inner", [])] },
      OCI_INDEX,
    );
    const outer = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner, shelf.image("outer", [])] };
    return shelf.manifest(outer, OCI_INDEX, "v1").digest;
  },
  "an artifact with the empty config": (shelf) => {
    const layers = [shelf.blob("application/x-chart", noise("chart"))];
    const config = shelf.blob(EMPTY, "{}");
    const document = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: "application/x-chart",
      config,
      layers,
    };
    return shelf.manifest(document, OCI_MANIFEST, "v1").digest;
  },
  "zstd layers": (shelf) =>
    shelf.image("zstd", [shelf.blob(`${OCI}.layer.v1.tar+zstd`, noise("zstd"))], "v1").digest,
  "uncompressed layers": (shelf) =>
    shelf.image("tar", [shelf.blob(`${OCI}.layer.v1.tar`, noise("tar"))], "v1").digest,
  "the same empty layer twice": (shelf) => {
    const empty = shelf.blob(`${OCI}.layer.v1.tar+gzip`, EMPTY_LAYER);
    return shelf.image("empty", [empty, shelf.blob(`${OCI}.layer.v1.tar+gzip`, noise("full")), empty], "v1")
      .digest;
  },
  "a layer of no bytes": (shelf) =>
    shelf.image("nothing", [shelf.blob(`${OCI}.layer.v1.tar`, "")], "v1").digest,
  "no layer at all": (shelf) => shelf.image("bare", [], "v1").digest,
  "a manifest without mediaType": (shelf) => {
    const document = { schemaVersion: 2, config: shelf.config("untyped"), layers: [] };
    return shelf.manifest(document, OCI_MANIFEST, "v1").digest;
  },
  "an index without mediaType": (shelf) => {
    const document = { schemaVersion: 2, manifests: [shelf.image("of an untyped index", [])] };
    return shelf.manifest(document, OCI_INDEX, "v1").digest;
  },
  "content that a descriptor carries, and no blob": (shelf) => {
    const bytes = Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", carried: true }));
    const config = {
      mediaType: `${OCI}.config.v1+json`,
      digest: digestOf(bytes),
      size: bytes.length,
      data: bytes.toString("base64"),
    };
    return shelf.manifest(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] },
      OCI_MANIFEST,
      "v1",
    ).digest;
  },
  "carried content that is not what its digest says": (shelf) => {
    const config = { ...shelf.config("true"), data: Buffer.from("false").toString("base64") };
    return shelf.manifest(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] },
      OCI_MANIFEST,
      "v1",
    ).digest;
  },
};

/** Puts one of them into a registry, as `<path>:v1`. */
export function putForm(registry: SandboxRegistry, path: string, form: string): Digest {
  const make = IMAGE_FORMS[form];
  if (make === undefined) throw new Error(`no image form ${form}`);
  return make(new Shelf(registry, path));
}
