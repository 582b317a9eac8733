/** The label of a CronJob holds for the pods of a Job that a person has made of it, by whichever name. */

import { afterEach, expect, test } from "vitest";
import { readModes } from "../../src/kubernetes/image-index.ts";
import { pod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [label: string | undefined, outcomes: readonly string[], told: string | undefined])[] = [
  ["off",     ["not-eligible"], "off"],
  ["observe", ["dry-run"],      "observe"],
  [undefined, ["succeeded"],    undefined],
];
for (const [label, outcomes, told] of table)
  test(`a pod of a CronJob's Job that was made by hand ends as ${outcomes[0]} where the CronJob has the label ${label ?? "of no kind"}`, async () => {
    const made = await clusterWorld({
      registries: {
        "docker.io": { images: { "library/app:1": {} }, quota: { remaining: 0 } },
        "public.ecr.aws": { images: { "docker/library/app:1": { sameAs: "docker.io/library/app:1" } } },
      },
    });
    ends.push(made.end);
    const template = { spec: { containers: [{ name: "web", image: "app:1" }] } };
    const controlled = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      name: "report",
      uid: "c",
      controller: true,
    };
    made.cluster.put("cronjobs", {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: {
        name: "report",
        namespace: "shop",
        ...(label === undefined ? {} : { labels: { "repull.dev/mode": label } }),
      },
      spec: { schedule: "0 0 * * *", jobTemplate: { spec: { template } } },
    } as never);
    made.cluster.put("jobs", {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "report-by-hand", namespace: "shop", ownerReferences: [controlled] },
      spec: { template },
    } as never);
    const owner = { apiVersion: "batch/v1", kind: "Job", name: "report-by-hand" };
    made.addPods([pod({ name: "report-by-hand-x", owner, image: "app:1" })]);
    const controller = made.controller();
    await made.world.run(60);
    expect(controller.outcomes.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect(readModes(made.cluster.all("imageindexes")).get("shop/Job/report-by-hand")).toBe(told);
  });

test("a waiting pod of a Job that is of no CronJob is healed where a CronJob of its namespace has opted out", async () => {
  const made = await clusterWorld({
    registries: {
      "docker.io": { images: { "library/app:1": {} }, quota: { remaining: 0 } },
      "public.ecr.aws": { images: { "docker/library/app:1": { sameAs: "docker.io/library/app:1" } } },
    },
  });
  ends.push(made.end);
  const template = { spec: { containers: [{ name: "web", image: "app:1" }] } };
  made.cluster.put("cronjobs", {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "report", namespace: "shop", labels: { "repull.dev/mode": "off" } },
    spec: { schedule: "0 0 * * *", jobTemplate: { spec: { template } } },
  } as never);
  const owner = { apiVersion: "batch/v1", kind: "Job", name: "migrate" };
  made.addPods([pod({ name: "migrate-x", owner, image: "app:1" })]);
  const controller = made.controller();
  await made.world.run(60);
  expect(controller.outcomes.map(({ outcome }) => outcome)).toEqual(["succeeded"]);
  expect(readModes(made.cluster.all("imageindexes")).get("shop/Job")).toBe("off");
});
