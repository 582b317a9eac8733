/** When a registry says that it is too much: what surfaces at once, and what is tried again. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { ALWAYS, isManifest, isUpload, on, status } from "../../support/registries/body-faults.ts";
import { CopyWorld, OCI_MANIFEST } from "../../support/registries/copy-world.ts";

let world: CopyWorld;
let image: { digest: string };
beforeEach(async () => {
  world = await CopyWorld.start();
  image = world.addImage([600_000, 5_000], "v1");
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

describe("a 429", () => {
  const QUOTA = {
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "0;w=21600",
    "docker-ratelimit-source": "192.0.2.1",
  };
  const inSeconds = (seconds: number): Date => new Date(Date.UTC(2026, 10, 21) + seconds * 1000);
  const HOUR_AHEAD = new Date(Date.UTC(2026, 10, 21) + 3_600_000);
  const table: readonly (readonly [string, Record<string, string>, string, "surfaces" | "passes"])[] = [
    ["of a quota", QUOTA, "You have reached your pull rate limit", "surfaces"],
    [
      "of a quota with a short Retry-After",
      { ...QUOTA, "retry-after": "1" },
      "You have reached your pull rate limit",
      "surfaces",
    ],
    [
      "in Docker Hub's words alone",
      { "retry-after": "1" },
      "https://www.docker.com/increase-rate-limit",
      "surfaces",
    ],
    ["that cannot be attributed", {}, "slow down", "surfaces"],
    ["with a Retry-After of a minute", { "retry-after": "60" }, "slow down", "surfaces"],
    ["with a date an hour ahead", { "retry-after": HOUR_AHEAD.toUTCString() }, "slow down", "surfaces"],
    [
      "with an epoch an hour ahead",
      { "retry-after": String(HOUR_AHEAD.getTime() / 1000) },
      "slow down",
      "surfaces",
    ],
    ["with seconds", { "retry-after": "2" }, "slow down", "passes"],
    ["with a date two seconds ahead", { "retry-after": inSeconds(2).toUTCString() }, "slow down", "passes"],
    [
      "with an epoch two seconds ahead",
      { "retry-after": String(inSeconds(2).getTime() / 1000) },
      "slow down",
      "passes",
    ],
    [
      "with an epoch in milliseconds two seconds ahead",
      { "retry-after": String(inSeconds(2).getTime()) },
      "slow down",
      "passes",
    ],
    ["with a date long past", { "retry-after": inSeconds(-9).toUTCString() }, "slow down", "passes"],
    ["with a Retry-After that says nothing", { "retry-after": "soon" }, "slow down", "surfaces"],
    ["with 880.092µs", { "retry-after": "880.092µs" }, "slow down", "passes"],
    ["with its delay in the words", {}, "retry-after: 985.86µs, allowed: 44000/minute", "passes"],
  ];
  for (const [what, headers, message, outcome] of table) {
    test(`${what} ${outcome}`, async () => {
      world.source.mischief = on("GET", isManifest, 1, status(429, headers, message));
      const words = await world.outcome();
      if (outcome === "passes") equal(words, "copied");
      else match(words, /^source rate-limited: .*429/);
      equal(world.source.count("GET", /manifests/), outcome === "passes" ? 2 : 1);
      if (/two seconds|with seconds/.test(what))
        ok(world.clock.slept >= 2000, `waited ${world.clock.slept} ms`);
      deepEqual([...world.target.tags.keys()], outcome === "passes" ? ["copy:v1"] : []);
    });
  }

  test("of the target is a throttle, and passes", async () => {
    world.target.mischief = on("POST", isUpload, 2, status(429));
    equal(await world.outcome(), "copied");
  });

  test("of the target with a minute to wait surfaces", async () => {
    world.target.mischief = on("POST", isUpload, ALWAYS, status(429, { "retry-after": "60" }));
    match(await world.outcome(), /^target rate-limited: .*429/);
    deepEqual(world.target.names("copy"), []);
  });

  test("that never ends is given up after a bounded number of tries", async () => {
    world.source.mischief = on("GET", isManifest, ALWAYS, status(429, { "retry-after": "1" }));
    match(await world.outcome(), /^source rate-limited: .*429/);
    equal(world.source.count("GET", /manifests/), 4);
  });

  test("that would outlast the deadline ends with it", async () => {
    const deadline = new AbortController();
    world.source.mischief = on("GET", isManifest, ALWAYS, (...all) => {
      setTimeout(() => deadline.abort(new Error("the deadline")), 20);
      return status(429, { "retry-after": "30" })(...all);
    });
    world.clock.waits = true;
    match(await world.outcome({}, { signal: deadline.signal }), /aborted: the copy was stopped/);
    equal(world.source.count("GET", /manifests/), 1);
  });

  test("carries its numbers to the caller", async () => {
    world.source.mischief = on("GET", isManifest, ALWAYS, status(429, { ...QUOTA, "retry-after": "7200" }));
    const error = await world.copy().catch((failure: unknown) => failure);
    const { kind, quota, retryAfterSeconds } = error as {
      kind: string;
      quota: unknown;
      retryAfterSeconds: number;
    };
    deepEqual(
      { kind, quota, retryAfterSeconds },
      {
        kind: "rate-limited",
        quota: { limit: 100, remaining: 0, windowSeconds: 21_600, source: "192.0.2.1" },
        retryAfterSeconds: 7200,
      },
    );
  });

  test("is not provoked: a source that has nothing left is not asked for a manifest", async () => {
    world.target.addManifest("copy", { schemaVersion: 2, old: true }, OCI_MANIFEST, "v1");
    world.source.mischief = (request, response, registry) => {
      if (request.method !== "HEAD") return false;
      const { bytes } = registry.manifests.get(image.digest) ?? { bytes: Buffer.alloc(0) };
      response
        .writeHead(200, {
          ...QUOTA,
          "content-type": OCI_MANIFEST,
          "content-length": bytes.length,
          "docker-content-digest": image.digest,
        })
        .end();
      return true;
    };
    match(await world.outcome(), /^source rate-limited: .*not asked, the quota is used up/);
    equal(world.source.count("GET", /manifests/), 0);
  });
});
