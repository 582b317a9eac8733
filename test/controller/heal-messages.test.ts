/** Healing by what kubelet says after our own patch: with an earlier kubelet's message, with one of another form, and to a leader that did not patch. */

import { afterEach, describe, expect, test } from "vitest";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import { LIMIT_MESSAGE, pod } from "../support/kubernetes/cluster-objects.ts";
import { clusterWorld } from "../support/kubernetes/cluster-world.ts";

const HUB = { "docker.io": { images: { "library/app:1": {} }, quota: { remaining: 0 } } };
const TWIN = {
  "public.ecr.aws": { images: { "docker/library/app:1": { sameAs: "docker.io/library/app:1" } } },
};

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A pod that waits; from now on its kubelet says what the test says. */
async function waitingPod(written = "app:1") {
  const made = await clusterWorld({ registries: { ...HUB, ...TWIN } });
  ends.push(made.end);
  made.addPods([pod({ name: "web-1", of: "web/1", image: written })]);
  await made.world.run(3);
  made.end();
  const say = (state: object, image = made.images()[0] ?? ""): void => {
    const [one] = made.cluster.all("pods");
    const status = { name: "web", image, imageID: "", state };
    made.cluster.put("pods", { ...one, status: { phase: "Pending", containerStatuses: [status] } } as never);
  };
  return {
    ...made,
    says: (message: string, reason = "ImagePullBackOff") => say({ waiting: { reason, message } }),
    runs: () => say({ running: { startedAt: "2026-11-29T08:00:00Z" } }),
    isPatched: () => made.images()[0]?.startsWith("public.ecr.aws/") === true,
    patches: () =>
      made.cluster.requests.filter(({ verb, kind }) => verb === "patch" && kind === "pods").length,
  };
}

/** containerd asks for a tag's digest by HEAD, and is refused at the manifest of that digest, which ours often has too. */
const limitAt = (image: string, digest: string): string =>
  LIMIT_MESSAGE(image).replace("manifests/latest", `manifests/${digest}`);

describe("after its patch a pod", () => {
  test("of which kubelet repeats the words about the image before, with the same digest, is not patched again", async () => {
    const made = await waitingPod();
    const { outcomes } = made.controller();
    expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
    const [image = ""] = made.images();
    made.says(limitAt("app:1", image.split("@")[1] ?? ""));
    await made.world.run(60);
    expect([made.images(), made.patches(), outcomes]).toEqual([[image], 1, []]);
    made.runs();
    expect(await made.world.runUntil(() => outcomes.length > 0, 30)).toBe(true);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["succeeded"]);
  });

  test("that was written by digest keeps the first place until kubelet has tried it", async () => {
    const known = await waitingPod();
    known.controller();
    await known.world.runUntil(known.isPatched, 60);
    const digest = known.images()[0]?.split("@")[1] ?? "";
    const made = await waitingPod(`app@${digest}`);
    made.controller();
    expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
    await made.world.run(60);
    expect([made.isPatched(), made.patches()]).toEqual([true, 1]);
  });

  // biome-ignore format: a table is read by its columns
  const forms: readonly (readonly [whose: string, message: (repository: string, digest: string) => string, reason?: string])[] = [
    ["kubelet's words of a back-off",                       (name, digest) => `Back-off pulling image "${name}@${digest}"`],
    ["containerd's words without a cause of kubelet's",     (name, digest) => `failed to pull and unpack image "${name}@${digest}": unexpected status 503`, "ErrImagePull"],
    ["CRI-O's words with a transport",                      (name, digest) => `initializing source docker://${name}@${digest}: pinging container registry`, "ErrImagePull"],
    ["CRI-O's words with the repository and digest apart",  (name, digest) => `reading manifest ${digest} in ${name}: toomanyrequests: You have reached your pull rate limit.`, "ErrImagePull"],
  ];
  for (const [whose, message, reason] of forms)
    test(`gets the next place when its failure is reported in ${whose}`, async () => {
      const made = await waitingPod();
      made.controller();
      await made.world.runUntil(made.isPatched, 60);
      const [name = "", digest = ""] = made.images()[0]?.split("@") ?? [];
      made.says(message(name, digest), reason);
      expect(await made.world.runUntil(() => made.images()[0] === `app:1@${digest}`, 60)).toBe(true);
    });

  test("of which kubelet names no image keeps its place, and is reported as not started after ten minutes", async () => {
    const made = await waitingPod();
    const { outcomes } = made.controller();
    await made.world.runUntil(made.isPatched, 60);
    made.says("the registry said no", "ErrImagePull");
    await made.world.run(700);
    expect([made.isPatched(), made.patches(), outcomes.map(({ outcome }) => outcome)]).toEqual([
      true,
      1,
      ["rollout-timed-out"],
    ]);
  });
});

describe("a leader that follows one that was killed", () => {
  for (const isLost of [false, true])
    test(`reports the outcome of a pod that the first has patched${isLost ? " without an answer" : ""}, and patches it no more`, async () => {
      const made = await waitingPod();
      const first = made.controller({
        identity: "first",
        cluster: {
          ...made.cluster,
          patch: async (kind, ...rest) => {
            const answer = await made.cluster.patch(kind, ...rest);
            if (isLost && kind === "pods") throw new ClusterError(0, "Unreachable", "no answer");
            return answer;
          },
        },
      });
      expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
      first.kill();
      const second = made.controller({ identity: "second" });
      await made.world.run(60);
      made.runs();
      await made.world.run(30);
      const told = [first, second].map(({ outcomes }) => outcomes.map(({ outcome }) => outcome));
      expect([told, made.patches()]).toEqual([[[], ["succeeded"]], 1]);
      expect(second.outcomes[0]).toMatchObject({
        workload: { kind: "pod", name: "shop/Deployment/web" },
        images: [{ image: "app:1", substitute: made.images()[0], proof: "same-index" }],
      });
    });

  test("reports it too when the pod never starts", async () => {
    const made = await waitingPod();
    const first = made.controller({ identity: "first" });
    expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
    first.kill();
    const second = made.controller({ identity: "second" });
    await made.world.run(720);
    expect(second.outcomes.map(({ outcome }) => outcome)).toEqual(["rollout-timed-out"]);
  });

  test("reports the outcome of a pod that has started before it leads", async () => {
    const made = await waitingPod();
    const first = made.controller({ identity: "first" });
    expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
    first.kill();
    made.runs();
    const second = made.controller({ identity: "second" });
    await made.world.run(60);
    expect([first, second].map(({ outcomes }) => outcomes.map(({ outcome }) => outcome))).toEqual([
      [],
      ["succeeded"],
    ]);
    expect(second.outcomes[0]).toMatchObject({
      workload: { kind: "pod", name: "shop/Deployment/web" },
      images: [
        { image: "app:1", substitute: made.images()[0], proof: "same-index", trusted: { from: "origin" } },
      ],
      failure: { kind: "docker-hub-pull-limit" },
    });
    expect(made.reasons()).toContain("PodsHealed");
    const third = made.controller({ identity: "third" });
    second.kill();
    await made.world.run(60);
    expect(third.outcomes).toEqual([]);
  });

  test("reports no outcome of a pod that is gone, and none that the first has reported", async () => {
    for (const isTold of [true, false]) {
      const made = await waitingPod();
      const first = made.controller({ identity: "first" });
      expect(await made.world.runUntil(made.isPatched, 60)).toBe(true);
      if (isTold) {
        made.runs();
        await made.world.run(10);
      }
      first.kill();
      if (!isTold)
        for (const { metadata } of made.cluster.all("pods"))
          made.cluster.remove("pods", { namespace: "shop", name: metadata.name ?? "" });
      const second = made.controller({ identity: "second" });
      await made.world.run(60);
      expect([first.outcomes.length, second.outcomes.length]).toEqual([isTold ? 1 : 0, 0]);
    }
  });
});
