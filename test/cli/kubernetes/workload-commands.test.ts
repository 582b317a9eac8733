/** plan, history and undo of a cluster's workload: what they say, what they write, and that no pod is changed. */

import { describe, expect, test } from "vitest";
import { clusterSession } from "../../../src/cli/account/cluster/cluster-session.ts";
import {
  isWorkloadName,
  parseWorkloadName,
  printWorkloadName,
} from "../../../src/cli/account/cluster/workload-name.ts";
import { historyOfWorkload } from "../../../src/cli/commands/kubernetes/history-workload.ts";
import { planWorkload } from "../../../src/cli/commands/kubernetes/plan-workload.ts";
import { undoWorkload } from "../../../src/cli/commands/kubernetes/undo-workload.ts";
import { LINE_SCHEMAS } from "../../../src/cli/output/line-schemas.ts";
import type { Kind } from "../../../src/cluster/kinds.ts";
import { createEvents } from "../../../src/controller/events.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import type { SandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";
import { manualClock } from "../../support/kubernetes/controller-world.ts";
import { NGINX, shopCluster, USE } from "../../support/kubernetes/shop-cluster.ts";

const NAME = "shop/Deployment/web";
const NOTE = {
  "image.repull.dev/web": `nginx:1.27 ${NGINX.digest} same-index origin 2026-11-29T07:10:00.000Z`,
};

type Command = "plan" | "history" | "undo";

async function run(
  command: Command,
  cluster: SandboxCluster,
  { name = NAME, yes = false, json = true } = {},
) {
  const io = commandIo();
  const clock = manualClock();
  const session = await clusterSession(cluster, { kubeContext: "blue", namespace: "repull" }, io, clock);
  const input = { name, json, yes };
  const status = await {
    plan: () => planWorkload(input, session, io),
    history: () => historyOfWorkload(input, session, io),
    undo: () => undoWorkload(input, session, io),
  }[command]();
  return { status, ...io.printed, objects: json ? objectsIn(io.printed.out) : [] };
}

function swapped() {
  const cluster = shopCluster();
  cluster.put("pods", pod({ name: "web-3", of: "web/1", image: USE, runs: NGINX.digest, annotations: NOTE }));
  return cluster;
}

describe("plan", () => {
  test("says which proved image the pods get, and how many have it", async () => {
    const { status, objects } = await run("plan", swapped());
    LINE_SCHEMAS.plan.parse(objects[0]);
    expect(status).toBe(0);
    expect(objects).toMatchObject([
      {
        service: NAME,
        kind: "substitute",
        mode: "remediate",
        workload: { kind: "pod", cluster: "blue", name: NAME },
        images: [
          {
            image: "nginx:1.27",
            substitute: USE,
            proof: "same-index",
            asWritten: 2,
            substituted: 1,
            waiting: 0,
          },
        ],
      },
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["no source is proved",       "shop/Deployment/cache", "remediate", 1, "no-substitute"],
    ["the mode is observe",       NAME,                    "observe",   1, "left-alone"],
    ["no image is Docker Hub's",  "shop/Deployment/api",   "remediate", 0, "nothing-to-do"],
    ["kubectl's short kind names it", "shop/deploy/web",   "remediate", 0, "substitute"],
  ] as const;
  for (const [when, name, mode, status, kind] of table)
    test(`answers ${kind} when ${when}`, async () => {
      const planned = await run("plan", shopCluster(mode), { name });
      expect([planned.status, planned.objects[0]?.kind]).toEqual([status, kind]);
    });

  test("names the workload that was probably meant", async () => {
    await expect(run("plan", shopCluster(), { name: "shop/Deployment/wbe" })).rejects.toThrow(
      /shop\/Deployment\/web/,
    );
  });
});

test("history lists the pods that have a substitute and Repull's Events of the workload, and of no other", async () => {
  const cluster = swapped();
  const tell = createEvents(cluster, { clock: manualClock(), log: silentLog, identity: "one" });
  for (const name of ["web", "api"])
    await tell({
      namespace: "shop",
      type: "Normal",
      reason: "PodsHealed",
      action: "Healing",
      note: "healed",
      workload: { apiVersion: "apps/v1", kind: "Deployment", name },
    });
  const { objects } = await run("history", cluster);
  for (const line of objects) LINE_SCHEMAS.history.parse(line);
  expect(
    objects.map(({ ended, workload, active, images }) => [
      ended,
      workload,
      active,
      (images as unknown[]).length,
    ]),
  ).toEqual([
    ["PodsHealed", NAME, false, 0],
    ["substituted", NAME, true, 1],
  ]);
});

describe("undo", () => {
  const LABEL = "repull.dev/mode";
  const podsIn = (cluster: SandboxCluster) =>
    cluster.all("pods").map(({ metadata }) => metadata.resourceVersion);
  const labelOf = (cluster: SandboxCluster, kind: Kind, name: string) =>
    cluster.all(kind).find(({ metadata }) => metadata.name === name)?.metadata.labels?.[LABEL];
  const labelsIn = (cluster: SandboxCluster) => [
    labelOf(cluster, "deployments", "web"),
    labelOf(cluster, "namespaces", "shop"),
  ];
  /** As the leader does, once it sees the label. */
  const told = (cluster: SandboxCluster) => {
    const [index] = cluster.all("imageindexes");
    cluster.put("imageindexes", {
      ...index,
      spec: { rows: index?.spec.rows, modes: { "shop/Deployment/web": "off" } },
    } as never);
    return cluster;
  };

  test("without --yes says what it would do, and writes nothing", async () => {
    const cluster = swapped();
    const before = podsIn(cluster);
    const { status, objects } = await run("undo", cluster);
    LINE_SCHEMAS.undo.parse(objects[0]);
    expect([status, labelsIn(cluster), podsIn(cluster)]).toEqual([0, [undefined, undefined], before]);
    expect(objects[0]).toMatchObject({
      plan: "undo",
      labelled: "deployment web",
      commands: ["kubectl -n shop rollout restart deployment web"],
      again: "kubectl -n shop label deployment web repull.dev/mode-",
    });
  });

  test("with --yes labels the workload alone, neither its template nor its pods nor its namespace", async () => {
    const cluster = told(swapped());
    const before = podsIn(cluster);
    const template = cluster.all("deployments").find(({ metadata }) => metadata.name === "web")?.spec;
    const { status, objects } = await run("undo", cluster, { yes: true });
    LINE_SCHEMAS.undo.parse(objects[0]);
    expect([status, labelsIn(cluster), podsIn(cluster)]).toEqual([0, ["off", undefined], before]);
    expect(objects[0]).toMatchObject({ outcome: "undone", admission: "told" });
    expect(cluster.all("deployments").find(({ metadata }) => metadata.name === "web")?.spec).toEqual(
      template,
    );
    expect((await run("undo", cluster, { yes: true })).objects[0]?.outcome).toBe("already");
  });

  test("keeps the labels that the workload has", async () => {
    const cluster = told(swapped());
    const [web] = cluster.all("deployments").filter(({ metadata }) => metadata.name === "web");
    cluster.put("deployments", { ...web, metadata: { ...web?.metadata, labels: { team: "a" } } } as never);
    await run("undo", cluster, { yes: true });
    const [after] = cluster.all("deployments").filter(({ metadata }) => metadata.name === "web");
    expect(after?.metadata.labels).toEqual({ team: "a", [LABEL]: "off" });
  });

  test("is not finished where admission does not know of the label in time", async () => {
    const cluster = swapped();
    const { status, objects } = await run("undo", cluster, { yes: true });
    expect([status, objects[0]?.admission, labelsIn(cluster)]).toEqual([5, "not-told", ["off", undefined]]);
  });

  test("labels a bare pod itself", async () => {
    const cluster = shopCluster();
    const one = pod({ name: "alone", of: "alone", image: USE, runs: NGINX.digest, annotations: NOTE });
    const { ownerReferences: _, ...metadata } = one.metadata;
    cluster.put("pods", { ...one, metadata } as never);
    const { status } = await run("undo", cluster, { name: "shop/Pod/alone", yes: true });
    expect([status, labelOf(cluster, "pods", "alone"), labelsIn(cluster)]).toEqual([
      0,
      "off",
      [undefined, undefined],
    ]);
  });

  describe("of an operator's kind, whose label is not read", () => {
    const ofOperator = () => {
      const cluster = shopCluster();
      const one = pod({ name: "db-1", of: "db", image: USE, runs: NGINX.digest, annotations: NOTE });
      const owner = { apiVersion: "db.example/v1", kind: "Cluster", name: "db", uid: "u", controller: true };
      const metadata = { ...one.metadata, ownerReferences: [owner] };
      cluster.put("pods", { ...one, metadata } as never);
      return cluster;
    };
    const name = "shop/Cluster/db";

    test("says before it does so that the namespace is labelled, and what else runs there", async () => {
      const cluster = ofOperator();
      const { status, objects } = await run("undo", cluster, { name });
      expect([status, labelOf(cluster, "namespaces", "shop")]).toEqual([0, undefined]);
      expect(objects[0]).toMatchObject({
        labelled: "namespace shop",
        others: [
          "shop/Deployment/web",
          "shop/Deployment/api",
          "shop/Deployment/cache",
          "shop/CronJob/report",
        ],
        commands: ["kubectl -n shop delete pod db-1"],
      });
      const text = (await run("undo", cluster, { name, json: false })).out;
      expect(text).toMatch(/whole namespace shop/);
      expect(text).toMatch(/4 other workloads/);
    });

    test("labels the namespace with --yes", async () => {
      const cluster = ofOperator();
      const { status } = await run("undo", cluster, { name, yes: true });
      expect([status, labelOf(cluster, "namespaces", "shop")]).toEqual([0, "off"]);
    });
  });

  test("finds nothing to undo where no pod has a substitute", async () => {
    const cluster = shopCluster();
    const { status } = await run("undo", cluster, { yes: true });
    expect([status, labelsIn(cluster)]).toEqual([1, [undefined, undefined]]);
  });
});

describe("a workload's name", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["shop/Deployment/web",                                        "shop/Deployment/web"],
    ["shop/sts/db",                                                "shop/StatefulSet/db"],
    ["shop/Cluster/db",                                            "shop/Cluster/db"],
    ["shop/nothing/web",                                           undefined],
    ["Shop/Deployment/web",                                        undefined],
  ] as const;
  for (const [text, name] of table)
    test(`${text} is ${name ?? "refused"}`, () => {
      if (name === undefined) expect(() => parseWorkloadName(text)).toThrow(InvalidInput);
      else expect(printWorkloadName(parseWorkloadName(text))).toBe(name);
    });

  test("is never that of an ECS service", () => {
    expect(
      ["web", "prod/web", "arn:aws:ecs:us-east-1:123456789012:service/prod/web"].filter(isWorkloadName),
    ).toEqual([]);
  });
});
