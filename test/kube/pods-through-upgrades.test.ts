/** Pods that are created all the time, while the chart is installed, upgraded, rolled back, removed, and installed elsewhere. */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { packRows } from "../../src/kubernetes/image-index.ts";
import { ACCOUNT, INDEXES, podOf, rowOf, useOf } from "../support/kube/admission-world.ts";
import { type ApiClient, connectApi } from "../support/kube/api-client.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";

const CHART = join(import.meta.dirname, "../../infra/helm/repull");
const PODS = "/api/v1/namespaces/shop/pods";
/** Twenty a second. */
const EVERY_MS = 50;
const SET = ["image.repository=registry.example/repull", "aws.enabled=false", "admission=policy"];

let plane: ControlPlane;
let api: ApiClient;
let pumping: Promise<void> | undefined;
let isOver = false;
/** The image of each pod, one after the other, or why it was refused. */
const became: string[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true });
  api = await connectApi(plane);
  for (const name of ["repull", "elsewhere", "shop"]) await plane.kubectl(["create", "namespace", name]);
  // A pod needs its namespace's account.
  await until(async () => (await create("first")).status === 201);
  pumping = pump();
});
afterAll(async () => {
  isOver = true;
  await pumping;
  api?.close();
  await plane?.stop();
});
afterEach(() => {
  expect(became.splice(0).filter((one) => one.startsWith("refused"))).toEqual([]);
});

const create = (name: string) => {
  const containers = [{ name: "web", image: "nginx:1.27", imagePullPolicy: "IfNotPresent" }];
  const pod = podOf(name, { containers, terminationGracePeriodSeconds: 0 }, { namespace: "shop" });
  return api.send("POST", `${PODS}?dryRun=All`, pod);
};

async function pump(): Promise<void> {
  for (let at = 0; !isOver; at++) {
    const [{ status, body }] = await Promise.all([create(`pod-${at}`), delay(EVERY_MS)]);
    became.push(status === 201 ? body.spec.containers[0].image : `refused: ${JSON.stringify(body)}`);
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 600; left > 0; left--) {
    if (await holds()) return;
    await delay(100);
  }
  throw new Error(`did not come to hold: ${holds}; pods became ${[...new Set(became)]}`);
}

/** The next pods have this image. */
async function comesTo(image: string): Promise<void> {
  const from = became.length;
  await until(() => became.slice(from).includes(image) && became.at(-1) === image);
}

const helm = (verb: string, namespace: string, mode: string, ...more: readonly string[]) =>
  plane.helm([
    verb,
    "repull",
    CHART,
    "-n",
    namespace,
    ...SET.flatMap((one) => ["--set", one]),
    "--set",
    `mode=${mode}`,
    ...more,
  ]);

async function writeIndex(): Promise<void> {
  await until(async () => (await api.send("GET", INDEXES)).status === 200);
  for (const object of packRows(new Map([["nginx:1.27", rowOf("nginx", "a")]]))) {
    // The account itself, with rights that make no difference to the fence.
    const answer = await api.send("POST", INDEXES, object, { user: ACCOUNT, groups: ["system:masters"] });
    expect(answer.status).toBe(201);
  }
}

test("an installation refuses none, and the index swaps them", async () => {
  await helm("install", "repull", "remediate");
  await writeIndex();
  await comesTo(useOf("nginx", "a"));
});

test("the modes to and fro refuse none, and the index stays", async () => {
  for (const mode of ["observe", "remediate", "observe", "remediate"]) {
    await helm("upgrade", "repull", mode);
    await comesTo(mode === "observe" ? "nginx:1.27" : useOf("nginx", "a"));
  }
});

test("labels of the namespace to and fro refuse none", async () => {
  for (const label of ["off", "remediate", "unknown", "remediate"]) {
    await plane.kubectl(["label", "namespace", "shop", `repull.dev/mode=${label}`, "--overwrite"]);
    await comesTo(label === "remediate" ? useOf("nginx", "a") : "nginx:1.27");
  }
});

test("a rollback refuses none", async () => {
  await plane.helm(["rollback", "repull", "2", "-n", "repull"]);
  await comesTo("nginx:1.27");
  await plane.helm(["rollback", "repull", "1", "-n", "repull"]);
  await comesTo(useOf("nginx", "a"));
});

test("a second release is not installed, and changes nothing", async () => {
  await expect(helm("install", "elsewhere", "remediate")).rejects.toThrow(/invalid ownership metadata/);
  await comesTo(useOf("nginx", "a"));
});

test("a removal refuses none, and leaves the definition and the index alone", async () => {
  await plane.helm(["uninstall", "repull", "-n", "repull"]);
  await comesTo("nginx:1.27");
  const kinds = [
    ...["crd", "imageindexes", "clusterroles", "clusterrolebindings", "mutatingwebhookconfigurations"],
    ...["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
    ...["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"],
  ];
  const { stdout } = await plane.kubectl(["get", kinds.join(","), "-o", "name"]);
  expect(stdout.split("\n").filter((name) => name.includes("repull"))).toEqual([
    "customresourcedefinition.apiextensions.k8s.io/imageindexes.repull.dev",
    "imageindex.repull.dev/repull-0",
  ]);
});

test("the chart moves to another namespace once the definition is handed over", async () => {
  await expect(helm("install", "elsewhere", "remediate")).rejects.toThrow(
    /imageindexes\.repull\.dev.*invalid ownership metadata/,
  );
  await helm("install", "elsewhere", "remediate", "--take-ownership");
  await comesTo(useOf("nginx", "a"));
});
