/** Plays lives against a real API server, and says everything that is not as the model has it. */

import { styleText } from "node:util";
import { type AdmissionWorld, startAdmissionWorld } from "../../support/kube/admission-world.ts";
import { MERGE_PATCH } from "../../support/kube/api-client.ts";
import { startInjector } from "../../support/kube/injecting-webhook.ts";
import { passedUnseen } from "../../support/kube/passed-unseen.ts";
import { ROWS } from "./images.ts";
import { type Life, lifeOf, NAMESPACES } from "./lives.ts";
import { expectedOf, isChangeable, type Site, sitesOf } from "./model.ts";
import { askedFor, creation, isFull } from "./requests.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of the API server
type Any = any;

export type Way = "policy" | "webhook" | "both";

export type Figures = {
  readonly way: Way;
  pods: number;
  /** Created without us and refused with us, or updated: must be none. */
  refused: number;
  updates: number;
  reinvoked: number;
  swaps: number;
  left: number;
  kept: number;
  /** Images that stayed as they are because the webhook had no time to look: `unanswered` requests, by its count and the API server's. */
  missed: number;
  unanswered: number;
  /** Pods that the API server would not have taken without us either. */
  invalid: number;
  readonly faults: string[];
};

/** @param count lives, from number `first` on */
export async function runLives(way: Way, seed: number, count: number, first = 1): Promise<Figures> {
  const world = await startAdmissionWorld({ policy: way !== "webhook" });
  let stopInjector: (() => Promise<void>) | undefined;
  try {
    for (const [name, mode] of Object.entries(NAMESPACES))
      await world.plane.kubectl.apply({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: mode === undefined ? {} : { "repull.dev/mode": mode } },
      });
    if (way !== "policy") await world.startWebhook();
    await world.writeIndex(ROWS);
    stopInjector = await startInjector(world.plane);
    await untilInjected(world);
    const figures: Figures = {
      way,
      pods: 0,
      refused: 0,
      updates: 0,
      reinvoked: 0,
      swaps: 0,
      left: 0,
      kept: 0,
      missed: 0,
      unanswered: 0,
      invalid: 0,
      faults: [],
    };
    let next = first;
    const worker = async () => {
      while (next < first + count) await live(world, lifeOf(seed, next++), figures);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    if (way !== "policy") figures.unanswered = await passedUnseen(world);
    if (figures.missed > figures.unanswered * 8)
      figures.faults.push("images were left that the webhook had looked at");
    return figures;
  } finally {
    await stopInjector?.();
    await world.stop();
  }
}

async function live(world: AdmissionWorld, life: Life, figures: Figures): Promise<void> {
  const pods = `/api/v1/namespaces/${life.namespace}/pods`;
  const fault = (what: string) => figures.faults.push(`life ${life.number}: ${what}`);
  const without = await withoutUs(world, life);
  const created = await create(world, life, life.pod);
  if (without.status !== 201) {
    figures.invalid++;
    if (created.status === 201) {
      fault(`taken, although without us: ${JSON.stringify(without.body)}`);
      return;
    }
  }
  if (created.status !== 201) {
    if (without.status === 201) {
      figures.refused++;
      fault(`refused: ${JSON.stringify(created.body)}`);
    }
    return;
  }
  figures.pods++;
  let pod = created.body;
  if (pod.metadata.labels?.inject === "yes") figures.reinvoked++;
  // The server's answer to the same pod without us is what was asked for, its defaults and the sidecar of others included.
  compare(
    without.body.spec,
    { ...without.body, metadata: { ...pod.metadata, annotations: without.body.metadata.annotations } },
    undefined,
    pod,
    figures,
    fault,
  );
  for (const change of life.changes) {
    const asked = askedFor(change, pod, life);
    if (asked === undefined) continue;
    figures.updates++;
    const path = `${pods}/${pod.metadata.name}`;
    const now = await world.api.send("GET", path);
    // Without a finalizer it is gone at once.
    if (now.status === 404) break;
    const answer = await world.api.send(asked.method, `${path}${asked.sub}`, asked.body, {
      contentType: asked.contentType,
    });
    if (answer.status !== 200) {
      figures.refused++;
      fault(`${change.kind} refused: ${JSON.stringify(answer.body)}`);
      continue;
    }
    // A DELETE may answer with a Status alone.
    if (answer.body.kind !== "Pod") continue;
    compare(asked.pod.spec, asked.pod, pod, answer.body, figures, (what) =>
      fault(`${JSON.stringify(change).slice(0, 200)}: ${what}`),
    );
    pod = answer.body;
  }
  await world.api.send(
    "PATCH",
    `${pods}/${pod.metadata.name}`,
    { metadata: { finalizers: null } },
    { contentType: MERGE_PATCH },
  );
  await world.api.send("DELETE", `${pods}/${pod.metadata.name}?gracePeriodSeconds=0`);
}

/** The same pod where Repull does not look: a label that it opts out by, which the namespace's other rules do not see. */
async function withoutUs(world: AdmissionWorld, life: Life) {
  const { metadata } = life.pod;
  const labels = { ...metadata.labels, "repull.dev/mode": "off" };
  return await create(world, life, { ...life.pod, metadata: { ...metadata, labels } }, true);
}

async function create({ api }: AdmissionWorld, life: Life, pod: Any, isDryRun = false) {
  const { method, path, options } = creation(life, isDryRun);
  return await api.send(method, path, pod, options);
}

/** Each image, each note, and everything else of the pod's spec. */
function compare(
  spec: Any,
  asked: Any,
  old: Any,
  is: Any,
  figures: Figures,
  fault: (what: string) => void,
): void {
  const [askedSites, oldSites, sites] = [
    sitesOf(asked),
    old === undefined ? undefined : sitesOf(old),
    sitesOf(is),
  ];
  const mayChange = isChangeable(asked);
  for (const [id, site] of askedSites) {
    const now: Site | undefined = sites.get(id);
    const before = oldSites?.get(id);
    const expected = mayChange ? expectedOf(site, before) : site;
    if (now === undefined) fault(`${id} is gone`);
    else if (now.image !== expected.image || now.note !== expected.note) {
      const isLeft = now.image === site.image && now.note === site.note;
      if (isLeft && figures.way !== "policy" && !isFull(asked)) figures.missed++;
      else if (!isLeft || !isFull(asked))
        fault(`${id}: ${JSON.stringify(now)} instead of ${JSON.stringify(expected)}`);
    } else if (now.image === before?.image && site.image !== now.image) figures.kept++;
    else if (now.image !== site.image) figures.swaps++;
    else figures.left++;
    // Whatever the model says: an image that the request leaves as it was is the same afterwards.
    if (before !== undefined && site.image === before.image && now?.image !== before.image)
      fault(`${id} was started again`);
  }
  const rest = withoutImages(spec);
  if (JSON.stringify(withoutImages(is.spec)) !== JSON.stringify(rest)) fault("more than images has changed");
}

/** In one order of members, and without its images. */
function withoutImages(value: Any): Any {
  if (Array.isArray(value)) return value.map(withoutImages);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !(key === "image" && typeof one === "string") && key !== "reference")
      .map(([key, one]) => [key, withoutImages(one)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function untilInjected({ api }: AdmissionWorld): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", labels: { inject: "yes" } },
    spec: { containers: [{ name: "a", image: "b" }] },
  };
  for (;;) {
    const { body } = await api.send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod);
    if (body.spec?.initContainers?.length === 1) return;
  }
}

/** The figures as a person reads them. */
export function tell({ way, faults, ...figures }: Figures): string {
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  const shown = faults.slice(0, 20).map((one) => styleText("red", `  ${one}`));
  return [`${way}:`, ...lines, `  ${"faults".padEnd(10)} ${faults.length}`, ...shown, ""].join("\n");
}
