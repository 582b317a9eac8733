/** An image as a folder, as skopeo, crane and podman read it: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */

import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export type Architecture = "amd64" | "arm64";
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: "linux"; readonly architecture: Architecture };
  readonly annotations?: Readonly<Record<string, string>>;
};

const TYPE = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

type ImageOf = {
  readonly architecture: Architecture;
  /** Tar archives, the lowest first. */
  readonly layers: readonly { readonly tar: Buffer; readonly why: string }[];
  /** `config` of the image configuration: user, entry point, labels. */
  readonly config: object;
};

export type Layout = {
  addImage(image: ImageOf): Promise<Descriptor>;
  /** Ends the layout: one image as it is, several as an index. @returns the descriptor that a registry gets */
  finish(images: readonly Descriptor[], tag: string): Promise<Descriptor>;
};

export async function createLayout(folder: string): Promise<Layout> {
  const blobs = join(folder, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const add = async (mediaType: string, bytes: Buffer): Promise<Descriptor> => {
    const sum = sha256(bytes);
    await writeFile(join(blobs, sum), bytes);
    return { mediaType, digest: `sha256:${sum}`, size: bytes.length };
  };
  const addJson = (mediaType: string, value: object) => add(mediaType, Buffer.from(JSON.stringify(value)));

  return {
    addImage: async ({ architecture, layers, config }) => {
      const packed = await Promise.all(
        layers.map(({ tar }) => add(TYPE.layer, gzipSync(tar, { level: LEVEL }))),
      );
      const configuration = await addJson(TYPE.config, {
        created: EPOCH,
        architecture,
        os: "linux",
        config,
        rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => `sha256:${sha256(tar)}`) },
        history: layers.map(({ why }) => ({ created: EPOCH, created_by: why })),
      });
      const manifest = await addJson(TYPE.manifest, {
        schemaVersion: 2,
        mediaType: TYPE.manifest,
        config: configuration,
        layers: packed,
      });
      return { ...manifest, platform: { os: "linux", architecture } };
    },
    finish: async (images, tag) => {
      const [first] = images;
      if (first === undefined) throw new TypeError("a layout has an image");
      const root =
        images.length === 1
          ? first
          : await addJson(TYPE.index, { schemaVersion: 2, mediaType: TYPE.index, manifests: images });
      const named = { ...root, annotations: { "org.opencontainers.image.ref.name": tag } };
      const index = { schemaVersion: 2, mediaType: TYPE.index, manifests: [named] };
      await writeFile(join(folder, "index.json"), JSON.stringify(index));
      await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
      return root;
    },
  };
}

/** The highest level takes three times as long, and 0.3 % off. */
const LEVEL = 6;
/** The same inputs are the same image, whenever it is made. */
const EPOCH = "1970-01-01T00:00:00Z";

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
