/** Images that are copied for waiting pods: who copies, how often, within which quota, and what a refusal leaves. */

import { afterEach, describe, expect, test } from "vitest";
import { pod } from "../support/kubernetes/cluster-objects.ts";
import {
  type ClusterWorldGiven,
  type ControllerGiven,
  clusterWorld,
  copyOf,
} from "../support/kubernetes/cluster-world.ts";

/** On Docker Hub alone, where the nodes' address has no pulls left, and Repull's has. */
const HUB = {
  "docker.io": { images: { "library/app:1": {}, "library/other:1": {} }, quota: { remaining: 0 } },
};
const COPIES = "repull/docker.io/library/app";
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function stuck(given: Partial<ClusterWorldGiven> = {}, images = ["app:1"], each = 5) {
  const made = await clusterWorld({ registries: HUB, ...given });
  ends.push(made.end);
  made.addPods(
    images.flatMap((image, at) =>
      Array.from({ length: each }, (_, number) =>
        pod({ name: `${at}-${number}`, of: `w${at}-${number % 2}/1`, image }),
      ),
    ),
  );
  await made.world.run(3);
  expect(new Set(made.waits().map((one) => one?.reason))).toEqual(new Set(["ImagePullBackOff"]));
  return made;
}

const quotasIn = (made: Awaited<ReturnType<typeof clusterWorld>>) =>
  JSON.parse(
    made.cluster.all("configmaps").find(({ metadata }) => metadata.name === "repull-state")?.data?.quotas ??
      "{}",
  ) as Record<string, { taken: Record<string, number> }>;
const bytesTaken = (made: Awaited<ReturnType<typeof clusterWorld>>) =>
  Object.entries(quotasIn(made))
    .filter(([name]) => name.startsWith("bytesPerDay"))
    .flatMap(([, { taken }]) => Object.values(taken));
const kinds = (outcomes: readonly { outcome: string; reason?: string | undefined }[]) =>
  outcomes.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome} ${reason}`)).toSorted();

describe("an image that only a limited registry has", () => {
  for (const copies of ["in-pod", "stack"] as const)
    test(`is copied once for all pods that wait for it, which run the copy (${copies})`, async () => {
      const made = await stuck();
      const { world } = made;
      const { outcomes } = made.controller({ copies });
      await world.runUntil(() => made.phases().every((phase) => phase === "Running"), 120);
      const [image = "", ...others] = new Set(made.images());
      const digest = image.slice(image.indexOf("@") + 1);
      expect([image, others]).toEqual([copyOf(made.ecr, "app:1", digest), []]);
      expect(world.registries.ecr.digests(COPIES)).toContain(digest);
      await world.run(5);
      expect(kinds(outcomes)).toEqual(["succeeded", "succeeded"]);
      expect(outcomes[0]).toMatchObject({ workload: { kind: "pod" }, images: [{ proof: "same-platform" }] });
      if (copies === "stack") {
        expect(world.executions.records.map(({ workflow }) => workflow)).toEqual(["mirror"]);
        expect([...world.quotas.windows.keys()].map((name) => name.split(" ")[0]).toSorted()).toEqual([
          "bytesPerDay",
          "remediationsPerHour",
        ]);
      } else expect(bytesTaken(made)).toHaveLength(1);
    });

  test("is not copied where nothing may be", async () => {
    const made = await stuck();
    const { outcomes } = made.controller({ copies: "none" });
    await made.world.run(60);
    expect([kinds(outcomes), new Set(made.images())]).toEqual([
      ["no-substitute no-proof", "no-substitute no-proof"],
      new Set(["app:1"]),
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const left: readonly (readonly [when: string, ControllerGiven, Partial<ClusterWorldGiven>, ends: string | undefined])[] = [
    ["the mode is observe",                     { mode: "observe" },                          {},                                                      "dry-run"],
    ["the quota of bytes is smaller than it",   {},                                           { policy: { quotas: { bytesPerDay: "1MB" } }, registries: { "docker.io": { images: { "library/app:1": { kilobytes: 4000 } }, quota: { remaining: 0 } } } }, "quota-exceeded"],
    ["its registry is not one that is allowed", { allowedRegistries: ["public.ecr.aws"] },    {},                                                      "no-substitute no-proof"],
    ["ECR refuses the repository",              {},                                           { more: { refusals: [{ action: "ecr:CreateRepository", kind: "denied" }] } }, "no-substitute no-proof"],
    ["its registry refuses Repull too",         {},                                           { registries: { "docker.io": { images: { "library/app:1": {} }, quota: { remaining: 0, remainingForRepull: 0 } } } }, undefined],
    ["a calendar of the policy is closed",      {},                                           { policy: { changeCalendar: ["freeze"] }, more: { calendars: { freeze: [{}] } } }, "dry-run calendar-closed"],
  ];
  for (const [when, controller, given, end] of left)
    test(`leaves its pods as they are when ${when}`, async () => {
      const made = await stuck(given, ["app:1"], 1);
      const { outcomes } = made.controller({ copies: "in-pod", ...controller });
      await made.world.run(120);
      expect([kinds(outcomes), made.images(), made.world.registries.ecr.digests(COPIES)]).toEqual([
        end === undefined ? [] : [end],
        ["app:1"],
        [],
      ]);
    });

  test("is copied once when the leader dies between the quota and the copy, and its bytes count once", async () => {
    const made = await stuck();
    const { world } = made;
    const never = { ...world.ports.copier, copy: () => new Promise<never>(() => {}) };
    const first = made.controller({ identity: "one", copies: "in-pod", copier: never });
    expect(await world.runUntil(() => bytesTaken(made).length === 1, 60)).toBe(true);
    first.kill();
    made.controller({ identity: "two", copies: "in-pod" });
    expect(await world.runUntil(() => made.phases().every((phase) => phase === "Running"), 120)).toBe(true);
    expect(bytesTaken(made)).toHaveLength(1);
  });

  test("goes on when the pause is lifted, and not before", async () => {
    const made = await stuck({}, ["app:1"], 2);
    made.allow({ writes: "allowed", paused: "an incident" });
    made.controller({ copies: "in-pod" });
    await made.world.run(120);
    expect([new Set(made.images()), bytesTaken(made), made.reasons()]).toEqual([
      new Set(["app:1"]),
      [],
      ["WritesPaused"],
    ]);
    made.allow();
    expect(await made.world.runUntil(() => made.phases().every((phase) => phase === "Running"), 120)).toBe(
      true,
    );
  });
});
