/** Test images, built by ourselves: an OCI layout on disk that skopeo can push. */

import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export type LayoutDescriptor = {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
};

const OCI = "application/vnd.oci.image";

/** A folder that becomes an OCI layout, blob by blob. */
export class OciLayout {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async blob(bytes: Uint8Array, mediaType: string): Promise<LayoutDescriptor> {
    const hex = createHash("sha256").update(bytes).digest("hex");
    await mkdir(join(this.folder, "blobs", "sha256"), { recursive: true });
    await writeFile(join(this.folder, "blobs", "sha256", hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
  }

  json(document: unknown, mediaType: string): Promise<LayoutDescriptor> {
    return this.blob(Buffer.from(JSON.stringify(document)), mediaType);
  }

  /** An image whose layers are real tars of one file each. */
  async image(
    platform: { os: string; architecture: string; variant?: string },
    layerBytes: readonly number[],
    options: { readonly uncompressed?: boolean } = {},
  ): Promise<LayoutDescriptor> {
    const layers: LayoutDescriptor[] = [];
    const diffIds: string[] = [];
    for (const [index, size] of layerBytes.entries()) {
      const tar = tarOf(`file-${index}`, randomBytes(size));
      diffIds.push(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
      layers.push(
        options.uncompressed === true
          ? await this.blob(tar, `${OCI}.layer.v1.tar`)
          : await this.blob(gzipSync(tar, { level: 0 }), `${OCI}.layer.v1.tar+gzip`),
      );
    }
    const config = await this.json(
      { ...platform, config: {}, rootfs: { type: "layers", diff_ids: diffIds } },
      `${OCI}.config.v1+json`,
    );
    return this.manifest(config, layers, platform);
  }

  async manifest(
    config: LayoutDescriptor,
    layers: readonly LayoutDescriptor[],
    platform?: LayoutDescriptor["platform"],
  ): Promise<LayoutDescriptor> {
    const mediaType = `${OCI}.manifest.v1+json`;
    const described = await this.json({ schemaVersion: 2, mediaType, config, layers }, mediaType);
    return platform === undefined ? described : { ...described, platform };
  }

  index(children: readonly LayoutDescriptor[]): Promise<LayoutDescriptor> {
    const mediaType = `${OCI}.index.v1+json`;
    return this.json({ schemaVersion: 2, mediaType, manifests: children }, mediaType);
  }

  /** What BuildKit lists next to a platform's manifest. */
  async attestation(of: LayoutDescriptor): Promise<LayoutDescriptor> {
    const statement = await this.json(
      { _type: "in-toto", subject: of.digest },
      "application/vnd.in-toto+json",
    );
    const config = await this.json(
      { os: "unknown", architecture: "unknown", rootfs: { type: "layers", diff_ids: [statement.digest] } },
      `${OCI}.config.v1+json`,
    );
    return {
      ...(await this.manifest(config, [statement])),
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": of.digest,
      },
    };
  }

  /** Names what skopeo copies from `oci:<folder>:<tag>`. */
  async tag(root: LayoutDescriptor, tag: string): Promise<void> {
    const annotations = { ...root.annotations, "org.opencontainers.image.ref.name": tag };
    await writeFile(join(this.folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await writeFile(
      join(this.folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, annotations }] }),
    );
  }
}

/** A tar archive of one file. */
function tarOf(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${content.byteLength.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\0", 257);
  header.write("00", 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.byteLength % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}
