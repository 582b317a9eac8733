/** Healing where the API server refuses, is silent or loses its answer, pods change under it, and kubelet says what it never said. */

import { afterEach, describe, expect, test } from "vitest";
import { ClusterError, type ClusterReason } from "../../src/cluster/cluster-error.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { stuckContainers } from "../../src/kubernetes/heal/stuck-pods.ts";
import { podFacts } from "../../src/kubernetes/workloads/pod-facts.ts";
import { LIMIT_MESSAGE, pod, type SaidPod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";

const HUB = {
  "docker.io": { images: { "library/app:1": {}, "library/other:1": {} }, quota: { remaining: 0 } },
};
const twin = (name: string) => ({ [`docker/library/${name}`]: { sameAs: `docker.io/library/${name}` } });
const REGISTRIES = { ...HUB, "public.ecr.aws": { images: { ...twin("app:1"), ...twin("other:1") } } };
const USE = /^public\.ecr\.aws\/docker\/library\/app@sha256:[0-9a-f]{64}$/;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function stuck(
  pods: readonly SaidPod[] = [{ name: "web-1", of: "web/1", image: "app:1" }],
  registries: object = REGISTRIES,
  more: { readonly nodes?: readonly string[]; readonly withoutRights?: readonly string[] } = {},
) {
  const made = await clusterWorld({ registries, ...more });
  ends.push(made.end);
  made.addPods(pods.map((said) => pod(said)));
  await made.world.run(3);
  const uids = () => made.cluster.all("pods").map(({ metadata }) => metadata.uid);
  const before = uids();
  return {
    ...made,
    before,
    uids,
    isRunning: () => made.phases().every((phase) => phase === "Running"),
    patches: () =>
      made.cluster.requests.filter(({ verb, kind }) => verb === "patch" && kind === "pods").length,
  };
}

const refusal = (reason: ClusterReason, status: number, retryAfterSeconds?: number) =>
  new ClusterError(status, reason, reason, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });

/** The same cluster, whose patches of pods have the fate that a test says. */
function patchedThrough(
  cluster: ClusterPort,
  fate: (patch: () => Promise<unknown>) => Promise<unknown>,
): ClusterPort {
  return {
    ...cluster,
    patch: async (kind, ...rest) =>
      (await (kind === "pods"
        ? fate(() => cluster.patch(kind, ...rest))
        : cluster.patch(kind, ...rest))) as never,
  };
}

describe("a patch of a waiting pod that the API server", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, reason: ClusterReason, status: number])[] = [
    ["refuses as a conflict",            "Conflict",        409],
    ["refuses because a test fails",     "Invalid",         422],
    ["refuses as too many",              "TooManyRequests", 429],
    ["fails at",                         "ServerError",     500],
    ["gives up",                         "Timeout",         504],
    ["never answers",                    "Unreachable",     0],
  ];
  for (const [what, reason, status] of table)
    test(`${what} is made again, and the pod is healed as the same object, with one outcome`, async () => {
      const made = await stuck();
      let left = 3;
      const cluster = patchedThrough(made.cluster, async (patch) => {
        if (left-- > 0) throw refusal(reason, status);
        return await patch();
      });
      const { outcomes } = made.controller({ cluster });
      expect(await made.world.runUntil(made.isRunning, 60)).toBe(true);
      await made.world.run(5);
      expect([made.uids(), outcomes.map(({ outcome }) => outcome)]).toEqual([made.before, ["succeeded"]]);
      expect(made.images()).toEqual([expect.stringMatching(USE)]);
    });

  for (const reason of ["Timeout", "Unreachable", "ServerError"] as const)
    test(`makes, and whose answer is lost (${reason}), is not made again, and its outcome is reported`, async () => {
      const made = await stuck();
      let lost = 1;
      const cluster = patchedThrough(made.cluster, async (patch) => {
        const answer = await patch();
        if (lost-- > 0) throw refusal(reason, 0);
        return answer;
      });
      const { outcomes } = made.controller({ cluster });
      expect(await made.world.runUntil(() => outcomes.length > 0, 60)).toBe(true);
      expect([outcomes.map(({ outcome }) => outcome), made.patches()]).toEqual([["succeeded"], 1]);
    });

  test("never makes, though the pod runs by itself in the end, is not reported as a success of ours", async () => {
    const made = await stuck();
    const cluster = patchedThrough(made.cluster, async () => {
      throw refusal("Unreachable", 0);
    });
    const { outcomes } = made.controller({ cluster });
    await made.world.run(20);
    const [one] = made.cluster.all("pods");
    made.cluster.put("pods", {
      ...one,
      status: pod({ name: "web-1", of: "web/1", image: "app:1", runs: `sha256:${"a".repeat(64)}` }).status,
    } as never);
    await made.world.run(30);
    expect([outcomes, made.images()]).toEqual([[], ["app:1"]]);
  });

  // biome-ignore format: a table is read by its columns
  const busy = [
    ["is asked to wait for 30 seconds", refusal("TooManyRequests", 429, 30), 4],
    ["fails at each time",              refusal("ServerError", 500),         9],
  ] as const;
  for (const [what, error, max] of busy)
    test(`${what} is sent ${max} times in two minutes at most`, async () => {
      const made = await stuck();
      let sent = 0;
      const cluster = patchedThrough(made.cluster, async () => {
        sent += 1;
        throw error;
      });
      const { outcomes } = made.controller({ cluster });
      await made.world.run(120);
      expect(sent).toBeGreaterThan(1);
      expect(sent).toBeLessThanOrEqual(max);
      expect([outcomes, made.images()]).toEqual([[], ["app:1"]]);
    });
});

test("a pod is healed within two minutes of a patch for which a proxy has asked to wait for a day", async () => {
  const made = await stuck();
  let left = 1;
  const cluster = patchedThrough(made.cluster, async (patch) => {
    if (left-- > 0) throw refusal("ServerError", 503, 86_400);
    return await patch();
  });
  made.controller({ cluster });
  expect(await made.world.runUntil(made.isRunning, 120)).toBe(true);
});

describe("a pod that changes between the look and the patch", () => {
  test("is left as it is when it is another one of the same name", async () => {
    const made = await stuck();
    let replaced = false;
    const cluster = patchedThrough(made.cluster, async (patch) => {
      if (!replaced) {
        replaced = true;
        made.cluster.remove("pods", { namespace: "shop", name: "web-1" });
        const digest = `sha256:${"b".repeat(64)}` as const;
        const other = pod({ name: "web-1", of: "web/2", image: "app:1", runs: digest });
        made.cluster.put("pods", { ...other, metadata: { ...other.metadata, uid: "another" } } as never);
      }
      return await patch();
    });
    const { outcomes } = made.controller({ cluster });
    await made.world.run(20);
    expect([replaced, made.uids(), made.images(), outcomes]).toEqual([true, ["another"], ["app:1"], []]);
  });
});

describe("a pod of", () => {
  const owner = (apiVersion: string, kind: string) => ({ apiVersion, kind, name: "one" });
  // biome-ignore format: a table is read by its columns
  const owners: readonly (readonly [what: string, apiVersion: string, kind: string])[] = [
    ["a Job, whose backoffLimit counts only pods that ended", "batch/v1", "Job"],
    ["a DaemonSet",                                           "apps/v1",  "DaemonSet"],
    ["a StatefulSet",                                         "apps/v1",  "StatefulSet"],
  ];
  for (const [what, apiVersion, kind] of owners)
    test(`${what} is healed in place`, async () => {
      const made = await stuck([{ name: "one-0", owner: owner(apiVersion, kind), image: "app:1" }]);
      made.controller();
      expect(await made.world.runUntil(made.isRunning, 60)).toBe(true);
      expect(made.uids()).toEqual(made.before);
    });

  test("a DaemonSet gets the copy in ECR where its node may pull, and its own image by digest where it may not", async () => {
    const registries = {
      ...HUB,
      ecr: { images: { "repull/docker.io/library/app:1": { sameAs: "docker.io/library/app:1" } } },
    };
    const said = ["a", "b"].map((node) => ({
      name: `one-${node}`,
      node,
      owner: owner("apps/v1", "DaemonSet"),
      image: "app:1",
    }));
    const made = await stuck(said, registries, { nodes: ["a", "b"], withoutRights: ["b"] });
    made.controller();
    const isDone = () =>
      made.phases().includes("Running") && made.images().some((one) => one.startsWith("app:1@"));
    expect(await made.world.runUntil(isDone, 240)).toBe(true);
    await made.world.run(60);
    expect(made.images().map((image) => image.split("@")[0])).toEqual([
      `${made.ecr}/repull/docker.io/library/app`,
      "app:1",
    ]);
    expect(made.uids()).toEqual(made.before);
  });

  // As a template that was made of a healed pod has it, `kubectl debug --copy-to --set-image --keep-annotations`, or a restore that renames images.
  const copied = `app:1 sha256:${"a".repeat(64)} same-index origin 2026-11-29T08:00:00Z`;
  for (const [what, image, written] of [
    ["a tag", "other:1", "other:1"],
    ["another digest", `other:1@sha256:${"b".repeat(64)}`, undefined],
  ] as const)
    test(`${what}, with the note of another image that its author copied, never gets that other image`, async () => {
      const annotations = { "image.repull.dev/web": copied };
      const made = await stuck([
        { name: "web-1", of: "web/1", image, annotations, waits: LIMIT_MESSAGE(image) },
      ]);
      made.controller();
      await made.world.runUntil(made.isRunning, 60);
      const [one] = made.cluster.all("pods");
      const notes = one?.metadata.annotations?.["image.repull.dev/web"];
      expect([made.images()[0]?.split("@")[0], notes?.split(" ")[0]]).toEqual(
        written === undefined ? ["other:1", "app:1"] : ["public.ecr.aws/docker/library/other", written],
      );
    });

  test("two containers that wait for two images gets both, each with its note", async () => {
    const made = await stuck([]);
    const one = pod({ name: "web-1", of: "web/1", image: "app:1" });
    const containers = ["app:1", "other:1"].map((image, at) => ({ name: `c${at}`, image }));
    made.cluster.put("pods", {
      ...one,
      spec: { ...one.spec, containers },
      status: { phase: "Pending" },
    } as never);
    await made.world.run(3);
    made.controller();
    expect(await made.world.runUntil(made.isRunning, 60)).toBe(true);
    const [healed] = made.cluster.all("pods");
    expect(healed?.spec.containers.map(({ image }) => image?.split("@")[0])).toEqual([
      "public.ecr.aws/docker/library/app",
      "public.ecr.aws/docker/library/other",
    ]);
    expect(
      Object.entries(healed?.metadata.annotations ?? {})
        .map(([key, value]) => [key, value.split(" ")[0]])
        .toSorted(),
    ).toEqual([
      ["image.repull.dev/c0", "app:1"],
      ["image.repull.dev/c1", "other:1"],
    ]);
  });
});

describe("of the containers of a pod", () => {
  const waiting = (name: string, message = LIMIT_MESSAGE("app:1")) => ({
    name,
    image: "app:1",
    imageID: "",
    state: { waiting: { reason: "ImagePullBackOff", message } },
  });
  const one = pod({ name: "web-1", of: "web/1", image: "app:1" });
  const found = (spec: object, status: object) => {
    const facts = podFacts({
      ...one,
      metadata: { ...one.metadata, uid: "u" },
      spec: { ...one.spec, ...spec },
      status,
    });
    return facts === undefined
      ? []
      : stuckContainers(facts).map(({ container, kind }) => `${container.container} ${kind}`);
  };
  const app = { image: "app:1" };

  test("an init container and a sidecar that wait are stuck, and a container for debugging is not", () => {
    const spec = {
      initContainers: [
        { name: "init", ...app },
        { name: "side", ...app, restartPolicy: "Always" },
      ],
      ephemeralContainers: [{ name: "debug", ...app }],
    };
    const status = {
      initContainerStatuses: [waiting("init"), waiting("side")],
      ephemeralContainerStatuses: [waiting("debug")],
    };
    expect(found(spec, status).toSorted()).toEqual(["init limit", "side limit"]);
  });

  // biome-ignore format: a table is read by its columns
  const messages: readonly (readonly [what: string, message: string])[] = [
    ["nothing",                                   ""],
    ["another language",                          "Das Abbild „app:1“ konnte nicht geladen werden: zu viele Anfragen"],
    ["a number alone",                            "429"],
    ["JSON of another form",                      '{"fehler":{"code":"E-429","image":"app:1"}}'],
    ["a megabyte of nonsense",                    "x".repeat(1_000_000)],
    ["control characters",                        "\u001b[31m\u0000\u202e429\u001b[0m"],
    ["a limit that kubelet sets itself",          'Failed to pull image "app:1": pull QPS exceeded'],
    ["another fault with a 429 in a name",        'failed to resolve reference "docker.io/library/app:429": not authorized'],
  ];
  for (const [what, message] of messages)
    test(`one of which kubelet says ${what} is left alone`, () => {
      expect(found({}, { containerStatuses: [waiting("web", message)] })).toEqual([]);
    });
});
