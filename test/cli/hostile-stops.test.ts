/** A copy that is stopped, by a signal, by its time or by a pipe that closes, leaves no upload behind that can be taken away. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { FastClock } from "../support/fast-clock.ts";
import { isBlob, isUpload } from "../support/registries/body-faults.ts";
import { CopyWorld } from "../support/registries/copy-world.ts";
import { LoopbackRegistry, type Mischief } from "../support/registries/loopback-registry.ts";

/** What the registries do, and reports that the moment has come. */
type Phase = (now: () => void) => { readonly source?: Mischief; readonly target?: Mischief };

const isPost: (request: Parameters<Mischief>[0]) => boolean = ({ method, url }) =>
  method === "POST" && isUpload(url ?? "");
const isPut: typeof isPost = ({ method, url }) => method === "PUT" && isUpload(url ?? "");
/** A DELETE that takes most of two seconds. */
const slowDelete: Mischief = async ({ method }) => {
  if (method === "DELETE") await delay(1700);
  return false;
};
const unread =
  (now: () => void): Mischief =>
  (request) => {
    if (!isPut(request)) return false;
    request.pause();
    now();
    return true;
  };

const PHASES: Readonly<Record<string, Phase>> = {
  "while uploads begin": (now) => ({
    target: async (...asked) => {
      if (!isPost(asked[0])) return unread(now)(...asked);
      now();
      await delay(700);
      return false;
    },
  }),
  "while blobs are awaited": (now) => ({
    source: ({ method, url }) => {
      if (method !== "GET" || !isBlob(url ?? "")) return false;
      now();
      return true;
    },
  }),
  "in the middle of uploads": (now) => ({ target: unread(now) }),
  "in the middle of uploads that are slow to be given up": (now) => ({
    target: async (...asked) => (await unread(now)(...asked)) || slowDelete(...asked),
  }),
  "while an upload is not answered": (now) => ({
    target: (request) => {
      if (!isPut(request)) return false;
      request.resume().once("end", now);
      return true;
    },
  }),
};

const STOPS = { SIGINT: 130, SIGTERM: 130, "--timeout": 5, "a closed pipe": undefined } as const;

describe("a copy leaves no upload behind", () => {
  for (const [phase, act] of Object.entries(PHASES)) {
    for (const [stop, status] of Object.entries(STOPS)) {
      test.concurrent(`stopped by ${stop} ${phase}`, async () => {
        const [source, target] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
        const world = new CopyWorld(source, target, undefined, undefined, { clock: new FastClock() });
        world.addImage([600_000, 500_000, 1000], "v1");
        const { promise: moment, resolve: now } = Promise.withResolvers<void>();
        const { source: atSource, target: atTarget } = act(now);
        if (atSource !== undefined) source.mischief = atSource;
        if (atTarget !== undefined) target.mischief = atTarget;
        // A closed pipe ends nothing that has begun: its time does.
        const timeout = stop === "--timeout" ? "3" : stop === "a closed pipe" ? "4" : "600";
        const args = [
          "src/cli/main.ts",
          "mirror",
          `${source.host}/app:v1`,
          `${target.host}/copy:v1`,
          "--timeout",
          timeout,
        ];
        const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? "" } });
        child.stdout.resume();
        child.stderr.resume();
        const exit = once(child, "exit");
        await moment;
        await delay(50);
        const startedAt = performance.now();
        if (stop === "SIGINT" || stop === "SIGTERM") child.kill(stop);
        if (stop === "a closed pipe") {
          child.stdout.destroy();
          child.stderr.destroy();
        }
        const [code] = (await exit) as [number | null];
        ok(performance.now() - startedAt < 12_000, `${performance.now() - startedAt} ms`);
        if (status !== undefined) equal(code, status);
        // The server learns of the last DELETE a moment later.
        for (let waited = 0; waited < 50 && target.openUploads.size > 0; waited++) await delay(50);
        deepEqual([...target.openUploads], []);
        source.wake();
        target.wake();
        await world.stop();
      }, 60_000);
    }
  }
});
