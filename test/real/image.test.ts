/** The container image: the same twice, as skopeo and a registry see it, and running as its user with nothing else of a system. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { buildImage } from "../../infra/image/build-image.ts";
import { NODE_FLAGS } from "../../infra/image/node-flags.ts";
import packageJson from "../../package.json" with { type: "json" };
import { type DockerRegistry, startDockerRegistry } from "../support/registries/docker-registry.ts";

const run = promisify(execFile);
const MINUTES = 60_000;
const ENTRYPOINT = ["/usr/bin/node", ...NODE_FLAGS, "/app/repull.mjs"];
const MACHINE = process.arch === "arm64" ? "arm64" : "amd64";

let folder: string;
let registry: DockerRegistry;
let digest: string;
const out = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-image-test-"));
  registry = await startDockerRegistry();
  ({ digest } = await buildImage(out("image"), ["amd64", "arm64"]));
}, 10 * MINUTES);
afterAll(async () => {
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: the documents of the OCI specifications
const blob = async (sum: string): Promise<any> =>
  JSON.parse(await readFile(join(out("image"), "blobs/sha256", sum.slice("sha256:".length)), "utf8"));

test(
  "is the same, byte for byte, when it is built again from the same inputs",
  async () => {
    const { manifests } = await blob(digest);
    const again = await buildImage(out("again"), [MACHINE]);
    equal(manifests.map((one: { digest: string }) => one.digest).includes(again.digest), true);
  },
  10 * MINUTES,
);

test("has both architectures, each with a small layer of its own for the application", async () => {
  const { manifests } = await blob(digest);
  deepEqual(
    manifests.map(({ platform }: { platform: { architecture: string } }) => platform.architecture),
    ["amd64", "arm64"],
  );
  const [amd64, arm64] = await Promise.all(manifests.map((one: { digest: string }) => blob(one.digest)));
  equal(amd64.layers[1].digest, arm64.layers[1].digest);
  equal(amd64.layers[1].size < 2_000_000, true);
});

describe("in a registry", () => {
  const source = () => `oci:${out("image")}:${packageJson.version}`;
  const target = () => `docker://${registry.host}/tools/repull:test`;

  test("is what it was, pushed and read back by skopeo", async () => {
    await run("skopeo", [
      "copy",
      "--all",
      "--preserve-digests",
      "--dest-tls-verify=false",
      source(),
      target(),
    ]);
    const { stdout } = await run("skopeo", ["inspect", "--raw", "--tls-verify=false", target()]);
    equal(JSON.parse(stdout).manifests.length, 2);
    const read = await run("skopeo", ["inspect", "--tls-verify=false", "--override-arch", "arm64", target()]);
    const { Digest, Architecture, Os, Labels } = JSON.parse(read.stdout);
    deepEqual({ Digest, Architecture, Os }, { Digest: digest, Architecture: "arm64", Os: "linux" });
    match(
      Labels["dev.repull.packages"],
      /^node=\S+ ca-certificates=\S+ libc6=\S+ libgcc-s1=\S+ libstdc\+\+6=\S+$/,
    );
  });

  test("does not run as root, and starts the command line with one memory arena", async () => {
    const { stdout } = await run("skopeo", ["inspect", "--config", "--override-arch", MACHINE, source()]);
    const { User, Entrypoint, Env } = JSON.parse(stdout).config;
    deepEqual({ User, Entrypoint }, { User: "65532:65532", Entrypoint: [...ENTRYPOINT] });
    ok(Env.includes("MALLOC_ARENA_MAX=1"));
  });
});

/** A root directory of its own needs the right to change it; elsewhere this is not tried. */
describe.runIf(process.getuid?.() === 0)("unpacked", () => {
  const root = () => out("root");
  const repull = (...args: readonly string[]) =>
    run("chroot", ["--userspec=65532:65532", root(), ...ENTRYPOINT, ...args]);

  beforeAll(async () => {
    await mkdir(root());
    const { manifests } = await blob(digest);
    const own = manifests.find(
      ({ platform }: { platform: { architecture: string } }) => platform.architecture === MACHINE,
    );
    for (const layer of (await blob(own.digest)).layers)
      await run("tar", ["-xzf", join(out("image"), "blobs/sha256", layer.digest.slice(7)), "-C", root()]);
  });

  test("runs as its user with nothing else of a system", async () => {
    equal((await repull("--version")).stdout.trim(), packageJson.version);
  });

  test("loads what a cluster needs of it", async () => {
    match((await repull("kubernetes", "webhook", "--help")).stdout, /--tls-cert/);
    match((await repull("kubernetes", "manifests", "--help")).stdout, /--values/);
  });

  test("has the root certificates where OpenSSL looks", async () => {
    const bundle = await readFile(join(root(), "etc/ssl/certs/ca-certificates.crt"), "utf8");
    equal(bundle.split("BEGIN CERTIFICATE").length > 100, true);
  });

  test("has no file that its user may write, and none that runs as another", async () => {
    const { stdout } = await run("find", [root(), "-not", "-type", "l", "-perm", "/6022"]);
    equal(stdout, "");
  });
});
