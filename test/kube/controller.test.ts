/** The controller on a real control plane: index, leaders, and 200 waiting pods of 40 workloads that are healed in place. */

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { indexStatusSchema } from "../../src/controller/index-status.ts";
import { runController } from "../../src/controller/run-controller.ts";
import { type IndexRow, readRows } from "../../src/kubernetes/image-index.ts";
import type { Mode } from "../../src/kubernetes/mode.ts";
import type { Pod } from "../../src/kubernetes/objects/objects.ts";
import { imageIndexCrd } from "../../src/kubernetes/policies/image-index-crd.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { type ControlPlane, startControlPlane } from "../support/kube/control-plane.ts";
import { addNodes } from "../support/kube/nodes.ts";
import { STORM_IMAGES, stormImages, stormWorkloads } from "../support/kube/stuck-storm.ts";
import { registriesInMemory } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../support/policy.ts";

const SECONDS = 90;

let plane: ControlPlane;
let cluster: ClusterPort;
const open = () => openCluster({ from: "kubeconfig", files: [plane.kubeconfig] }, systemClock);

beforeAll(async () => {
  plane = await startControlPlane({ controllers: true, kwok: true });
  await addNodes(plane, ["n1", "n2"]);
  await addNodes(plane, ["n3"], "arm64");
  cluster = open();
  await plane.kubectl.apply(imageIndexCrd());
  for (const name of ["repull", "shop"]) await plane.kubectl(["create", "namespace", name]);
  await plane.kubectl.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "repull-writes", namespace: "repull" },
    data: { writes: "allowed" },
  });
  await until(async () => (await cluster.isServed("imageindexes")) && (await accountIsThere()));
});
afterAll(async () => {
  cluster?.close();
  await plane?.stop();
});

const accountIsThere = async () =>
  ((await plane.kubectl.json(["get", "serviceaccounts", "-n", "shop"])) as { items: unknown[] }).items
    .length > 0;

async function until(holds: () => Promise<boolean>, seconds = SECONDS): Promise<number> {
  const began = systemClock.now();
  while (!(await holds().catch(() => false))) {
    if (systemClock.now() - began > seconds * 1000)
      throw new Error(`did not come to hold in ${seconds} s: ${holds}`);
    await delay(200);
  }
  return (systemClock.now() - began) / 1000;
}

/** @param onPatched called after each patch of a pod */
function start(
  identity: string,
  holds: Parameters<typeof registriesInMemory>[0],
  mode: Mode = "remediate",
  onPatched: () => void = () => {},
) {
  const stop = new AbortController();
  const registries = registriesInMemory(holds);
  const outcomes: Outcome[] = [];
  const own = open();
  const policy = readPolicy({ kubernetes: { reachableRegistries: ["public.ecr.aws"] } });
  const parts = createController(
    {
      cluster: {
        ...own,
        async patch(kind, name, patch) {
          const patched = await own.patch(kind, name, patch);
          onPatched();
          return patched;
        },
      },
      environment: async () => ({ registries, clock: systemClock }),
      publish: async (outcome) => void outcomes.push(outcome),
      clock: systemClock,
      log: silentLog,
    },
    { namespace: "repull", mode, policy: () => policy, identity },
    stop.signal,
  );
  const ended = runController(parts, stop.signal);
  return {
    registries,
    outcomes,
    parts,
    stop: async () => {
      stop.abort();
      await ended;
      own.close();
    },
    /** Ends it as a process ends: the Lease stays with it. */
    kill() {
      Object.assign(parts.leader, { resign: async () => {} });
      stop.abort();
    },
  };
}

const rows = async (): Promise<ReadonlyMap<string, IndexRow>> => readRows(await cluster.list("imageindexes"));
const podsOf = async (): Promise<readonly Pod[]> => await cluster.list("pods", { namespace: "shop" });
const uidsOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid).toSorted();

describe("the controller", () => {
  const images = STORM_IMAGES;
  const holds = stormImages();
  let before: readonly Pod[] = [];
  let generations: unknown;
  const workloadGenerations = async () =>
    (
      (await plane.kubectl.json(["get", "deployments,statefulsets,daemonsets,jobs", "-n", "shop"])) as {
        items: { kind: string; metadata: { name: string; generation: number } }[];
      }
    ).items.map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.generation}`);

  test("has 200 waiting pods of 40 workloads before it starts", async () => {
    await plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: stormWorkloads("shop") });
    await until(async () => {
      const pods = await podsOf();
      const waiting = pods.filter(
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff",
      );
      return pods.length === 200 && waiting.length === 200;
    }, 120);
    before = await podsOf();
    generations = await workloadGenerations();
  });

  test("reports in the mode observe what it would do, and changes no pod", async () => {
    const observer = start("observer", holds, "observe");
    await until(async () => observer.outcomes.length === 40);
    expect(new Set(observer.outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["dry-run"]));
    expect((await podsOf()).map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    await observer.stop();
  });

  test("heals all of them in place: the same pods run, no workload has changed, one proof an image", async () => {
    const leader = start("leader", holds);
    const began = systemClock.now();
    await until(async () =>
      (await podsOf()).every(({ status }) => ["Running", "Succeeded"].includes(status?.phase ?? "")),
    );
    const seconds = (systemClock.now() - began) / 1000;
    // Goal: 5 s on an idle machine.
    expect(seconds).toBeLessThan(40);
    const after = await podsOf();
    expect(uidsOf(after)).toEqual(uidsOf(before));
    expect(await workloadGenerations()).toEqual(generations);
    const uses = after.map(({ spec }) => spec.containers[0]?.image ?? "");
    expect(
      uses.every((image) => /^public\.ecr\.aws\/docker\/library\/nginx@sha256:[0-9a-f]{64}$/.test(image)),
    ).toBe(true);
    expect(leader.registries.heads.get("docker.io") ?? 0).toBeLessThanOrEqual(2 * images.length);
    await until(async () => leader.outcomes.filter(({ outcome }) => outcome === "succeeded").length === 40);
    const events = ["get", "events", "-n", "shop", "--field-selector", "reason=ImageReplaced"];
    const replaced = async () => ((await plane.kubectl.json(events)) as { items: unknown[] }).items.length;
    await until(async () => (await replaced()) >= 40);
    expect(await replaced()).toBe(40);
    await leader.stop();
  });

  test("has a row for each image, which the next process reads instead of asking", async () => {
    const good = await rows();
    expect([...good.keys()].toSorted()).toEqual(images.toSorted());
    for (const [, row] of good)
      expect(row).toMatchObject({ proof: "same-index", platforms: ["linux/amd64", "linux/arm64"] });
    const next = start("next", {});
    await until(async () => next.parts.leader.isLeading() && next.parts.keeper.rows().size === 8);
    await delay(3_000);
    expect([...(await rows()).values()].every(({ use }) => use !== undefined)).toBe(true);
    expect(next.registries.heads.get("docker.io") ?? 0).toBe(0);
    const state = await cluster.get("configmaps", { namespace: "repull", name: "repull-state" });
    expect(indexStatusSchema.parse(JSON.parse(state?.data?.status ?? "")).rows).toEqual({ placed: 8 });
    await next.stop();
  });

  test("reports of a pod that started while no process led", async () => {
    const [workload] = stormWorkloads("shop") as [{ metadata: object }];
    await plane.kubectl.apply({ ...workload, metadata: { ...workload.metadata, name: "late" } });
    const late = async () => (await podsOf()).filter(({ metadata }) => metadata.name?.startsWith("late"));
    await until(async () =>
      (await late()).some(
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff",
      ),
    );
    const dying: ReturnType<typeof start> = start("dying", holds, "remediate", () => dying.kill());
    await until(async () => (await late()).some(({ status }) => status?.phase === "Running"));
    const heir = start("heir", holds);
    await until(async () => heir.outcomes.some(({ outcome }) => outcome === "succeeded"));
    const told = heir.outcomes.map(
      ({ outcome, workload: one }) => `${outcome} ${(one as { name: string }).name}`,
    );
    expect([dying.outcomes, told]).toEqual([[], [expect.stringMatching(/^succeeded shop\/\w+\/late$/)]]);
    await heir.stop();
  });

  test("has one writer: a second process leads once the first is gone without a word", async () => {
    const [one, two] = [start("one", holds), start("two", holds)];
    await until(async () => one.parts.leader.isLeading() || two.parts.leader.isLeading());
    await delay(3_000);
    expect([one, two].filter(({ parts }) => parts.leader.isLeading())).toHaveLength(1);
    const [first, second] = one.parts.leader.isLeading() ? [one, two] : [two, one];
    await first.stop();
    await until(async () => second.parts.leader.isLeading(), 30);
    await second.stop();
  });
});
