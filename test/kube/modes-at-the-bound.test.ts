/** As many labelled workloads as an object of the index may name, with the longest names, in an object full of rows: fence and policy hold. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type IndexRow, packRows } from "../../src/kubernetes/image-index.ts";
import { boundedModes, MODES_MAX } from "../../src/kubernetes/workload-modes.ts";
import {
  type AdmissionWorld,
  podOf,
  rowOf,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";

const PODS = "/api/v1/namespaces/default/pods?dryRun=All";
const long = (name: string, length: number): string => `${name}-${"x".repeat(length - name.length - 1)}`;
const LEFT = long("left", 240);
const HASH = "7d9f8c6b5d";

let world: AdmissionWorld;
const rows = new Map<string, IndexRow>([
  ["nginx:1.27", rowOf("nginx", "a")],
  ...Array.from(
    { length: 3_999 },
    (_, at) => [`library/filler-${at}:1.${at}`, rowOf(`filler-${at}`, "b")] as const,
  ),
]);
const modes = {
  ...boundedModes(
    new Map(
      Array.from(
        { length: MODES_MAX - 3 },
        (_, at) => [`${long(`ns-${at}`, 63)}/StatefulSet/${long(`name-${at}`, 253)}`, "observe"] as const,
      ),
    ),
  ),
  [`default/Deployment/${LEFT}`]: "off",
  "default/CronJob/report": "off",
  "default/Job": "off",
};

beforeAll(async () => {
  world = await startAdmissionWorld({ policy: true, fence: true });
  await world.writeIndex(rows, modes);
});
afterAll(() => world?.stop());

test("an object of the index is as large as its bounds allow, and is written by our account through the fence", () => {
  expect(Object.keys(modes)).toHaveLength(MODES_MAX);
  for (const { spec } of packRows(rows))
    expect(Buffer.byteLength(JSON.stringify({ ...spec, modes }))).toBeLessThan(1_400_000);
});

describe("a pod", () => {
  const owner = (kind: string, name: string, labels: object = {}) => ({
    labels,
    ownerReferences: [
      {
        apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
        kind,
        name,
        uid: "00000000-0000-4000-8000-000000000000",
        controller: true,
      },
    ],
  });
  const template = { "pod-template-hash": HASH };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, metadata: object, image: string])[] = [
    ["of no workload gets the proved image",                          {},                                                     useOf("nginx", "a")],
    ["of a Deployment that is not labelled gets the proved image",    owner("ReplicaSet", `web-${HASH}`, template),           useOf("nginx", "a")],
    ["of a labelled Deployment with a long name is left",             owner("ReplicaSet", `${LEFT}-${HASH}`, template),       "nginx:1.27"],
    ["of a Job of a labelled CronJob is left",                        owner("Job", "report-29400480"),                        "nginx:1.27"],
    ["of a Job that undo proposes is left",                           owner("Job", "report-1796000000"),                      "nginx:1.27"],
  ];
  for (const [what, metadata, image] of table)
    test(what, async () => {
      const pod = podOf("p", { containers: [{ name: "web", image: "nginx:1.27" }] }) as {
        metadata: object;
      };
      const { status, body } = await world.api.send("POST", PODS, {
        ...pod,
        metadata: { ...pod.metadata, ...metadata },
      });
      expect([status, body.spec?.containers[0].image]).toEqual([201, image]);
    });
});
