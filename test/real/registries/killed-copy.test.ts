/** A copy that is killed at random moments, again and again, and completed: real processes, real registries. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createRandom } from "../../../src/sandbox/random.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/registries/docker-registry.ts";
import { OciLayout } from "../../support/registries/oci-layout.ts";
import { startHoldingRegistry } from "../../support/registries/unresponsive-registry.ts";

const run = promisify(execFile);
const MAIN = new URL("../../../src/cli/main.ts", import.meta.url).pathname;
const KILLS = 12;
const LAYERS = [16_000_000, 12_000_000, 8_000_000, 4_000_000, 500_000, 70_000, 10];
/** So much is in the first alone. */
const HELD_ABOVE = 15_000_000;

let hub: DockerRegistry;
let mine: DockerRegistry;
let folder: string;

beforeAll(async () => {
  [hub, mine] = await Promise.all([startDockerRegistry(), startDockerRegistry()]);
  folder = await mkdtemp(join(tmpdir(), "repull-killed-"));
  const layout = new OciLayout(join(folder, "image"));
  const amd = await layout.image({ os: "linux", architecture: "amd64" }, LAYERS);
  const arm = await layout.image({ os: "linux", architecture: "arm64" }, [5_000_000, 1000]);
  await layout.tag(await layout.index([amd, arm]), "v1");
  const to = `docker://${hub.host}/team/app:v1`;
  await run("skopeo", ["copy", "-q", "--all", "--dest-tls-verify=false", `oci:${layout.folder}:v1`, to]);
}, 120_000);

afterAll(async () => {
  await Promise.all([hub, mine].map((registry) => registry.stop()));
  await rm(folder, { recursive: true, force: true });
});

const mirror = (to: string, from: { readonly host: string } = hub) =>
  spawn(process.execPath, [MAIN, "mirror", `${from.host}/team/app:v1`, `${mine.host}/${to}`, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Until one blob is said to be copied. */
function firstBlob({ stderr }: ReturnType<typeof mirror>): Promise<void> {
  return new Promise((resolve) => {
    stderr.on("data", (piece: Buffer) => {
      if (/ copied\n/.test(piece.toString())) resolve();
    });
  });
}

type Account = {
  readonly outcome: string;
  readonly digest: string;
  readonly bytesMoved: number;
  readonly bytesSkipped: number;
};

async function finish(to: string): Promise<{ account: Account; status: number }> {
  const child = mirror(to);
  const [out, [status]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { account: JSON.parse(out) as Account, status: Number(status) };
}

async function rawDigest(image: string): Promise<string | undefined> {
  try {
    const words = ["inspect", "--tls-verify=false", "--raw", `docker://${image}`];
    const { stdout } = await run("skopeo", words, { encoding: "buffer" });
    return `sha256:${createHash("sha256").update(stdout).digest("hex")}`;
  } catch {
    return undefined;
  }
}

describe("a copy", () => {
  test(`that is killed ${KILLS} times is completed by its next start, with only what was missing`, async () => {
    const wanted = await rawDigest(`${hub.host}/team/app:v1`);
    const startedAt = Date.now();
    await finish("measured:v1");
    const wholeMs = Date.now() - startedAt;
    const random = createRandom("killed copies");
    const signals = ["SIGKILL", "SIGINT"] as const;
    for (let kill = 0; kill < KILLS; kill++) {
      // Every second time it is the same target, which has more of the image each time.
      const to = `${kill % 2 === 0 ? "same" : `fresh-${kill}`}:v1`;
      const child = mirror(to);
      const closed = once(child, "close");
      await Promise.race([delay(Math.floor(random.next() * wholeMs)), closed]);
      child.kill(signals[kill % signals.length]);
      await closed;
      const named = await rawDigest(`${mine.host}/${to}`);
      ok(named === undefined || named === wanted, `after kill ${kill} the name has ${named}`);
      if (kill % 2 === 0) continue;
      const { account, status } = await finish(to);
      deepEqual([status, account.digest], [0, wanted]);
    }
    const { account, status } = await finish("same:v1");
    deepEqual([status, account.digest], [0, wanted]);
    equal(await rawDigest(`${mine.host}/same:v1`), wanted);
    // skopeo fetches every blob and checks it.
    await run("skopeo", [
      "copy",
      "-q",
      "--all",
      "--src-tls-verify=false",
      `docker://${mine.host}/same:v1`,
      `dir:${join(folder, "pulled")}`,
    ]);
  }, 120_000);

  test("that was killed between its blobs does not move them again", async () => {
    const holding = await startHoldingRegistry(hub, HELD_ABOVE);
    const child = mirror("halfway:v1", holding);
    const closed = once(child, "close");
    await firstBlob(child);
    child.kill("SIGKILL");
    await closed;
    await holding.stop();
    const { account } = await finish("halfway:v1");
    ok(account.bytesSkipped > 0, "nothing was skipped");
    ok(account.bytesMoved > HELD_ABOVE, "the held blob was not moved");
    ok(account.bytesMoved + account.bytesSkipped >= LAYERS.reduce((sum, size) => sum + size, 0));
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "that is ended by %s says what is left, and ends though a blob still does not come",
    async (signal) => {
      const to = `ended-by-${signal.toLowerCase()}:v1`;
      const holding = await startHoldingRegistry(hub, HELD_ABOVE);
      const child = mirror(to, holding);
      const said = text(child.stdout);
      const closed = once(child, "close");
      await firstBlob(child);
      child.kill(signal);
      const [status] = await closed;
      await holding.stop();
      equal(status, 130);
      const { kind, because } = JSON.parse(await said) as { kind: string; because: string };
      equal(kind, "aborted");
      match(because, /^the copy was stopped, [1-9]\d* blobs? of \d{8,} bytes left$/);
      equal(await rawDigest(`${mine.host}/${to}`), undefined);
    },
  );

  test("that is started twice at once ends as one", async () => {
    const [one, other] = await Promise.all([finish("twice:v1"), finish("twice:v1")]);
    deepEqual([one.status, other.status], [0, 0]);
    equal(one.account.digest, other.account.digest);
    equal(await rawDigest(`${mine.host}/twice:v1`), one.account.digest);
  });
});
