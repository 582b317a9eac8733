/**
 * `allowedRegistries` on a real API server: the fence lets and refuses the same images as the controller's own rule, of pods and
 * of the index, and can judge the largest index by the longest list within the server's limit of cost.
 */

import { equal } from "node:assert/strict";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { fencePolicies } from "../../src/kubernetes/policies/fence.ts";
import {
  type AdmissionWorld,
  INDEXES,
  podOf,
  rowOf,
  startAdmissionWorld,
} from "../support/kube/admission-world.ts";
import { JSON_PATCH } from "../support/kube/api-client.ts";
import { ALLOWED_CASES } from "../support/kubernetes/allowed-cases.ts";

const PODS = "/api/v1/namespaces/default/pods";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
const ENTRIES_MAX = 50;
const ROWS_MAX = 4_000;

const lists = [...new Set(ALLOWED_CASES.map(({ allowed }) => JSON.stringify(allowed)))];
/** An account for each list, since a fence is of one account. */
const accountOf = (list: string) => `system:serviceaccount:repull:list-${lists.indexOf(list)}`;
const MASTERS = ["system:masters"];

let world: AdmissionWorld;
let count = 0;

/** The fences of one list, under names of their own. */
function fencesOf(list: string, fences: readonly string[], name: string) {
  return fencePolicies({ account: accountOf(list), allowedRegistries: list })
    .filter(({ metadata }) => fences.includes(metadata.name))
    .map((one) => ({
      ...one,
      metadata: { name: `${one.metadata.name}-${name}` },
      spec:
        "policyName" in one.spec ? { ...one.spec, policyName: `${one.spec.policyName}-${name}` } : one.spec,
    }));
}

const rowsOf = (uses: readonly string[]) =>
  Object.fromEntries(uses.map((use, at) => [`docker.io/app-${at}`, { ...rowOf("app", "a"), use }]));
const indexOf = (uses: readonly string[]) => ({
  apiVersion: "repull.dev/v1",
  kind: "ImageIndex",
  metadata: { name: `own-${++count}` },
  spec: { rows: rowsOf(uses) },
});
const tryIndex = (list: string, uses: readonly string[]) =>
  world.api.send("POST", `${INDEXES}?dryRun=All`, indexOf(uses), { user: accountOf(list), groups: MASTERS });

beforeAll(async () => {
  world = await startAdmissionWorld();
  const items = lists.flatMap((list, at) => fencesOf(list, ["repull-pods"], String(at)));
  await world.plane.kubectl.apply({ apiVersion: "v1", kind: "List", items });
  for (const list of lists)
    await vi.waitFor(
      async () => {
        const pod = podOf("first", { containers: [{ name: "a", image: "b" }] });
        const answer = await world.api.send("POST", `${PODS}?dryRun=All`, pod, {
          user: accountOf(list),
          groups: MASTERS,
        });
        equal(answer.status, 403);
      },
      { timeout: 30_000, interval: 50 },
    );
});
afterAll(() => world?.stop());

describe("in a pod that waits, the fence", () => {
  for (const { title, allowed, image, is } of ALLOWED_CASES)
    test(`${is ? "lets" : "refuses"} ${title}`, async () => {
      const name = `stuck-${++count}`;
      const pod = podOf(name, { containers: [{ name: "web", image: "nginx:1.27" }] });
      equal((await world.api.send("POST", PODS, pod)).status, 201);
      const waiting = {
        name: "web",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: "ImagePullBackOff" } },
      };
      const status = { phase: "Pending", containerStatuses: [waiting] };
      await world.api.send("PATCH", `${PODS}/${name}/status`, { status }, { contentType: STRATEGIC_PATCH });
      const note = `nginx:1.27 sha256:${"a".repeat(64)} same-index pod 2026-11-29T08:00:00Z`;
      const changes = [
        { op: "replace", path: "/spec/containers/0/image", value: image },
        { op: "add", path: "/metadata/annotations", value: { "image.repull.dev/web": note } },
      ];
      const answer = await world.api.send("PATCH", `${PODS}/${name}`, changes, {
        contentType: JSON_PATCH,
        user: accountOf(JSON.stringify(allowed)),
        groups: MASTERS,
      });
      equal(answer.status, is ? 200 : 422, JSON.stringify(answer.body));
    });
});

describe("in the index, the fence", () => {
  const [list = ""] = lists.filter((one) => one.includes("docker/library") && !one.includes("other"));
  const cases = ALLOWED_CASES.filter(({ allowed }) => JSON.stringify(allowed) === list);
  beforeAll(() => bindIndexFence(list));

  for (const { title, image, is } of cases)
    test(`${is ? "lets" : "refuses"} ${title}`, async () => {
      const [good = ""] = JSON.parse(list);
      const answer = await tryIndex(list, [`${good}/x@sha256:${"b".repeat(64)}`, image]);
      equal(answer.status, is ? 201 : 422, JSON.stringify(answer.body).slice(0, 1_000));
    });

  test(`judges ${ROWS_MAX} rows by ${ENTRIES_MAX} entries that begin alike, of which the last is theirs`, async () => {
    const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    const entries = Array.from({ length: ENTRIES_MAX }, (_, at) => `${registry}/repull/team-${100 + at}`);
    lists.push(JSON.stringify(entries));
    await bindIndexFence(JSON.stringify(entries));
    const digest = `sha256:${"c".repeat(64)}`;
    const uses = Array.from({ length: ROWS_MAX }, () => `${entries.at(-1)}/app@${digest}`);
    const answer = await tryIndex(JSON.stringify(entries), uses);
    equal(answer.status, 201, JSON.stringify(answer.body).slice(0, 1_000));
    const evil = await tryIndex(JSON.stringify(entries), [
      ...uses.slice(1),
      `${registry}/repull/evil@${digest}`,
    ]);
    equal(evil.status, 422);
  });
});

/** Puts the index's fence in force for the account of this list, in the place of one before it. */
async function bindIndexFence(list: string): Promise<void> {
  const items = fencesOf(list, ["repull-index"], "list");
  await world.plane.kubectl.apply({ apiVersion: "v1", kind: "List", items });
  const [entry] = JSON.parse(list) as string[];
  await vi.waitFor(
    async () => {
      const at = `@sha256:${"b".repeat(64)}`;
      equal((await tryIndex(list, [`${entry}/x${at}`])).status, 201);
      equal((await tryIndex(list, [`nowhere.example/x${at}`])).status, 422);
    },
    { timeout: 30_000, interval: 50 },
  );
}
