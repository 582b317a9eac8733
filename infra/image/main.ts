/**
 * `npm run image -- --out DIR [--arch amd64|arm64]`: Repull's container image as an OCI layout, for both architectures unless one
 * is named. Needs npm, and apt-get and dpkg-deb of Debian or Ubuntu; no container engine, no root.
 */

import { mkdir, readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { buildImage } from "./build-image.ts";
import type { Architecture } from "./oci-layout.ts";

const USAGE = "npm run image -- --out DIR [--arch amd64|arm64]";
const { out, arch } = given();
await mkdir(out, { recursive: true });
if ((await readdir(out)).length > 0) refuse(`${out} is not empty`);
const { digest, architectures } = await buildImage(out, arch === undefined ? ["amd64", "arm64"] : [arch]);
process.stdout.write(`${digest} (${architectures.join(", ")}) in ${out}\n`);
process.stdout.write(`skopeo copy --all oci:${out} docker://REGISTRY/repull\n`);

function given(): { readonly out: string; readonly arch: Architecture | undefined } {
  try {
    const { values } = parseArgs({ options: { out: { type: "string" }, arch: { type: "string" } } });
    const { out: folder, arch: one } = values;
    if (folder === undefined) return refuse("--out is missing");
    if (one !== undefined && one !== "amd64" && one !== "arm64")
      return refuse(`no such architecture: ${one}`);
    return { out: folder, arch: one };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(because: string): never {
  process.stderr.write(`image: ${because}\n${USAGE}\n`);
  process.exit(2);
}
