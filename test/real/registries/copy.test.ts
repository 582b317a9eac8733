/** The copier between real docker-registry processes, its result looked at by skopeo. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type MirrorInput, mirror } from "../../../src/cli/commands/mirror.ts";
import type { Digest } from "../../../src/image/digest.ts";
import { parsePlatform } from "../../../src/image/platform.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import type { CopyRequest, CopyResult } from "../../../src/oci/copy/types.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { OciLayout } from "../../support/registries/oci-layout.ts";

const run = promisify(execFile);
const skopeo = async (...words: string[]): Promise<Buffer> =>
  (await run("skopeo", words, { encoding: "buffer", maxBuffer: 16_000_000 })).stdout;

// "ann" and "s3cret", bcrypt of cost 4: the registry computes it on every request.
const HTPASSWD = "ann:$2y$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG";

let hub: DockerRegistry;
let mine: DockerRegistry;
let locked: DockerRegistry;
let folder: string;
const send = httpTransport();
const registries = createRegistries({
  send,
  clock: systemClock,
  credentials: async (host) => (host === locked.host ? basicCredentials("ann", "s3cret") : undefined),
});
const copier = createCopier({ registries, clock: systemClock });

beforeAll(async () => {
  [hub, mine, locked] = await Promise.all([
    startDockerRegistry(),
    startDockerRegistry(),
    startDockerRegistry({ htpasswd: HTPASSWD }),
  ]);
  folder = await mkdtemp(join(tmpdir(), "repull-images-"));
  const single = new OciLayout(join(folder, "single"));
  await single.tag(await single.image({ os: "linux", architecture: "amd64" }, [2_000_000, 0, 30_000]), "v1");
  const plain = new OciLayout(join(folder, "plain"));
  await plain.tag(
    await plain.image({ os: "linux", architecture: "amd64" }, [100_000], { uncompressed: true }),
    "v1",
  );
  const multi = new OciLayout(join(folder, "multi"));
  const amd = await multi.image({ os: "linux", architecture: "amd64" }, [500_000, 70_000]);
  const arm = await multi.image({ os: "linux", architecture: "arm64", variant: "v8" }, [400_000]);
  await multi.tag(
    await multi.index([amd, await multi.attestation(amd), arm, await multi.attestation(arm)]),
    "v1",
  );
  const push = (layout: string, image: string, ...words: string[]) =>
    skopeo(
      "copy",
      "-q",
      ...words,
      "--dest-tls-verify=false",
      `oci:${join(folder, layout)}:v1`,
      `docker://${hub.host}/${image}`,
    );
  await push("single", "team/single:v1");
  await push("plain", "team/plain:v1");
  await push("multi", "team/multi:v1", "--all");
  await push("single", "team/schema2:v1", "--format", "v2s2");
}, 60_000);

afterAll(async () => {
  send.close();
  await Promise.all([hub, mine, locked].map((registry) => registry.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** What skopeo gets for a name: the digest of the manifest's bytes. */
async function rawDigest(image: string, ...words: string[]): Promise<string> {
  const raw = await skopeo("inspect", "--tls-verify=false", "--raw", ...words, `docker://${image}`);
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}

function copy(source: string, target: string, more: Partial<CopyRequest> = {}): Promise<CopyResult> {
  return copier.copy({ source: parseReference(source), target: parseReference(target), ...more });
}

describe("every kind of image arrives as the bytes that it was", () => {
  for (const image of ["single", "plain", "multi", "schema2"]) {
    test(image, async () => {
      const result = await copy(`${hub.host}/team/${image}:v1`, `${mine.host}/mirror/${image}:v1`);
      const wanted = await rawDigest(`${hub.host}/team/${image}:v1`);
      equal(result.digest, wanted);
      equal(await rawDigest(`${mine.host}/mirror/${image}:v1`), wanted);
      // skopeo fetches every blob and checks it.
      const pulled = join(folder, `pulled-${image}`);
      await skopeo(
        "copy",
        "-q",
        "--all",
        "--src-tls-verify=false",
        `docker://${mine.host}/mirror/${image}:v1`,
        `dir:${pulled}`,
      );
    });
  }
});

test("one platform is the index's own child, and the index is at hand to prove it", async () => {
  const platforms = [parsePlatform("linux/arm64")];
  const result = await copy(`${hub.host}/team/multi:v1`, `${mine.host}/one/multi:v1`, { platforms });
  equal(await rawDigest(`${mine.host}/one/multi:v1`), result.digest);
  equal(result.sourceDigest, await rawDigest(`${hub.host}/team/multi:v1`));
  equal(result.proof, "kept");
  const kept = await registries.getBlob(
    parseReference(`${mine.host}/one/multi`),
    result.sourceDigest,
    4_194_304,
  );
  ok(Buffer.from(kept ?? []).includes(result.digest));
  const again = await copy(`${hub.host}/team/multi:v1`, `${mine.host}/one/multi:v1`, { platforms });
  deepEqual([again.alreadyPresent, again.requests], [true, { source: 1, target: 2 }]);
});

test("what is there already costs one request on each side", async () => {
  await copy(`${hub.host}/team/single:v1`, `${mine.host}/again/single:v1`);
  const again = await copy(`${hub.host}/team/single:v1`, `${mine.host}/again/single:v1`);
  deepEqual([again.alreadyPresent, again.requests], [true, { source: 1, target: 1 }]);
});

test("blobs are mounted inside one registry", async () => {
  const result = await copy(`${hub.host}/team/single:v1`, `${hub.host}/other/single:v1`);
  deepEqual([result.blobsMoved, result.blobsMounted], [0, 4]);
  equal(await rawDigest(`${hub.host}/other/single:v1`), result.digest);
});

test("Basic authentication opens the target", async () => {
  const result = await copy(`${hub.host}/team/single:v1`, `${locked.host}/mirror/single:v1`);
  equal(await rawDigest(`${locked.host}/mirror/single:v1`, "--creds", "ann:s3cret"), result.digest);
});

test("a digest that the source does not have is absent", async () => {
  const digest: Digest = `sha256:${"0".repeat(64)}`;
  const source = { ...parseReference(`${hub.host}/team/single`), digest };
  const failure = await copier
    .copy({ source, target: parseReference(`${mine.host}/x:v1`) })
    .catch((error: unknown) => error);
  const { kind, side } = failure as { kind: string; side: string };
  deepEqual([kind, side], ["absent", "source"]);
});

describe("repull mirror", () => {
  async function repullMirror(
    input: Partial<MirrorInput>,
  ): Promise<{ status: number; out: string; err: string }> {
    const said = { out: "", err: "" };
    const status = await mirror(
      {
        source: "team/multi:v1",
        target: `${mine.host}/cli/multi:v1`,
        platforms: [],
        allPlatforms: false,
        json: true,
        ...input,
      },
      {
        out: (text) => {
          said.out += text;
        },
        err: (text) => {
          said.err += text;
        },
        isTty: false,
        env: { REPULL_REGISTRY_ENDPOINTS: `registry-1.docker.io=${hub.url}` },
        readFile: async () => undefined,
        signal: new AbortController().signal,
      },
    );
    return { status, ...said };
  }

  test("copies from a Docker Hub that a setting has moved, and accounts for it in JSON", async () => {
    const { status, out, err } = await repullMirror({});
    const account = JSON.parse(out) as { outcome: string; digest: string; blobsMoved: number };
    deepEqual([status, account.outcome, account.blobsMoved], [0, "copied", 9]);
    equal(account.digest, await rawDigest(`${mine.host}/cli/multi:v1`));
    ok(err.includes("Copying docker.io/team/multi:v1 (the whole image)"));
  });

  test("distinguishes a usage error from a failure by its exit status", async () => {
    equal((await repullMirror({ source: "Not A Name" })).status, 2);
    equal((await repullMirror({ platforms: ["linux/arm64"], allPlatforms: true })).status, 2);
    equal((await repullMirror({ platforms: ["linux"] })).status, 2);
    const failed = await repullMirror({ source: "team/multi:v9" });
    deepEqual([failed.status, (JSON.parse(failed.out) as { kind: string }).kind], [1, "absent"]);
  });
});
