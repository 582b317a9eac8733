/** The index of a cluster in worlds that go wrong: what has a row, what the row says, and what it cost. */

import { describe, expect, test } from "vitest";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import { indexStatusSchema, OLD_DEFINITION } from "../../src/controller/index-status.ts";
import { readModes, type StoredRow } from "../../src/kubernetes/image-index.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { deployment, node, pod } from "../support/kubernetes/cluster-objects.ts";
import { controllerWorld, HOUR, MINUTE } from "../support/kubernetes/controller-world.ts";
import { imageNamed } from "../support/kubernetes/registries-in-memory.ts";

const NGINX = imageNamed("nginx");
const OTHER = imageNamed("nginx of yesterday");
const ORIGIN = "docker.io/library/nginx:1.27";
const TWIN = "public.ecr.aws/docker/library/nginx:1.27";
const USE = `public.ecr.aws/docker/library/nginx@${NGINX.digest}`;
const both = { [ORIGIN]: NGINX, [TWIN]: NGINX };

/** `n` images of a tag each, at both places. */
function manyImages(n: number): Record<string, typeof NGINX> {
  return Object.fromEntries(
    Array.from({ length: n }, (_, at) => [
      [`docker.io/library/nginx:1.${at}`, NGINX],
      [`public.ecr.aws/docker/library/nginx:1.${at}`, NGINX],
    ]).flat(),
  );
}

const perHour = (requestsPerHour: number) => ({ requestsPerHour, reachableRegistries: ["public.ecr.aws"] });

describe("the index", () => {
  test("names the substitute, its proof, its witness and its time for an image of a template", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    await world.start();
    expect(world.row()).toEqual({
      use: USE,
      proof: "same-index",
      trusted: { digest: NGINX.digest, from: "origin" },
      askedAt: "2026-11-29T08:00:00.000Z",
      goodUntil: "2026-11-29T14:00:00.000Z",
      platforms: ["linux/amd64"],
    });
  });

  test("has each spelling of an image that is in use", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    world.cluster.put("deployments", deployment("api", "docker.io/library/nginx:1.27"));
    await world.start();
    expect([...world.rows().keys()].toSorted()).toEqual(["docker.io/library/nginx:1.27", "nginx:1.27"]);
  });

  test("believes what the pods of the revision have pulled, before any registry", async () => {
    const world = await controllerWorld({ holds: both });
    world.registries.states.set("docker.io", "dead");
    world.cluster.put("pods", pod({ name: "web-1", of: "web/1", runs: NGINX.digest }));
    await world.start();
    expect(world.row()).toMatchObject({ use: USE, trusted: { digest: NGINX.digest, from: "pod" } });
  });

  // biome-ignore format: a table is read by its columns
  const pods = [
    ["two pods of one revision run different bytes",            [pod({ name: "1", of: "web/1", runs: NGINX.digest }), pod({ name: "2", of: "web/1", runs: OTHER.digest })], both, ["trust-unreadable"]],
    ["two revisions run different bytes",                       [pod({ name: "1", of: "web/1", runs: NGINX.digest }), pod({ name: "2", of: "api/1", runs: OTHER.digest })], both, ["trust-unreadable"]],
    ["the tag has moved since the pods started",                [pod({ name: "1", of: "web/1", runs: OTHER.digest })],                                                      both, ["tag-moved"]],
    ["a new revision means other bytes than the one that runs", [pod({ name: "1", of: "web/1", runs: OTHER.digest }), pod({ name: "2", of: "web/2" })],                    both, ["tag-moved"]],
    ["no place has it",                                         [pod({ name: "1", of: "web/1", runs: NGINX.digest })],                                                      { [ORIGIN]: NGINX }, ["absent"]],
  ] as const;
  for (const [when, existing, holds, codes] of pods) {
    test(`names no place, and says ${codes.join(" and ")}, when ${when}`, async () => {
      const world = await controllerWorld({ holds });
      for (const one of existing) world.cluster.put("pods", one);
      await world.start();
      expect([world.row()?.use, world.row()?.codes]).toEqual([undefined, codes]);
    });
  }

  test("does not believe an annotation that a pod's author could have written", async () => {
    const world = await controllerWorld({
      holds: { ...both, "public.ecr.aws/docker/library/nginx:1.26": OTHER },
    });
    world.registries.states.set("docker.io", "dead");
    const image = `public.ecr.aws/docker/library/nginx@${OTHER.digest}`;
    const annotations = {
      "image.repull.dev/web": `nginx:1.27 ${OTHER.digest} same-index pod 2026-11-29T08:00:00Z`,
    };
    world.cluster.put("pods", pod({ name: "1", of: "web/1", image, runs: OTHER.digest, annotations }));
    await world.start();
    expect(world.row()?.use).toBeUndefined();
  });

  test("names no place from which no node is known to pull, until a pod has pulled from there", async () => {
    const world = await controllerWorld({ holds: both, policy: { kubernetes: {} } });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    expect(world.row()?.codes).toEqual(["nodes-unproved"]);
    world.cluster.put("pods", pod({ name: "p", image: "public.ecr.aws/eks/pause:3.10", runs: OTHER.digest }));
    world.clock.advance(2 * HOUR);
    await controller.pass();
    expect(world.row()?.use).toBe(USE);
  });

  test("names the workloads whose own label lowers their mode, and forgets those whose label goes", async () => {
    const world = await controllerWorld({ holds: both });
    const label = (labels: Readonly<Record<string, string>>) => {
      const web = deployment("web");
      world.cluster.put("deployments", { ...web, metadata: { ...web.metadata, labels } });
    };
    const modes = () => Object.fromEntries(readModes(world.cluster.all("imageindexes")));
    label({});
    const controller = await world.start();
    expect(modes()).toEqual({});
    label({ "repull.dev/mode": "off" });
    await controller.pass();
    expect([modes(), world.row()?.use]).toEqual([{ "shop/Deployment/web": "off" }, USE]);
    label({});
    await controller.pass();
    expect(modes()).toEqual({});
  });

  test("stays as it was, and says why, where an older definition refuses rows without a trusted digest", async () => {
    const cluster = createSandboxCluster();
    const checked = (object: object) => {
      const { rows = {} } = (object as { spec?: { rows?: Record<string, StoredRow> } }).spec ?? {};
      for (const { trusted } of Object.values(rows))
        if (trusted !== undefined && trusted.digest === undefined)
          throw new ClusterError(422, "Invalid", "spec.rows.trusted.digest: Required value");
      return object as never;
    };
    const { create, replace } = cluster;
    Object.assign(cluster, {
      create: (kind: "imageindexes", object: object) => create(kind, checked(object)),
      replace: (kind: "imageindexes", object: object) => replace(kind, checked(object)),
    });
    const world = await controllerWorld({ holds: both, cluster });
    world.cluster.put("deployments", deployment("web"));
    await world.start();
    const state = cluster.all("configmaps").find(({ metadata }) => metadata.name === "repull-state");
    const { refused } = indexStatusSchema.parse(JSON.parse(state?.data?.status ?? ""));
    expect(world.rows().size).toBe(0);
    expect(refused?.startsWith(OLD_DEFINITION)).toBe(true);
  });

  test("is empty, and says why, where an older definition drops the labels of workloads; and full once it keeps them", async () => {
    const cluster = createSandboxCluster();
    let isOld = true;
    const pruned = (object: object) => {
      const { spec } = object as { spec?: { modes?: unknown } };
      if (isOld && spec !== undefined) delete spec.modes;
      return object as never;
    };
    const { create, replace } = cluster;
    Object.assign(cluster, {
      create: (kind: "imageindexes", object: object, options?: object) =>
        create(kind, pruned(structuredClone(object)), options),
      replace: (kind: "imageindexes", object: object, options?: object) =>
        replace(kind, pruned(structuredClone(object)), options),
    });
    const world = await controllerWorld({ holds: both, cluster });
    const web = deployment("web");
    world.cluster.put("deployments", web);
    const controller = await world.start();
    expect(world.row()?.use).toBe(USE);
    const labels = { "repull.dev/mode": "off" };
    world.cluster.put("deployments", { ...web, metadata: { ...web.metadata, labels } });
    world.clock.advance(2 * MINUTE);
    await controller.pass();
    const state = cluster.all("configmaps").find(({ metadata }) => metadata.name === "repull-state");
    const { refused } = indexStatusSchema.parse(JSON.parse(state?.data?.status ?? ""));
    expect([world.rows().size, refused]).toEqual([0, expect.stringMatching(/imageindexes\.repull\.dev/)]);
    isOld = false;
    await controller.pass();
    expect([world.row()?.use, Object.fromEntries(readModes(cluster.all("imageindexes")))]).toEqual([
      USE,
      { "shop/Deployment/web": "off" },
    ]);
  });

  test("names no place that the fence does not let be named", async () => {
    const world = await controllerWorld({ holds: both, allowedRegistries: ["registry.example"] });
    world.cluster.put("deployments", deployment("web"));
    await world.start();
    expect(world.row()?.codes).toEqual(["registry-not-allowed"]);
  });

  test("asks for a place with the platforms of all nodes, and asks again when a node of another comes", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    expect(world.row()?.platforms).toEqual(["linux/amd64"]);
    world.cluster.put("nodes", node("b", "arm64"));
    await controller.pass();
    expect(world.row()?.platforms).toEqual(["linux/amd64", "linux/arm64"]);
  });

  test("decides nothing while a kind of objects cannot be read", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    world.cluster.fault = ({ verb, kind }) =>
      verb === "watch" && kind === "pods"
        ? new ClusterError(403, "Forbidden", "pods is forbidden")
        : undefined;
    const controller = await world.start();
    expect([world.row(), [...controller.view.missing().keys()]]).toEqual([undefined, ["pods"]]);
  });

  test("leaves out what the policy excludes, and takes its row away at once", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    world.policy = {
      ...world.policy,
      scope: { ...world.policy.scope, images: { include: ["*"], exclude: ["nginx:*"] } },
    };
    await controller.pass();
    expect(world.row()).toBeUndefined();
  });
});

describe("the budget of requests", () => {
  test("is never exceeded, across restarts of the controller within the hour", async () => {
    const world = await controllerWorld({ holds: manyImages(150), policy: { kubernetes: perHour(100) } });
    for (let at = 0; at < 150; at++)
      world.cluster.put("deployments", deployment(`web-${at}`, `nginx:1.${at}`));
    for (let restart = 0; restart < 4; restart++) {
      const controller = await world.start();
      for (let pass = 0; pass < 3; pass++) await controller.pass();
    }
    expect(world.registries.heads.get("docker.io")).toBeLessThanOrEqual(100);
    expect(world.registries.heads.get("docker.io")).toBeGreaterThan(60);
  });

  test("is spent on the most exposed images first", async () => {
    const world = await controllerWorld({
      holds: manyImages(20),
      policy: { kubernetes: perHour(3) },
    });
    for (let at = 0; at < 20; at++)
      for (let copy = 0; copy <= at; copy++)
        world.cluster.put(
          "pods",
          pod({ name: `p-${at}-${copy}`, image: `nginx:1.${at}`, of: `web-${at}/1` }),
        );
    await world.start();
    const placed = [...world.rows()].filter(([, { use }]) => use !== undefined).map(([image]) => image);
    expect(placed.toSorted()).toEqual(["nginx:1.17", "nginx:1.18", "nginx:1.19"]);
  });

  test("never asks more than ten a second", async () => {
    const world = await controllerWorld({ holds: manyImages(50) });
    for (let at = 0; at < 50; at++)
      world.cluster.put("deployments", deployment(`web-${at}`, `nginx:1.${at}`));
    const began = world.clock.now();
    await world.start();
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(4_900);
  });

  test("is stopped by a refusal until its window is over, across a restart", async () => {
    const world = await controllerWorld({ holds: manyImages(30) });
    for (let at = 0; at < 30; at++)
      world.cluster.put("deployments", deployment(`web-${at}`, `nginx:1.${at}`));
    world.registries.states.set("docker.io", "limited");
    const first = await world.start();
    const asked = world.registries.heads.get("docker.io") ?? 0;
    expect(asked).toBeLessThanOrEqual(4);
    expect(
      (await first.metrics.heads.get()).values.map(({ labels, value }) => [labels.result, value]),
    ).toEqual([
      ["asked", asked],
      ["refused", asked],
    ]);
    world.registries.states.set("docker.io", "open");
    world.clock.advance(5 * HOUR);
    await world.start();
    expect(world.registries.heads.get("docker.io")).toBe(asked);
    world.clock.advance(HOUR + MINUTE);
    await world.start();
    expect([...world.rows().values()].filter(({ use }) => use !== undefined)).toHaveLength(30);
  });

  test("is not spent on a registry that is dead: two questions a round, for each of four images at once", async () => {
    const world = await controllerWorld({ holds: manyImages(100) });
    for (let at = 0; at < 100; at++)
      world.cluster.put("deployments", deployment(`web-${at}`, `nginx:1.${at}`));
    world.registries.states.set("docker.io", "dead");
    await world.start();
    expect(world.registries.heads.get("docker.io")).toBeLessThanOrEqual(8);
    expect(new Set([...world.rows().values()].map(({ use }) => use))).toEqual(new Set([undefined]));
  });

  test("is not given anew by a clock that is set back", async () => {
    const world = await controllerWorld({
      holds: manyImages(150),
      policy: { kubernetes: perHour(100) },
    });
    for (let at = 0; at < 150; at++)
      world.cluster.put("deployments", deployment(`web-${at}`, `nginx:1.${at}`));
    await world.start();
    world.clock.advance(-30 * MINUTE);
    await world.start();
    expect(world.registries.heads.get("docker.io")).toBeLessThanOrEqual(100);
  });
});

describe("a proof that cannot be renewed", () => {
  test("is kept while it is good, and then removed with a metric, an event and a status", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("pods", pod({ name: "web-1", of: "web/1" }));
    const controller = await world.start();
    world.registries.states.set("docker.io", "dead");
    world.clock.advance(4 * HOUR);
    await controller.pass();
    expect(world.row()?.use).toBe(USE);
    world.clock.advance(2 * HOUR + MINUTE);
    await controller.pass();
    expect(world.row()?.use).toBeUndefined();
    expect(await controller.metrics.expired.get()).toMatchObject({ values: [{ value: 1 }] });
    expect(world.eventReasons()).toEqual(["ImageProofExpired Deployment/web"]);
    const status = indexStatusSchema.parse(JSON.parse((await controller.state.read("status")) ?? ""));
    expect(status.expired).toMatchObject([
      { image: "nginx:1.27", codes: ["origin-unreadable", "weak-proof"] },
    ]);
  });

  test("gives way at once to the word that the place has other bytes now", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    world.registries.holds.set(ORIGIN, OTHER);
    world.clock.advance(4 * HOUR);
    await controller.pass();
    expect(world.row()?.use).toBeUndefined();
  });

  test("is not believed when its time is yet to come", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    world.registries.states.set("docker.io", "dead");
    world.clock.advance(-2 * HOUR);
    await controller.pass();
    expect(world.row()?.use).toBeUndefined();
  });
});

describe("a restart", () => {
  test("begins warm: rows that are good are not asked for again", async () => {
    const world = await controllerWorld({ holds: both });
    world.cluster.put("deployments", deployment("web"));
    await world.start();
    const before = world.row();
    const asked = world.registries.heads.get("docker.io");
    world.registries.states.set("docker.io", "dead");
    world.clock.advance(HOUR);
    await world.start();
    expect([world.row(), world.registries.heads.get("docker.io")]).toEqual([before, asked]);
  });
});

describe("two controllers", () => {
  test("do not both write: the second leads when the first has been silent for the Lease's time", async () => {
    const world = await controllerWorld({ holds: both });
    const [one, two] = [await world.controller("one"), await world.controller("two")];
    expect([await one.leader.campaign(), await two.leader.campaign()]).toEqual([true, false]);
    world.clock.advance(14_000);
    expect([one.leader.isLeading(), await two.leader.campaign()]).toEqual([false, false]);
    world.clock.advance(2_000);
    expect([await two.leader.campaign(), await one.leader.campaign()]).toEqual([true, false]);
  });

  test("keep one index when a leader that was paused writes after the next one has", async () => {
    const world = await controllerWorld({ holds: { ...both, ...manyImages(3) } });
    world.cluster.put("deployments", deployment("web"));
    const one = await world.start();
    const two = await world.controller("two");
    await two.keeper.begin();
    world.cluster.put("deployments", deployment("api", "nginx:1.1"));
    world.clock.advance(16_000);
    await two.leader.campaign();
    world.clock.advance(16_000);
    await two.pass();
    expect([two.leader.isLeading(), [...world.rows().keys()]]).toEqual([true, ["nginx:1.1", "nginx:1.27"]]);
    world.cluster.put("deployments", deployment("late", "nginx:1.2"));
    await one.keeper.pass();
    expect([...world.rows().keys()].toSorted()).toEqual(["nginx:1.1", "nginx:1.27"]);
  });

  test("lose no row when another writer comes between reading and writing", async () => {
    const world = await controllerWorld({ holds: { ...both, ...manyImages(3) } });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    const [object] = world.cluster.all("imageindexes");
    const foreign = { "nginx:1.1": { ...world.row(), askedAt: "2026-11-29T08:00:01.000Z" } };
    if (object !== undefined)
      world.cluster.put("imageindexes", {
        ...object,
        spec: { rows: { ...(object.spec.rows as object), ...foreign } },
      });
    world.cluster.put("deployments", deployment("late", "nginx:1.2"));
    await controller.pass();
    await controller.pass();
    expect([...world.rows().keys()].toSorted()).toEqual(["nginx:1.1", "nginx:1.2", "nginx:1.27"]);
  });

  test("write nothing more when they cannot renew the Lease", async () => {
    const world = await controllerWorld({ holds: { ...both, ...manyImages(3) } });
    world.cluster.put("deployments", deployment("web"));
    const controller = await world.start();
    world.cluster.fault = ({ kind }) =>
      kind === "leases" ? new ClusterError(0, "Unreachable", "no connection") : undefined;
    world.clock.advance(11_000);
    world.cluster.put("deployments", deployment("late", "nginx:1.2"));
    await controller.pass();
    expect([...world.rows().keys()]).toEqual(["nginx:1.27"]);
  });
});
