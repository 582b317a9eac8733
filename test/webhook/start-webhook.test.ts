/** The webhook over real TLS on loopback: what it answers, and that every fault of ours admits the pod as it is. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, test } from "vitest";
import { packRows } from "../../src/kubernetes/image-index.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Stopwatch } from "../../src/runtime/stopwatch.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { answerReview } from "../../src/webhook/answer-review.ts";
import { type RunningWebhook, startWebhook, type WebhookSettings } from "../../src/webhook/start-webhook.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const use = `public.ecr.aws/docker/library/nginx@${digest}`;
const NOW = Date.parse("2026-11-29T09:00:00Z");
const row = {
  use,
  proof: "same-index",
  trusted: { digest, from: "origin" },
  askedAt: "2026-11-29T08:00:00Z",
  goodUntil: "2026-11-29T14:00:00Z",
  platforms: ["linux/amd64"],
} as const;

let folder: string;
let first: Certificate;
let second: Certificate;
let running: RunningWebhook | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-webhook-"));
  const another = await mkdtemp(join(folder, "second-"));
  [first, second] = await Promise.all([makeCertificate(folder), makeCertificate(another)]);
  return () => rm(folder, { recursive: true });
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

type World = {
  readonly settings?: Partial<WebhookSettings>;
  readonly stopwatch?: Stopwatch;
  readonly certificate?: () => { certificate: string | undefined; key: string | undefined };
  /** Real timers, whose lateness is said. */
  readonly now?: () => number;
};

async function start({ settings, stopwatch, certificate, now = () => NOW }: World = {}) {
  const cluster = createSandboxCluster();
  for (const object of packRows(new Map([["nginx:1.27", row]]))) await cluster.create("imageindexes", object);
  const pair = certificate ?? (() => ({ certificate: first.certificate, key: first.key }));
  const address = { host: "127.0.0.1", port: 0 };
  running = await startWebhook(
    { listen: address, metrics: address, mode: "remediate", account: "a", drainMilliseconds: 0, ...settings },
    {
      cluster,
      // Pauses are short: what is polled is read at once.
      clock: { now, sleep: (_, signal) => systemClock.sleep(1, signal), after: systemClock.after },
      stopwatch: stopwatch ?? (() => () => 0),
      certificate: { read: async () => pair() },
    },
  );
  return { webhook: running, cluster };
}

async function untilReady(webhook: RunningWebhook): Promise<void> {
  while (!webhook.isReady()) await systemClock.sleep(1);
}

type Answer = { readonly status: number; readonly text: string; readonly connection?: string | undefined };

function post(
  { port }: RunningWebhook,
  body: string | Buffer,
  path = "/pods?timeout=1s",
  ca = first.certificate,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method: "POST", ca, agent: false }, (response) => {
      let text = "";
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, connection: response.headers.connection }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const UID = "0b1c2d3e-0000-0000-0000-000000000001";
const review = (pod: object = { containers: [{ name: "web", image: "nginx:1.27" }] }) =>
  JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: UID,
      operation: "CREATE",
      namespace: "default",
      userInfo: { username: "someone" },
      object: { kind: "Pod", apiVersion: "v1", metadata: {}, spec: pod },
    },
  });

const responseIn = ({ text }: Answer) => JSON.parse(text).response;
const patchIn = (answer: Answer) => {
  const { patch } = responseIn(answer);
  return patch === undefined ? undefined : JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
};
const metrics = async ({ metricsPort }: RunningWebhook) =>
  await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();

const UNCHANGED = { uid: UID, allowed: true };

describe("the webhook", () => {
  test("swaps an image of the index, warns, and writes to the audit log", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    const answer = await post(webhook, review());
    equal(
      patchIn(answer)?.find(({ path }: { path: string }) => path === "/spec/containers/0/image").value,
      use,
    );
    const { allowed, warnings, auditAnnotations } = responseIn(answer);
    deepEqual([allowed, warnings.length, Object.keys(auditAnnotations)], [true, 1, ["swapped"]]);
    ok((await metrics(webhook)).includes('repull_webhook_images_total{answer="swap"} 1'));
  });

  test("changes nothing for a namespace that observes, and says what it would do", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    const answer = await post(webhook, review(), "/pods/observe");
    equal(patchIn(answer), undefined);
    deepEqual(
      [responseIn(answer).warnings.length, Object.keys(responseIn(answer).auditAnnotations)],
      [1, ["would-swap"]],
    );
  });

  test("changes nothing where its own mode is off, whatever the path", async () => {
    const { webhook } = await start({ settings: { mode: "off" } });
    await untilReady(webhook);
    equal(patchIn(await post(webhook, review(), "/pods/observe")), undefined);
  });

  test("takes rows that come while it runs, and forgets those that go", async () => {
    const { webhook, cluster } = await start();
    await untilReady(webhook);
    const redis = review({ containers: [{ name: "web", image: "redis:8" }] });
    equal(patchIn(await post(webhook, redis)), undefined);
    const [index] = packRows(new Map([["redis:8", row]]));
    ok(index);
    const now = await cluster.get("imageindexes", { name: "repull-0" });
    await cluster.replace("imageindexes", { ...index, metadata: { ...now?.metadata, ...index.metadata } });
    while (patchIn(await post(webhook, redis)) === undefined) await systemClock.sleep(1);
    equal(patchIn(await post(webhook, review())), undefined);
  });

  test("admits a pod as it is when it has no time left for it", async () => {
    const { webhook } = await start({ stopwatch: () => () => 201 });
    await untilReady(webhook);
    deepEqual(responseIn(await post(webhook, review())), UNCHANGED);
    ok((await metrics(webhook)).includes('repull_webhook_requests_total{result="late"} 1'));
  });

  test("admits a pod as it is when it meets a fault of its own", () => {
    const { document = "", result } = answerReview(review(), () => {
      throw new Error("a fault");
    });
    deepEqual([JSON.parse(document).response, result], [UNCHANGED, "fault"]);
  });

  test("admits a pod of so many images that their notes have no room as it is, without a look at one", () => {
    const looked: string[] = [];
    const get = (image: string) => void looked.push(image);
    const containers = Array.from({ length: 1_001 }, (_, at) => ({ name: `c-${at}`, image: "nginx:1.27" }));
    const { document = "", result } = answerReview(review({ containers }), () => ({
      rows: { get },
      mode: "remediate",
      now: NOW,
    }));
    deepEqual([JSON.parse(document).response, result, looked], [UNCHANGED, "shed", []]);
  });

  test("refuses bodies while those that have begun are 32 MiB, and answers again once they are gone", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    const part = Buffer.alloc(4 * 1024 * 1024, " ");
    const begun = Array.from({ length: 20 }, () => {
      const call = request({
        host: "127.0.0.1",
        port: webhook.port,
        path: "/pods",
        method: "POST",
        ca: first.certificate,
        agent: false,
      });
      const refused = new Promise<boolean>((resolve) => {
        call.on("response", ({ statusCode }) => resolve(statusCode === 503));
        call.on("error", () => resolve(true));
      });
      call.write(part);
      return { call, refused };
    });
    let count = 0;
    for (const { refused } of begun) void refused.then(() => count++);
    while (count < 12) await systemClock.sleep(5);
    ok((await metrics(webhook)).includes('result="shed"} 1'));
    for (const { call } of begun) call.destroy();
    let answer: Answer;
    do answer = await post(webhook, review());
    while (answer.status === 503);
    ok(patchIn(answer));
  });

  test("admits pods as they are while its process is behind", async () => {
    // Each look at the clock is 150 ms after the one before: every timer comes late.
    let at = NOW;
    const { webhook } = await start({
      now: () => {
        at += 150;
        return at;
      },
    });
    await untilReady(webhook);
    const isBehind = async () => /lag_seconds 0\.[1-9]/.test(await metrics(webhook));
    while (!(await isBehind())) await systemClock.sleep(5);
    deepEqual(responseIn(await post(webhook, review())), UNCHANGED);
    ok((await metrics(webhook)).includes('result="shed"} 1'));
  });

  // biome-ignore format: a table is read by its columns
  const bodies: readonly (readonly [string, string | Buffer, number])[] = [
    ["no JSON",                        "{",                                                                400],
    ["nothing",                        "",                                                                 400],
    ["another document",               "{}",                                                               400],
    ["bytes that are not text",         Buffer.from([0xff, 0xfe, 0x00]),                                    400],
    ["more than 4 MiB",                Buffer.alloc(4 * 1024 * 1024 + 1, "x"),                             413],
  ];
  for (const [title, body, status] of bodies) {
    test(`does not answer ${title}, and goes on`, async () => {
      const { webhook } = await start();
      await untilReady(webhook);
      // The connection may be closed before all of a body is sent.
      const answer = await post(webhook, body).catch(() => undefined);
      ok(answer === undefined ? status === 413 : answer.status === status);
      ok(patchIn(await post(webhook, review())));
    });
  }

  test("admits what is not a pod, and a request that it cannot read but for its uid", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    const broken = review().replace('"kind":"Pod"', '"kind":"Deployment"');
    deepEqual(responseIn(await post(webhook, broken)), UNCHANGED);
    deepEqual(responseIn(await post(webhook, `${review()} and more`)), UNCHANGED);
  });

  // biome-ignore format: a table is read by its columns
  const pods: readonly (readonly [string, object])[] = [
    ["without a spec",                    {}],
    ["with containers that are not a list",  { containers: "nginx:1.27" }],
    ["with an image that is a number",    { containers: [{ name: "web", image: 7 }] }],
    ["whose container is __proto__",      { containers: [{ name: "__proto__", image: "__proto__" }] }],
  ];
  for (const [title, pod] of pods) {
    test(`admits a pod ${title} as it is`, async () => {
      const { webhook } = await start();
      await untilReady(webhook);
      equal(patchIn(await post(webhook, review(pod))), undefined);
    });
  }

  test("knows no other path, and reports on each port that it lives", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    equal((await post(webhook, review(), "/other")).status, 404);
    const ask = async (path: string) =>
      (await fetch(`http://127.0.0.1:${webhook.metricsPort}${path}`)).status;
    deepEqual([await ask("/healthz"), await ask("/readyz"), await ask("/other")], [200, 200, 404]);
  });
});

describe("the webhook's certificate", () => {
  test("may come after the start: until then it is not ready, and lives", async () => {
    let pair: { certificate: string | undefined; key: string | undefined } = {
      certificate: undefined,
      key: undefined,
    };
    const { webhook } = await start({ certificate: () => pair });
    equal(webhook.isReady(), false);
    equal((await fetch(`http://127.0.0.1:${webhook.metricsPort}/healthz`)).status, 200);
    equal((await fetch(`http://127.0.0.1:${webhook.metricsPort}/readyz`)).status, 503);
    await post(webhook, review()).then(
      () => ok(false, "answered without a certificate"),
      () => {},
    );
    pair = { certificate: first.certificate, key: first.key };
    await untilReady(webhook);
    ok(patchIn(await post(webhook, review())));
  });

  test("is the new one as soon as its files are, and never one whose key does not fit", async () => {
    let pair = { certificate: first.certificate, key: first.key };
    let reads = 0;
    const { webhook } = await start({
      certificate: () => {
        reads++;
        return pair;
      },
    });
    await untilReady(webhook);
    pair = { certificate: second.certificate, key: first.key };
    for (const until = reads + 3; reads < until; ) await systemClock.sleep(1);
    equal((await post(webhook, review(), "/pods", first.certificate)).status, 200);
    pair = { certificate: second.certificate, key: second.key };
    for (const until = reads + 3; reads < until; ) await systemClock.sleep(1);
    equal((await post(webhook, review(), "/pods", second.certificate)).status, 200);
  });
});

describe("the webhook's end", () => {
  test("is announced on each connection while it still answers", async () => {
    const { webhook } = await start({ settings: { drainMilliseconds: 60_000 } });
    await untilReady(webhook);
    // The test's clock makes this pause a moment: both run at once.
    const [answer] = await Promise.all([post(webhook, review()).catch(() => undefined), webhook.stop()]);
    running = undefined;
    if (answer !== undefined) equal(answer.connection, "close");
    await post(webhook, review()).then(
      () => ok(false, "answered after its end"),
      () => {},
    );
  });

  test("comes where its address is taken", async () => {
    const { webhook } = await start();
    await untilReady(webhook);
    const taken = { host: "127.0.0.1", port: webhook.port };
    const before = running;
    await start({ settings: { listen: taken } }).then(
      () => ok(false, "listens twice"),
      () => {},
    );
    running = before;
  });
});
