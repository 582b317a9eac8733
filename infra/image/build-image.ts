/** Makes Repull's container image as an OCI layout: without an engine, and the same bytes from the same inputs. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { NODE_ENVIRONMENT, NODE_FLAGS } from "./node-flags.ts";
import { type Architecture, createLayout, type Descriptor } from "./oci-layout.ts";
import { runtimeFiles, USER } from "./runtime-files.ts";
import { type TarEntry, tar } from "./tar.ts";

const ROOT = dirname(dirname(import.meta.dirname));
const APPLICATION = "app";

export type BuiltImage = { readonly digest: string; readonly architectures: readonly Architecture[] };

/** @param out a folder for the layout, empty or not there yet @param architectures at least one */
export async function buildImage(out: string, architectures: readonly Architecture[]): Promise<BuiltImage> {
  const application = tar(await applicationFiles());
  const layout = await createLayout(out);
  const images: Descriptor[] = [];
  for (const architecture of architectures) {
    const folder = await mkdtemp(join(tmpdir(), "repull-image-"));
    try {
      const { entries, packages } = await runtimeFiles(
        architecture,
        packageJson.devDependencies.node,
        folder,
      );
      const image = await layout.addImage({
        architecture,
        // An upgrade of Repull pulls the upper one alone.
        layers: [
          { tar: tar(entries), why: `Node and what it needs: ${packages.join(" ")}` },
          { tar: application, why: `Repull ${packageJson.version}` },
        ],
        config: configOf(packages),
      });
      images.push(image);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const { digest } = await layout.finish(images, packageJson.version);
  return { digest, architectures };
}

function configOf(packages: readonly string[]): object {
  return {
    User: `${USER}:${USER}`,
    Entrypoint: ["/usr/bin/node", ...NODE_FLAGS, `/${APPLICATION}/repull.mjs`],
    WorkingDir: "/",
    Env: Object.entries({ PATH: "/usr/bin", NODE_ENV: "production", ...NODE_ENVIRONMENT }).map(
      ([name, value]) => `${name}=${value}`,
    ),
    Labels: {
      "org.opencontainers.image.title": packageJson.name,
      "org.opencontainers.image.description": packageJson.description,
      "org.opencontainers.image.version": packageJson.version,
      "org.opencontainers.image.licenses": packageJson.license,
      "dev.repull.packages": packages.join(" "),
    },
  };
}

/** The built command line, without its source maps. */
async function applicationFiles(): Promise<readonly TarEntry[]> {
  const folder = join(ROOT, "dist/cli");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  if (!names.includes("repull.mjs")) throw new Error("dist/cli/repull.mjs is not built: npm run build");
  const file = async (path: string, from: string): Promise<TarEntry> => ({
    path: `${APPLICATION}/${path}`,
    kind: "file",
    mode: 0o644,
    bytes: await readFile(from),
  });
  return Promise.all([
    ...names.map((name) => file(name, join(folder, name))),
    file("LICENSE", join(ROOT, "LICENSE")),
  ]);
}
