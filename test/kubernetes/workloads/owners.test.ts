/** Which workload a pod belongs to, and whether its image may be changed. */

import { expect, test } from "vitest";
import {
  controllerOf,
  isOwnerInScope,
  ownerName,
  workloadOf,
} from "../../../src/kubernetes/workloads/owners.ts";

const SCOPE = { include: ["apps/*", "batch/*", "core/*"], exclude: [] };
const owner = (apiVersion: string, kind: string, name = "web-abc") => ({ apiVersion, kind, name, uid: "u" });
const POD = { name: "web-abc-1", uid: "p" };

// biome-ignore format: a table is read by its columns
const table = [
  [owner("apps/v1", "ReplicaSet", "web-6f9"), "6f9",     "Deployment/web",            true],
  [owner("apps/v1", "ReplicaSet", "web"),     "6f9",     "ReplicaSet/web",            true],
  [owner("apps/v1", "ReplicaSet", "web-6f9"), undefined, "ReplicaSet/web-6f9",        true],
  [owner("apps/v1", "ReplicaSet", "-6f9"),    "6f9",     "ReplicaSet/-6f9",           true],
  [owner("apps/v1", "StatefulSet", "db"),     undefined, "StatefulSet/db",            true],
  [owner("batch/v1", "Job", "once"),          undefined, "Job/once",                  true],
  [owner("v1", "ReplicationController", "rc"), undefined, "ReplicationController/rc", true],
  [owner("argoproj.io/v1", "Rollout", "web"), undefined, "Rollout/web",               false],
  [owner("apps.kruise.io/v1", "CloneSet", "c"), undefined, "CloneSet/c",              false],
  [undefined,                                 undefined, "Pod/web-abc-1",             true],
] as const;
for (const [of, hash, workload, isInScope] of table) {
  test(`a pod of ${of === undefined ? "none" : ownerName(of)} ${of?.name ?? ""} is of ${workload}, and ${isInScope ? "may" : "may not"} be changed`, () => {
    const found = workloadOf(of, hash, POD);
    expect([`${found.kind}/${found.name}`, isOwnerInScope(of, SCOPE)]).toEqual([workload, isInScope]);
  });
}

test("the owner that controls a pod is found among others, and none where no owner does", () => {
  const [one, two] = [owner("v1", "Node"), { ...owner("apps/v1", "ReplicaSet"), controller: true }];
  expect([
    controllerOf([one, two])?.kind,
    controllerOf([one]),
    controllerOf("x"),
    controllerOf([null]),
  ]).toEqual(["ReplicaSet", undefined, undefined, undefined]);
});
