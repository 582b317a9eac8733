/**
 * What our account may do to the API server's own admission when RBAC lets it do anything there: attempts to break out, with a real
 * token of the account, on a real API server.
 */

import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, test } from "vitest";
import {
  type AdmissionWorld,
  configurationFor,
  startAdmissionWorld,
} from "../support/kube/admission-world.ts";
import { type ApiClient, connectApi, JSON_PATCH } from "../support/kube/api-client.ts";

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const MUTATING = `${ADMISSION}/mutatingwebhookconfigurations`;
const OURS = `${MUTATING}/repull`;

let world: AdmissionWorld;
let ours: ApiClient;

const patch = (path: string, ...changes: readonly object[]) =>
  ours.send("PATCH", path, [...changes], { contentType: JSON_PATCH });
const bundle = () => world.plane.authority.certificateBase64;
const entry = (value: object) => ({ op: "replace", path: "/webhooks/0", value });

beforeAll(async () => {
  world = await startAdmissionWorld({ fence: true });
  await world.plane.kubectl.apply(configurationFor(1, bundle()));
  const { stdout } = await world.plane.kubectl(["create", "token", "repull", "-n", "repull"]);
  ours = await connectApi(world.plane, stdout.trim());
  // A policy is in force a moment after it is there, and so are an account's rights.
  const label = { op: "add", path: "/metadata/labels", value: { a: "b" } };
  for (let left = 400; ; left--) {
    const { body } = await patch(`${OURS}?dryRun=All`, label);
    if (String(body.message).includes("'repull-configuration'")) break;
    if (left === 0) throw new Error(`the fence is not in force: ${JSON.stringify(body)}`);
    await delay(50);
  }
});
afterAll(async () => {
  ours?.close();
  await world?.stop();
});

const configuration = async () => (await world.api.send("GET", OURS)).body;

test("our account may change the authorities of its webhooks", async () => {
  const path = "/webhooks/0/clientConfig/caBundle";
  equal((await patch(OURS, { op: "remove", path })).status, 200);
  equal((await patch(OURS, { op: "add", path, value: bundle() })).status, 200);
});

// biome-ignore format: a table is read by its columns
const refused: readonly (readonly [title: string, ask: () => ReturnType<ApiClient["send"]>])[] = [
  ["the address of its webhook",            () => patch(OURS, { op: "replace", path: "/webhooks/0/clientConfig/url", value: "https://evil.example.com/" })],
  ["a Service instead of the address",      () => patch(OURS, { op: "replace", path: "/webhooks/0/clientConfig", value: { service: { namespace: "default", name: "evil" } } })],
  ["the rules, to see Secrets",             () => patch(OURS, { op: "add", path: "/webhooks/0/rules/-", value: { apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["secrets"] } })],
  ["the failure policy",                    () => patch(OURS, { op: "replace", path: "/webhooks/0/failurePolicy", value: "Fail" })],
  ["the timeout",                           () => patch(OURS, { op: "replace", path: "/webhooks/0/timeoutSeconds", value: 30 })],
  ["the namespaces",                        () => patch(OURS, { op: "remove", path: "/webhooks/0/namespaceSelector" })],
  ["the match conditions",                  () => patch(OURS, { op: "remove", path: "/webhooks/0/matchConditions" })],
  ["one webhook less",                      () => patch(OURS, { op: "remove", path: "/webhooks/2" })],
  ["no webhooks",                           () => patch(OURS, { op: "remove", path: "/webhooks" })],
  ["one webhook more",                      async () => patch(OURS, { op: "add", path: "/webhooks/-", value: { ...(await configuration()).webhooks[0], name: "evil.repull.dev" } })],
  ["another webhook in the place of its own", async () => patch(OURS, entry({ ...(await configuration()).webhooks[0], name: "evil.repull.dev" }))],
  ["a bundle and a rule at once",           () => patch(OURS, { op: "remove", path: "/webhooks/0/clientConfig/caBundle" }, { op: "replace", path: "/webhooks/0/failurePolicy", value: "Fail" })],
  ["a label",                               () => patch(OURS, { op: "add", path: "/metadata/labels", value: { a: "b" } })],
  ["a finalizer",                           () => patch(OURS, { op: "add", path: "/metadata/finalizers", value: ["example.com/f"] })],
  ["the end of the configuration",          () => ours.send("DELETE", OURS)],
  ["the end of all",                        () => ours.send("DELETE", MUTATING)],
  ["another configuration",                 async () => { const { metadata: _, ...one } = await configuration(); return ours.send("POST", MUTATING, { ...one, metadata: { name: "evil" } }); }],
  ["a validating one",                      () => ours.send("POST", `${ADMISSION}/validatingwebhookconfigurations`, { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration", metadata: { name: "evil" }, webhooks: [] })],
];
for (const [title, ask] of refused)
  test(`our account may not write ${title}`, async () => {
    const before = await configuration();
    const answer = await ask();
    equal([403, 422].includes(answer.status), true, `${answer.status} ${JSON.stringify(answer.body)}`);
    deepEqual(await configuration(), before);
  });

test("an administrator may change it as before", async () => {
  const changes = [{ op: "replace", path: "/webhooks/0/timeoutSeconds", value: 2 }];
  equal((await world.api.send("PATCH", OURS, changes, { contentType: JSON_PATCH })).status, 200);
});
