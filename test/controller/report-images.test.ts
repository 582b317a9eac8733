/** When a cluster reports the images in use, what is in a report, and when none is written. */

import { describe, expect, test } from "vitest";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import { followCluster } from "../../src/controller/cluster-view.ts";
import { createImageReporter } from "../../src/controller/copies/report-images.ts";
import { createMetrics } from "../../src/controller/metrics.ts";
import { digestOf } from "../../src/image/digest.ts";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import { type ReportPage, reportIn } from "../../src/mirrors/reports/report-pages.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { deployment, pod } from "../support/kubernetes/cluster-objects.ts";
import { HOUR, MINUTE, manualClock, settle } from "../support/kubernetes/controller-world.ts";

const ARN = "arn:aws:eks:us-east-1:123456789012:cluster/prod";
const NGINX = digestOf("nginx");
/** The service's clock, which is another than the pod's. */
const SERVICE_AHEAD = 5 * HOUR;

async function reporting(customResources?: readonly string[]) {
  const cluster = createSandboxCluster();
  cluster.put("deployments", deployment("web", "web:1"));
  cluster.put("pods", pod({ name: "web-1", image: "nginx:1.27", runs: NGINX }));
  const clock = manualClock();
  const stop = new AbortController();
  const view = followCluster(cluster, stop.signal);
  await settle();
  const table = new Map<number, ReportPage>();
  const rows = new Map<string, IndexRow>();
  const world = {
    cluster,
    clock,
    rows,
    reports: 0,
    refuses: undefined as AwsError | undefined,
    images: () => reportIn([...table.values()])?.images,
    report: () => reportIn([...table.values()]),
    pass: async () => {
      await settle();
      await reporter.pass();
    },
    stop: () => stop.abort(),
  };
  const store = {
    time: async () => clock.now() + SERVICE_AHEAD,
    write: async (pages: readonly ReportPage[]) => {
      if (world.refuses !== undefined) throw world.refuses;
      for (const page of pages) table.set(page.page, page);
      world.reports += 1;
    },
  };
  const reporter = createImageReporter(
    { cluster, view, rows: () => rows, metrics: createMetrics(), clock, log: silentLog },
    {
      store,
      cluster: ARN,
      authorities: [digestOf("certificate")],
      ...(customResources === undefined ? {} : { customResources }),
    },
  );
  return world;
}

describe("a cluster's report of the images in use", () => {
  test("has pods, templates, old revisions and the index, and is dated by the service's clock before the look", async () => {
    const world = await reporting();
    world.cluster.put("replicasets", { ...deployment("web-1", "web:0"), kind: "ReplicaSet" });
    world.cluster.put("controllerrevisions", {
      metadata: { namespace: "shop", name: "db-1" },
      data: { spec: { template: { spec: { containers: [{ name: "db", image: "db:0" }] } } } },
    } as never);
    world.cluster.put("imageindexes", {
      metadata: { name: "repull-0" },
      spec: { rows: { "nginx:1.27": { use: `ecr.test/nginx@${NGINX}` } } },
    } as never);
    await world.pass();
    expect(world.report()).toMatchObject({ cluster: ARN, at: world.clock.now() + SERVICE_AHEAD });
    expect(world.images()).toEqual(
      ["db:0", `ecr.test/nginx@${NGINX}`, "nginx:1.27", NGINX, "web:0", "web:1"].toSorted(),
    );
    world.stop();
  });

  test("is written once, then every six hours, and at once for an image that it does not have", async () => {
    const world = await reporting();
    for (let count = 0; count < 3; count += 1) await world.pass();
    expect(world.reports).toBe(1);
    world.cluster.put("deployments", deployment("api", "web:1"));
    await world.pass();
    expect(world.reports).toBe(1);
    world.cluster.put("deployments", deployment("api", "api:2"));
    await world.pass();
    await world.pass();
    expect([world.reports, world.images()?.includes("api:2")]).toEqual([2, true]);
    world.clock.advance(6 * HOUR + MINUTE);
    await world.pass();
    expect(world.reports).toBe(3);
    world.clock.advance(-100 * HOUR);
    await world.pass();
    expect(world.reports).toBe(4);
    world.stop();
  });

  test("is written for a copy that only the index names, minutes after the last one and not again", async () => {
    const world = await reporting();
    await world.pass();
    const use = `ecr.test/nginx@${NGINX}`;
    world.rows.set("nginx:1.27", { use } as IndexRow);
    world.cluster.put("imageindexes", {
      metadata: { name: "repull-0" },
      spec: { rows: { "nginx:1.27": { use } } },
    } as never);
    world.clock.advance(10 * MINUTE);
    await world.pass();
    expect([world.reports, world.images()?.includes(use)]).toEqual([2, true]);
    world.clock.advance(10 * MINUTE);
    await world.pass();
    expect(world.reports).toBe(2);
    // One that the server refuses is looked for every ten minutes, and not at each pass.
    world.rows.set("refused:1", { use: "ecr.test/refused:1" } as IndexRow);
    for (let pass = 0; pass < 20; pass += 1) {
      await world.pass();
      world.clock.advance(MINUTE);
    }
    expect(world.reports).toBe(4);
    world.stop();
  });

  test("is tried again with the next pass after the account refused a new image's report", async () => {
    const world = await reporting();
    await world.pass();
    world.cluster.put("deployments", deployment("api", "api:2"));
    world.refuses = new AwsError("denied", "dynamodb:PutItem", "denied");
    await world.pass();
    world.refuses = undefined;
    await world.pass();
    expect(world.images()).toContain("api:2");
    world.stop();
  });

  for (const kind of ["pods", "replicasets", "controllerrevisions", "imageindexes"] as const)
    test(`is not written where ${kind} cannot be listed`, async () => {
      const world = await reporting();
      world.cluster.fault = (request) =>
        request.kind === kind ? new ClusterError(403, "Forbidden", "no right") : undefined;
      await expect(world.pass()).rejects.toThrow(ClusterError);
      expect(world.reports).toBe(0);
      world.stop();
    });

  test("is not written where there are more images than a report holds", async () => {
    const world = await reporting();
    for (let index = 0; index < 12_500; index += 1) {
      const image = `registry.test/${"x".repeat(980)}/${index}`;
      world.cluster.put("deployments", deployment(`web-${index}`, image));
    }
    await world.pass();
    expect(world.reports).toBe(0);
    world.stop();
  });
});

describe("a custom resource that may name images which no pod names", () => {
  const ROLLOUTS = {
    metadata: { name: "rollouts.argoproj.io" },
    spec: {
      group: "argoproj.io",
      versions: [
        {
          schema: {
            openAPIV3Schema: {
              properties: {
                spec: { properties: { template: { "x-kubernetes-preserve-unknown-fields": true } } },
              },
            },
          },
        },
      ],
    },
  } as never;

  test("keeps every copy: nothing is reported while it is there, and it is asked about again after an hour", async () => {
    const world = await reporting();
    world.cluster.put("customresourcedefinitions", ROLLOUTS);
    await world.pass();
    expect(world.reports).toBe(0);
    await world.cluster.delete("customresourcedefinitions", { name: "rollouts.argoproj.io" });
    await world.pass();
    expect(world.reports).toBe(0);
    world.clock.advance(HOUR);
    await world.pass();
    expect(world.reports).toBe(1);
    world.stop();
  });

  for (const accepted of ["rollouts.argoproj.io", "*.argoproj.io"])
    test(`keeps no report back where the operator accepts ${accepted}`, async () => {
      const world = await reporting([accepted]);
      world.cluster.put("customresourcedefinitions", ROLLOUTS);
      await world.pass();
      expect(world.images()).toContain("web:1");
      world.stop();
    });

  test("withholds a report that was written before it came, so that the last one grows old", async () => {
    const world = await reporting();
    await world.pass();
    world.cluster.put("customresourcedefinitions", ROLLOUTS);
    world.clock.advance(6 * HOUR);
    await world.pass();
    expect(world.reports).toBe(1);
    world.stop();
  });
});
