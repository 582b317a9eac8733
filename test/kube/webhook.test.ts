/** The webhook as the API server meets it: warnings, the audit log, its death and its return, two objects of an index. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test as vitestTest } from "vitest";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import {
  type AdmissionWorld,
  podOf,
  rowOf,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";
import { ofSeenPods } from "../support/kube/passed-unseen.ts";

const PODS = "/api/v1/namespaces/default/pods";
const DRY = `${PODS}?dryRun=All`;
const web = (image = "nginx:1.27") => ({ containers: [{ name: "web", image }] });

const AUDIT_POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{ level: Metadata, resources: [{ group: "", resources: [pods] }] }]
`;

describe("pods that meet a webhook", () => {
  const test = (title: string, run: () => Promise<void>) => vitestTest(title, () => ofSeenPods(world, run));

  /** The image of a new pod, once the webhook had the time to look at one. */
  const imageOfNew = async (image: string, expected: string): Promise<string> => {
    for (let left = 50; ; left--) {
      const { body } = await world.api.send("POST", DRY, podOf("new", web(image)));
      const admitted = body.spec.containers[0].image;
      if (admitted === expected || left === 0) return admitted;
      await delay(50);
    }
  };

  let world: AdmissionWorld;
  let auditLog: string;
  let count = 0;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "repull-audit-"));
    const policy = join(folder, "policy.yaml");
    auditLog = join(folder, "audit.log");
    await writeFile(policy, AUDIT_POLICY);
    const apiServerArgs = [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${auditLog}`,
      "--audit-log-mode=blocking",
    ];
    world = await startAdmissionWorld({ apiServerArgs });
    await world.startWebhook();
    await world.writeIndex(new Map([["nginx:1.27", rowOf("nginx", "a")]]));
  });
  afterAll(async () => {
    await world.stop();
    await rm(dirname(auditLog), { recursive: true });
  });

  test("get a line for each swap, of at most 120 characters", async () => {
    const { warnings } = await world.api.send("POST", DRY, podOf("told", web()));
    equal(warnings.length, 1);
    ok(
      warnings.every((warning) => warning.startsWith("repull: web") && warning.length <= 120),
      warnings.join(),
    );
  });

  test("get what would be done where they observe", async () => {
    const labels = { "repull.dev/mode": "observe" };
    const { body, warnings } = await world.api.send("POST", DRY, podOf("told", web(), { labels }));
    deepEqual([body.spec.containers[0].image, warnings.length], ["nginx:1.27", 1]);
    ok(warnings[0]?.includes("would run"));
  });

  test("have their swap in the audit log", async () => {
    const name = `logged-${++count}`;
    await world.api.send("POST", PODS, podOf(name, web()));
    const events = (await readFile(auditLog, "utf8"))
      .split("\n")
      .filter((line) => line.includes(`"${name}"`));
    const annotations = events.map((line) => JSON.parse(line).annotations ?? {});
    const swapped = annotations.map((one) => one["pods.repull.dev/swapped"]).find((one) => one !== undefined);
    ok(
      swapped?.startsWith("web: nginx:1.27 sha256:") && swapped.endsWith(useOf("nginx", "a")),
      JSON.stringify(annotations),
    );
  });

  vitestTest("are admitted as they are while it is dead, and swapped by the next one", async () => {
    const webhook = world.webhook();
    await webhook.stop("SIGKILL");
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => world.api.send("POST", PODS, podOf(`dead-${at}`, web()))),
    );
    deepEqual(
      [...new Set(answers.map(({ status, body }) => `${status} ${body.spec.containers[0].image}`))],
      ["201 nginx:1.27"],
    );
    await world.startWebhook();
    equal(await imageOfNew("nginx:1.27", useOf("nginx", "a")), useOf("nginx", "a"));
  });

  vitestTest(
    "are swapped by what it knows when the API server comes back, and by what comes then",
    async () => {
      await world.plane.stopApiServer();
      await world.plane.startApiServer();
      await world.writeIndex(
        new Map([
          ["nginx:1.27", rowOf("nginx", "a")],
          ["redis:8", rowOf("redis", "b")],
        ]),
      );
      equal(await imageOfNew("redis:8", useOf("redis", "b")), useOf("redis", "b"));
    },
  );
});

describe("an index of several objects", () => {
  const test = vitestTest;
  let world: AdmissionWorld;
  beforeAll(async () => {
    world = await startAdmissionWorld({ policy: true, fence: true });
  });
  afterAll(() => world.stop());

  test("swaps images of each of them in one pod, by the policy", async () => {
    const rows = new Map<string, IndexRow>(
      Array.from({ length: 5_000 }, (_, at) => [
        `docker.io/library/app-${at}:1.${at}`,
        rowOf(`app-${at}`, "a"),
      ]),
    );
    await world.writeIndex(rows);
    const { items } = (await world.api.send("GET", "/apis/repull.dev/v1/imageindexes")).body;
    const containers = items.map(({ spec }: { spec: { rows: object } }, at: number) => ({
      name: `c${at}`,
      image: Object.keys(spec.rows)[0],
    }));
    ok(containers.length > 1);
    // The API server reads each object by a watch of its own.
    let images: readonly string[] = [""];
    for (let tries = 0; tries < 100 && !images.every((image) => image.startsWith("public")); tries++) {
      await delay(50);
      const { body } = await world.api.send("POST", DRY, podOf("many", { containers }));
      images = body.spec.containers.map(({ image }: { image: string }) => image);
    }
    deepEqual(
      images,
      containers.map(({ image }: { image: string }) => rows.get(image)?.use),
    );
  });
});
