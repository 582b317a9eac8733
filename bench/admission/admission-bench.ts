/**
 * `npm run bench -- admission`: what the creation of a pod costs more with the policy, and with the webhook.
 *
 * A real API server, an index of 5,000 rows with 1,000 workloads whose label lowers their mode, 50 pods of a ReplicaSet a second;
 * nothing, the policy and the webhook one after the other, in rounds, so that whatever else the machine does meets each of them. The figures
 * are the API server's own.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import { swapImagesBinding, swapImagesPolicy } from "../../src/kubernetes/policies/swap-images.ts";
import {
  type AdmissionWorld,
  podOf,
  rowOf,
  startAdmissionWorld,
} from "../../test/support/kube/admission-world.ts";
import { added, type Histogram, histogramIn } from "./histograms.ts";
import { startWebhookProcess, type WebhookProcess } from "./webhook-process.ts";

/**
 * `policy-left`: with the policy, pods of images that the index does not know; `policy-swapped`: of images that it knows. `least`: a
 * policy that only adds an annotation, which is what the API server asks for any policy that changes a pod.
 */
export const WAYS = ["nothing", "policy-left", "policy-swapped", "least", "webhook"] as const;
export type Way = (typeof WAYS)[number];

export type Leg = {
  readonly way: Way;
  /** Of the whole request, by the API server. */
  readonly request: Histogram;
  /** Of the admission step alone, a call each: of all policies, or of our webhook. */
  readonly step: Histogram;
  /** Seen by the client, sorted, in milliseconds. */
  readonly seen: readonly number[];
  /** Processor time of the API server, of all its threads, by its own count. */
  readonly serverSeconds: number;
  readonly swapped: number;
  readonly refused: number;
};

export type AdmissionBench = {
  readonly legs: readonly Leg[];
  readonly webhookMegabytes: number;
  readonly inWebhook: Histogram;
};

export type AdmissionBenchOptions = {
  readonly rounds: number;
  readonly pods: number;
  readonly podsPerSecond: number;
  readonly rows: number;
  /** Workloads whose label lowers their mode: of other pods than those that are made. */
  readonly lowered: number;
  readonly tell: (text: string) => void;
};

const PODS = "/api/v1/namespaces/default/pods";
const PODS_BEFORE = 25;
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const BINDINGS = `${ADMISSION}/mutatingadmissionpolicybindings`;
const CONFIGURATIONS = `${ADMISSION}/mutatingwebhookconfigurations`;

const STEP_OF_POLICIES = {
  name: "apiserver_admission_controller_admission_duration_seconds",
  labels: { name: "MutatingAdmissionPolicy", operation: "CREATE", type: "admit" },
};
const STEPS = {
  nothing: STEP_OF_POLICIES,
  "policy-left": STEP_OF_POLICIES,
  "policy-swapped": STEP_OF_POLICIES,
  least: STEP_OF_POLICIES,
  webhook: {
    name: "apiserver_admission_webhook_admission_duration_seconds",
    labels: { name: "pods.repull.dev", operation: "CREATE" },
  },
} as const;

export async function benchAdmission(options: AdmissionBenchOptions): Promise<AdmissionBench> {
  const world = await startAdmissionWorld({ policy: true });
  let webhook: WebhookProcess | undefined;
  try {
    webhook = await startWebhookProcess(world.plane);
    options.tell(`an index of ${options.rows} rows …\n`);
    await world.writeIndex(indexOf(options.rows), loweredOf(options.lowered));
    await webhook.untilRows(options.rows);
    const legs: Leg[] = [];
    const count = { made: 0 };
    for (let round = 0; round < options.rounds; round++)
      for (const way of rotated(WAYS, round)) {
        options.tell(`round ${round + 1} of ${options.rounds}: ${way} …\n`);
        legs.push(await runLeg(world, webhook, way, options, count));
      }
    return { legs, webhookMegabytes: await webhook.residentMegabytes(), inWebhook: await webhook.own() };
  } finally {
    await webhook?.stop();
    await world.stop();
  }
}

async function runLeg(
  { api }: AdmissionWorld,
  webhook: WebhookProcess,
  way: Way,
  { pods, podsPerSecond, rows }: AdmissionBenchOptions,
  count: { made: number },
): Promise<Leg> {
  await use(api, webhook, way);
  const metrics = async () => String((await api.send("GET", "/metrics")).body);
  const createOne = async (at: number) => {
    const began = performance.now();
    // Neighbours in time are far from each other in the index.
    const { status, body } = await api.send(
      "POST",
      PODS,
      podWith(`pod-${at}`, way === "policy-left" ? rows + at : (at * 7919) % rows),
    );
    return { milliseconds: performance.now() - began, status, image: imageIn(body) };
  };
  const createMany = async (many: number) => {
    const answers: ReturnType<typeof createOne>[] = [];
    const from = performance.now();
    for (let at = 0; at < many; at++) {
      const wait = from + (at * 1000) / podsPerSecond - performance.now();
      if (wait > 0) await delay(wait);
      answers.push(createOne(count.made++));
    }
    return await Promise.all(answers);
  };
  // The pods of the leg before were deleted a moment ago, and what is in force has changed.
  await createMany(PODS_BEFORE);
  const before = await metrics();
  const all = await createMany(pods);
  const after = await metrics();
  const difference = (name: string, labels: Readonly<Record<string, string>>) =>
    added(histogramIn(after, name, labels), histogramIn(before, name, labels));
  await api.send("DELETE", PODS);
  const seconds = (text: string) => Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
  const ofPods = { verb: "POST", resource: "pods", subresource: "", dry_run: "" };
  return {
    way,
    request: difference("apiserver_request_duration_seconds", ofPods),
    step: difference(STEPS[way].name, STEPS[way].labels),
    seen: all.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b),
    serverSeconds: seconds(after) - seconds(before),
    swapped: all.filter(({ image }) => image.includes("@sha256:")).length,
    refused: all.filter(({ status }) => status !== 201).length,
  };
}

/** Puts one of them in force, and waits until a pod that is only tried shows it. */
async function use(api: AdmissionWorld["api"], webhook: WebhookProcess, way: Way): Promise<void> {
  const isSwapped = async () => {
    const tried = await api.send("POST", `${PODS}?dryRun=All`, podWith("tried", 0));
    return imageIn(tried.body).includes("@sha256:") || tried.body.metadata.annotations !== undefined;
  };
  await api.send("DELETE", `${BINDINGS}/${swapImagesBinding().metadata.name}`);
  await api.send("DELETE", `${BINDINGS}/${LEAST}`);
  await api.send("DELETE", `${CONFIGURATIONS}/repull`);
  while (await isSwapped()) await delay(50);
  if (way === "policy-swapped" || way === "policy-left")
    await api.send("POST", BINDINGS, swapImagesBinding());
  if (way === "least") {
    await api.send("POST", `${ADMISSION}/mutatingadmissionpolicies`, leastPolicy());
    const spec = { policyName: LEAST };
    await api.send("POST", BINDINGS, { ...swapImagesBinding(), metadata: { name: LEAST }, spec });
  }
  if (way === "webhook") await api.send("POST", CONFIGURATIONS, webhook.configuration);
  while (way !== "nothing" && !(await isSwapped())) await delay(50);
}

const LEAST = "least";

function leastPolicy(): object {
  const policy = swapImagesPolicy({ account: "", namespace: "repull" });
  const { paramKind: _, variables: __, ...spec } = policy.spec;
  const expression = '[JSONPatch{op: "add", path: "/metadata/annotations", value: {"a.example/b": "c"}}]';
  const mutations = [{ patchType: "JSONPatch", jsonPatch: { expression } }];
  return { ...policy, metadata: { name: LEAST }, spec: { ...spec, mutations } };
}

const imageOf = (at: number) => `docker.io/shop/service-${at}:1.${at % 97}`;

function indexOf(rows: number): ReadonlyMap<string, IndexRow> {
  const goodUntil = new Date(Date.now() + 6 * 3_600_000).toISOString();
  return new Map(
    Array.from({ length: rows }, (_, at) => [
      imageOf(at),
      rowOf(`service-${at}`, (at % 16).toString(16), { goodUntil }),
    ]),
  );
}

function loweredOf(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`shop/Deployment/lowered-${at}`, "off"]),
  );
}

/** As a Deployment's ReplicaSet makes it: the policy looks its names up among the lowered workloads. */
function podWith(name: string, at: number) {
  const container = { name: "web", image: imageOf(at), imagePullPolicy: "IfNotPresent" };
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d4f8c7b9", controller: true };
  return podOf(
    name,
    { containers: [container] },
    {
      labels: { app: "web", "pod-template-hash": "5d4f8c7b9" },
      ownerReferences: [{ ...owner, uid: "00000000-0000-4000-8000-000000000001" }],
    },
  );
}

function imageIn(body: { readonly spec?: { readonly containers?: readonly { image?: string }[] } }): string {
  return body.spec?.containers?.[0]?.image ?? "";
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
