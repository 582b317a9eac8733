/**
 * Copies of a cluster's images that the controller keeps up with their tags: what is asked and how often, what is copied next to
 * the old bytes, which workloads get which Event, and what never changes.
 */

import { afterEach, describe, expect, test } from "vitest";
import { COPIES_STATE_NAME, refreshStatusSchema } from "../../src/controller/copies/refresh-status.ts";
import type { Digest } from "../../src/image/digest.ts";
import { readRows } from "../../src/kubernetes/image-index.ts";
import type { RefreshReport } from "../../src/mirrors/refresh/refresh-report.ts";
import { deployment, pod } from "../support/kubernetes/cluster-objects.ts";
import {
  type ClusterWorldGiven,
  type ControllerGiven,
  clusterWorld,
  copyOf,
} from "../support/kubernetes/cluster-world.ts";

const HUB = "docker.io/library";
const REPOSITORY = "repull/docker.io/library/app";
/** Ten minutes are as good as six hours here: when it is due again, and some. */
const AGAIN = 700;
const copied = (tag: string) => ({ [`repull/${tag}`]: { sameAs: tag, copied: { daysAgo: 1 } } });
const REGISTRIES = {
  "docker.io": { images: { "library/app:1": {}, "library/app:2": {}, "library/other:1": {} } },
  ecr: { images: copied(`${HUB}/app:1`) },
};

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Pods of one Deployment run `app:1`, which has a copy. */
async function running(given: Partial<ClusterWorldGiven> = {}, images = ["app:1"]) {
  const made = await clusterWorld({ registries: REGISTRIES, ...given });
  ends.push(made.end);
  const reachableRegistries = ["public.ecr.aws", made.ecr];
  made.setPolicy(
    { ...given.policy, kubernetes: { reachableRegistries, ...given.policy?.kubernetes } },
    { proofMaxAge: "20m", refreshEvery: given.policy?.kubernetes?.refreshEvery ?? "10m" },
  );
  const { world, cluster } = made;
  for (const [at, image] of images.entries()) {
    cluster.put("deployments", deployment(`web${at}`, image));
    made.addPods([0, 1].map((one) => pod({ name: `${at}-${one}`, of: `web${at}/1`, image })));
  }
  await world.run(5);
  expect(made.phases().every((phase) => phase === "Running")).toBe(true);
  const hub = world.registries.dockerHub;
  const { ecr } = world.registries;
  const dataOf = (key: string) =>
    cluster.all("configmaps").find(({ metadata }) => metadata.name === COPIES_STATE_NAME)?.data?.[key];
  return {
    ...made,
    hub,
    ecr: made.ecr,
    heads: () => hub.requests()["manifest-head"] ?? 0,
    /** Copies that the tag `1` has, by digest. */
    copies: (): readonly Digest[] =>
      Object.entries(ecr.tags(REPOSITORY)).flatMap(([tag, digest]) =>
        /^1-[0-9a-f]{12}$/.test(tag) ? [digest] : [],
      ),
    move(from: string, to: string, path = "library/app"): Digest {
      const manifest = hub.manifest(path, to);
      if (manifest === undefined) throw new Error(`no ${path}:${to}`);
      return hub.putManifest(path, manifest.bytes, manifest.mediaType, from);
    },
    remove: (tag: string, path = "library/app") => {
      hub.putManifest(path, Buffer.from("{}"), "application/json", tag);
    },
    status: () => {
      const text = dataOf("status");
      return text === undefined ? undefined : refreshStatusSchema.parse(JSON.parse(text));
    },
    events: (reason: string) =>
      cluster
        .all("events")
        .filter((event) => event.reason === reason)
        .map(({ regarding }) => `${regarding?.kind}/${regarding?.name}`),
    row: (image = "app:1") => readRows(cluster.all("imageindexes")).get(image),
    refresher: (said: ControllerGiven = {}) => made.controller({ copies: "in-pod", refresh: {}, ...said }),
  };
}

describe("a tag that has moved since it was copied", () => {
  for (const copies of ["in-pod", "stack"] as const)
    test(`is copied next to the old copy, and nothing that runs changes (${copies})`, async () => {
      const made = await running();
      const before = made.cluster.all("pods").map(({ metadata, spec }) => [metadata.uid, spec]);
      const news: RefreshReport[] = [];
      made.refresher({ copies, refresh: { publish: async (report) => void news.push(report) } });
      await made.world.run(60);
      const old = made.copies();
      expect([old.length, made.status()?.tags]).toEqual([1, { same: 1 }]);
      const to = made.move("1", "2");
      await made.world.run(AGAIN);
      expect(made.copies()).toHaveLength(2);
      expect(made.copies()).toEqual(expect.arrayContaining([...old]));
      expect(made.status()).toMatchObject({
        tags: { moved: 1 },
        moved: [{ source: `${HUB}/app:1`, to, isCopied: true }],
        lost: [],
      });
      expect(made.events("ImageTagMoved")).toEqual(["Deployment/web0"]);
      expect(news.flatMap(({ moved }) => moved)).toMatchObject([
        { to, copy: { kind: "copied" }, isNews: true },
      ]);
      expect(made.cluster.all("pods").map(({ metadata, spec }) => [metadata.uid, spec])).toEqual(before);
      await made.world.run(AGAIN);
      expect([made.status()?.tags, made.events("ImageTagMoved")]).toEqual([{ same: 1 }, ["Deployment/web0"]]);
    });
});

describe("the index of proved images", () => {
  test("has the same rows whether copies are refreshed or not, until pods run the new bytes", async () => {
    const made = await running();
    const plain = await running();
    const digest = made.copies()[0] ?? "";
    made.refresher();
    plain.controller({ copies: "in-pod" });
    const rows = async (seconds: number) => {
      await made.world.run(seconds);
      await plain.world.run(seconds);
      expect(made.row()).toEqual(plain.row());
      return made.row();
    };
    expect(await rows(60)).toMatchObject({ use: copyOf(made.ecr, "app:1", digest) });
    const to = made.move("1", "2");
    plain.move("1", "2");
    const after = await rows(2 * AGAIN);
    expect([made.copies().length, plain.copies().length]).toEqual([2, 1]);
    // What the running pods have is what the tag means to them: a new pod gets what its registry says.
    expect(after).toMatchObject({ codes: ["tag-moved"], trusted: { digest, from: "pod" } });
    for (const one of [made, plain]) {
      for (const { metadata } of one.cluster.all("pods"))
        one.cluster.remove("pods", metadata as { name: string });
      one.addPods([0, 1].map((number) => pod({ name: `new-${number}`, of: "web0/2", image: "app:1" })));
    }
    await made.world.run(300);
    expect(made.row()).toMatchObject({
      use: copyOf(made.ecr, "app:1", to),
      trusted: { digest: to, from: "pod" },
    });
    await plain.world.run(300);
    expect(plain.row()?.use).toBeUndefined();
  });
});

describe("a source that is lost", () => {
  test("is not reported for a private one that the controller has never been able to read", async () => {
    const hub = { ...REGISTRIES["docker.io"], privateRepositories: ["library/app"] };
    const made = await running({ registries: { ...REGISTRIES, "docker.io": hub } }, []);
    made.cluster.put("deployments", deployment("web", "app:1"));
    made.refresher();
    await made.world.run(120);
    expect([made.status()?.tags, made.events("ImageSourceLost")]).toEqual([{}, []]);
  });

  test("is reported at once to the workloads that name it, and once; its copies stay", async () => {
    const made = await running();
    const first = made.refresher({ identity: "one" });
    await made.world.run(60);
    const old = made.copies();
    made.remove("1");
    await made.world.run(AGAIN);
    expect([made.status()?.tags, made.status()?.lost, made.events("ImageSourceLost")]).toMatchObject([
      { gone: 1 },
      [{ source: `${HUB}/app:1`, state: "gone" }],
      ["Deployment/web0"],
    ]);
    first.kill();
    made.refresher({ identity: "two" });
    await made.world.run(AGAIN);
    expect([made.copies(), made.events("ImageSourceLost").length]).toEqual([old, 1]);
    made.move("1", "2");
    await made.world.run(AGAIN);
    expect(made.events("ImageTagMoved")).toEqual(["Deployment/web0"]);
  });
});

test("tags of one repository that come into use at different times are known apart, and forgotten with their use", async () => {
  const made = await running({
    registries: { ...REGISTRIES, ecr: { images: { ...copied(`${HUB}/app:1`), ...copied(`${HUB}/app:2`) } } },
  });
  made.refresher();
  await made.world.run(60);
  expect(made.status()?.tags).toEqual({ same: 1 });
  made.cluster.put("deployments", deployment("later", "app:2"));
  await made.world.run(90);
  expect(made.status()?.tags).toEqual({ same: 2 });
  made.cluster.remove("deployments", { namespace: "shop", name: "later" });
  await made.world.run(90);
  expect(made.status()?.tags).toEqual({ same: 1 });
});

describe("a leader that follows another", () => {
  test("asks nothing and reports nothing that the first one has", async () => {
    const made = await running();
    const first = made.refresher({ identity: "one" });
    await made.world.run(60);
    made.move("1", "2");
    await made.world.run(AGAIN);
    expect(made.events("ImageTagMoved")).toHaveLength(1);
    const [heads, copies, status] = [made.heads(), made.copies(), made.status()];
    first.kill();
    made.refresher({ identity: "two" });
    await made.world.run(120);
    expect([made.heads(), made.copies(), made.events("ImageTagMoved").length]).toEqual([heads, copies, 1]);
    expect(made.status()?.tags).toEqual(status?.tags);
  });

  test("copies what the first one had begun to copy when it died", async () => {
    const made = await running();
    const never = { ...made.world.ports.copier, copy: () => new Promise<never>(() => {}) };
    made.move("1", "2");
    const first = made.refresher({ identity: "one", copier: never });
    await made.world.run(120);
    expect([made.copies().length, made.events("ImageTagMoved")]).toEqual([1, []]);
    first.kill();
    made.refresher({ identity: "two" });
    await made.world.run(120);
    expect([made.copies().length, made.events("ImageTagMoved")]).toEqual([2, ["Deployment/web0"]]);
  });
});

describe("nothing is copied, and the tag that has moved is reported, when", () => {
  // biome-ignore format: a table is read by its columns
  const withheld: readonly (readonly [when: string, ControllerGiven, Partial<ClusterWorldGiven>, writes?: Readonly<Record<string, string>>])[] = [
    ["the mode is observe",                        { mode: "observe" },      {}],
    ["the policy's mode is observe",               {},                       { policy: { mode: "observe" } }],
    ["copies are off",                             { copies: "none" },       {}],
    ["the policy has no strategy that copies",     {},                       { policy: { strategies: ["ecr-copy"] } }],
    ["writes are paused",                          {},                       {}, { writes: "allowed", paused: "an incident" }],
    ["the registry has fewer pulls left than half", {},                      { registries: { ...REGISTRIES, "docker.io": { ...REGISTRIES["docker.io"], quota: { remaining: 90, remainingForRepull: 40 } } } }],
  ];
  for (const [when, controller, given, writes] of withheld)
    test(when, async () => {
      const made = await running(given);
      if (writes !== undefined) made.allow(writes);
      made.move("1", "2");
      made.refresher(controller);
      await made.world.run(60);
      expect([made.copies().length, made.events("ImageTagMoved"), made.status()?.moved]).toMatchObject([
        1,
        ["Deployment/web0"],
        [{ isCopied: false }],
      ]);
    });
});

describe("nothing is asked for a refresh when", () => {
  // biome-ignore format: a table is read by its columns
  const left: readonly (readonly [when: string, ControllerGiven, Partial<ClusterWorldGiven>, status: object | undefined])[] = [
    ["the function of the account refreshes its copies", { refresh: { leftTo: async () => ({ name: "repull-refresh" }) } }, {}, { leftTo: "repull-refresh", tags: {} }],
    ["whether there is one cannot be learned",           { refresh: { leftTo: async () => ({ unread: "denied" }) } },        {}, { because: "denied", tags: {} }],
    ["the policy says never",                            {},                                          { policy: { kubernetes: { refreshEvery: "never" } } },     undefined],
    ["the image has no copy",                            {},                                          { registries: { "docker.io": REGISTRIES["docker.io"] } },  { tags: {} }],
    ["pods may not name the account's ECR",              { allowedRegistries: ["public.ecr.aws"] },   {},                                                        { tags: {} }],
    ["the policy leaves the image out",                  {},                                          { policy: { scope: { images: { exclude: ["app"] } } } },   { tags: {} }],
  ];
  for (const [when, controller, given, status] of left)
    test(when, async () => {
      const made = await running(given);
      made.move("1", "2");
      made.refresher({ mode: "observe", ...controller });
      await made.world.run(120);
      expect([
        made.reasons().filter((reason) => reason.startsWith("ImageTag")),
        made.copies().length < 2,
      ]).toEqual([[], true]);
      if (status === undefined) expect(made.status()).toBeUndefined();
      else expect(made.status()).toMatchObject(status);
    });
});
