/** A definition of the index that is older than the controller, on a real API server: labelled workloads cannot be named. */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { createIndexObjects } from "../../src/controller/index-objects.ts";
import { readModes, readRows } from "../../src/kubernetes/image-index.ts";
import { imageIndexCrd } from "../../src/kubernetes/policies/image-index-crd.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AdmissionWorld, rowOf, startAdmissionWorld } from "../support/kube/admission-world.ts";

let world: AdmissionWorld;
let cluster: ClusterPort;

beforeAll(async () => {
  world = await startAdmissionWorld();
  cluster = openCluster({ from: "kubeconfig", files: [world.plane.kubeconfig] }, systemClock);
});
afterAll(async () => {
  cluster?.close();
  await world?.stop();
});

/** As it was before it could name workloads. */
function oldDefinition() {
  const definition = structuredClone(imageIndexCrd());
  for (const { schema } of definition.spec.versions)
    Reflect.deleteProperty(schema.openAPIV3Schema.properties.spec.properties, "modes");
  return definition;
}

const rows = new Map([["nginx:1.27", rowOf("nginx", "a")]]);
const modes = new Map([["shop/Deployment/web", "off" as const]]);
const write = async () => {
  const objects = createIndexObjects(cluster);
  await objects.load();
  const { kind } = await objects.write(rows, modes);
  const stored = await cluster.list("imageindexes");
  return [kind, [...readRows(stored).keys()], Object.fromEntries(readModes(stored))];
};
/** The server takes a moment to serve another definition. */
const comesTo = (expected: unknown) =>
  vi.waitFor(async () => expect(await write()).toEqual(expected), { timeout: 30_000, interval: 200 });
const FULL = ["written", ["nginx:1.27"], { "shop/Deployment/web": "off" }];

test("the index is full with the definition of now, empty with an older one, and full again after the upgrade", async () => {
  await comesTo(FULL);
  await world.plane.kubectl.apply(oldDefinition());
  await comesTo(["refused", [], {}]);
  await world.plane.kubectl.apply(imageIndexCrd());
  await comesTo(FULL);
});
