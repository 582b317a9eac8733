/** A copy that is stopped, in each of its phases: it says what is left, names nothing, and leaves nothing under way. */

import { deepEqual, equal, match } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, test } from "vitest";
import { ALWAYS, isBlob, isManifest, isUpload, on, status } from "../../support/registries/body-faults.ts";
import { CopyWorld } from "../../support/registries/copy-world.ts";
import type { Mischief } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
let stopping: AbortController;
beforeEach(async () => {
  world = await CopyWorld.start();
  world.addImage([600_000, 500_000, 5_000], "v1");
  stopping = new AbortController();
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

/** Has this test's copy stopped, and no later one's. */
const stopSoon = (): void => {
  const copy = stopping;
  setTimeout(() => copy.abort(new Error("interrupted")), 20);
};

/** Says nothing, and has the copy stopped. */
const silence: Mischief = (request) => {
  request.resume();
  stopSoon();
  return true;
};
const halfway: Mischief = (request, response, registry) => {
  const length = registry.blobs.get(request.url?.split("/").at(-1) ?? "")?.length;
  response.writeHead(200, { "content-length": length });
  response.flushHeaders();
  stopSoon();
  return true;
};
const unread: Mischief = (request) => {
  request.pause();
  stopSoon();
  return true;
};
const nothing = /aborted: the copy was stopped, no blob was left$/;
const all = /aborted: the copy was stopped, [1-4] blobs? of \d{4,} bytes left$/;

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, "source" | "target", Mischief, RegExp])[] = [
  ["while the target's name is asked for", "target", on("HEAD", isManifest, ALWAYS, silence), nothing],
  ["while the manifest is asked for",      "source", on("GET",  isManifest, ALWAYS, silence), nothing],
  ["while a blob is looked for",           "target", on("HEAD", isBlob,     ALWAYS, silence), all],
  ["while a blob is asked for",            "source", on("GET",  isBlob,     ALWAYS, silence), all],
  ["in the middle of a blob",              "source", on("GET",  isBlob,     ALWAYS, halfway), all],
  ["while an upload is begun",             "target", on("POST", isUpload,   ALWAYS, silence), all],
  ["in the middle of an upload",           "target", on("PUT",  isUpload,   ALWAYS, unread),  all],
  ["while an upload is not answered",      "target", on("PUT",  isUpload,   ALWAYS, silence), all],
  ["while the manifest is stored",         "target", on("PUT",  isManifest, ALWAYS, silence), nothing],
];

describe("a copy that is stopped", () => {
  for (const [when, side, mischief, outcome] of table) {
    test(`${when}: ${outcome.source}`, async () => {
      world[side].mischief = mischief;
      match(await world.outcome({}, { signal: stopping.signal }), outcome);
      deepEqual([...world.target.tags.keys()], []);
      // What was on its way may still arrive; then nothing more does.
      const seen = (): number => world.source.seen.length + world.target.seen.length;
      let before = -1;
      for (let round = 0; round < 10 && before !== seen(); round++) {
        before = seen();
        await delay(100);
      }
      equal(seen(), before, "it goes on asking");
    });
  }

  test("before it has begun sends no request", async () => {
    stopping.abort(new Error("interrupted"));
    match(await world.outcome({}, { signal: stopping.signal }), nothing);
    equal(world.source.seen.length + world.target.seen.length, 0);
  });

  test("while it waits to try again does not wait any longer", async () => {
    world.clock.waits = true;
    world.source.mischief = (...asked) => {
      stopSoon();
      return on("GET", isBlob, ALWAYS, status(503))(...asked);
    };
    match(await world.outcome({}, { signal: stopping.signal }), all);
  });

  test("goes on where it was once it is started again", async () => {
    // The two big layers do not come; the small one and the config do.
    const big = [...world.source.blobs].filter(([, { length }]) => length > 100_000);
    const isBig = (path: string): boolean => big.some(([digest]) => path.endsWith(digest));
    world.source.mischief = on("GET", isBig, ALWAYS, () => true);
    let settled = 0;
    const onProgress = ({ state }: { readonly state: string }): void => {
      if (state === "done") settled += 1;
      if (settled === 2) stopping.abort(new Error("enough for now"));
    };
    match(await world.outcome({}, { signal: stopping.signal, onProgress }), all);
    world.source.mischief = () => false;
    const { blobsSkipped, blobsMoved } = await world.copy();
    deepEqual([blobsSkipped, blobsMoved], [2, 2]);
  });
});
