/** What else the owner can say: by a tag on a service or a cluster, and by the clock. */

import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ports } from "../../src/remediation/ports.ts";
import type { World } from "../../src/sandbox/world.ts";
import type { Policy } from "../../src/substitution/policy.ts";
import { ENGINES, play, type Scenario, stateOf } from "../support/scenario.ts";

const service = { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 };
const registries = {
  "docker.io": {
    images: { "library/nginx:1.25": {}, "grafana/grafana:11": {} },
    quota: { remaining: 0 },
  },
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const tagged = (onService: string, onCluster: string, extra: object = {}) => ({
  services: [{ ...service, ...extra, ...(onService === "" ? {} : { tags: tagOf(onService) }) }],
  ...(onCluster === "" ? {} : { clusters: { prod: { tags: tagOf(onCluster) } } }),
  registries,
});

beforeAll(() => LocalDurableTestRunner.setupTestEnvironment({ skipTime: true }));
afterAll(() => LocalDurableTestRunner.teardownTestEnvironment());

function tagOf(text: string): Record<string, string> {
  const [key = "", value = ""] = text.split("=");
  return { [key]: value };
}

const yes = { says: JSON.stringify({ decision: "approve", by: "Ada" }) };

// biome-ignore format: a table is read by its columns
const tags: readonly (readonly [because: string, service: string, cluster: string, policy: Partial<Policy>, outcome: string, words: string, asked: number])[] = [
  ["a service that is only to be observed",  "repull:mode=observe",   "",                      {},                                      "observed", "the tag repull:mode=observe of the service web says observe: nothing was written", 0],
  ["a cluster that is only to be observed",  "",                      "repull:mode=observe",   {},                                      "observed", "of the cluster prod says observe", 0],
  ["a service that is asked about",          "repull:mode=approve",   "",                      {},                                      "settled",  "", 1],
  ["a cluster that is asked about",          "",                      "repull:mode=approve",   {},                                      "settled",  "", 1],
  ["a tag that frees nothing",               "repull:mode=remediate", "",                      { mode: "observe" },                     "observed", "the policy says observe", 0],
  ["a tag that frees, where the owner lets", "repull:mode=remediate", "",                      { mode: "observe", modeTags: "any" },    "settled",  "", 0],
  ["a misspelt tag",                         "repull:mode=observ",    "",                      {},                                      "observed", "is no mode, and so counts as observe", 0],
  ["a service that opted out",               "repull=off",            "",                      {},                                      "declined", "the service web opted out", 0],
  ["a cluster that opted out",               "",                      "repull=off",            {},                                      "declined", "the cluster prod opted out", 0],
];

describe("a tag", () => {
  for (const [because, onService, onCluster, policy, outcome, words, asked] of tags) {
    test(`${because}: ${outcome}`, async () => {
      const { world, ...ended } = await play({ world: tagged(onService, onCluster), policy, answers: [yes] });
      expect(ended.outcome).toMatchObject({ outcome, because: expect.stringContaining(words) });
      expect(world.bus.outcomes.filter((told) => told.outcome === "awaiting-approval")).toHaveLength(asked);
      if (outcome !== "settled") expect(world.definitions.newest("web", 10)).toHaveLength(1);
    });
  }

  test("that is set while the owner is asked counts when they have answered", async () => {
    const before = (world: World): void => world.cluster.tagCluster("prod", tagOf("repull:mode=observe"));
    const { outcome, world } = await play({
      world: tagged("", ""),
      policy: { mode: "approve" },
      answers: [{ ...yes, before }],
    });
    expect(outcome).toMatchObject({ outcome: "observed", decision: { kind: "approved" } });
    expect(world.definitions.newest("web", 10)).toHaveLength(1);
  });
});

test("who sets none of it has none of its steps: an execution is as long as it was", async () => {
  const { world } = await play({ world: tagged("", "") });
  const names = world.executions.records.flatMap(({ log }) => log.map(({ name }) => name));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => /approval|ask|window/.test(name))).toEqual([]);
});

/** The world begins on a Tuesday at 10:00 UTC; the limit of its Docker Hub is over by 16:00 unless it is spent for ever. */
const HOUR = 3_600_000;
const spentForEver = (world: World): void => {
  const spend = (): void => {
    const source = { address: world.addresses.tasks };
    world.registries.dockerHub.spend(source, world.registries.dockerHub.pullsLeft(source) ?? 0);
    world.clock.schedule(world.clock.now() + HOUR / 12, spend);
  };
  spend();
};
const windows = (from: string, to: string, more: object = {}): Partial<Policy> => ({
  windows: { timeZone: "Europe/Berlin", open: [{ days: ["tue"], from, to }], outside: "wait", ...more },
});
/** When the service was moved, as the first registration of ours tells; copies count as writes as well. */
const firstWriteAt = ({ definitions, executions }: World): string | undefined => {
  const copy = executions.records.find(({ workflow }) => workflow === "mirror")?.startedAt;
  const [newest] = definitions.newest("web", 1);
  const registered = definitions.describe(newest?.arn ?? "")?.taskDefinition.registeredAt;
  const ours = newest?.tags.some(({ key }) => key === "repull:execution")
    ? Number(registered) * 1000
    : undefined;
  const first = Math.min(copy ?? Number.POSITIVE_INFINITY, ours ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? new Date(first).toISOString() : undefined;
};

type Row = readonly [
  because: string,
  policy: Partial<Policy>,
  outcome: string,
  notBefore: string | undefined,
  scenario?: Partial<Scenario>,
];

// biome-ignore format: a table is read by its columns
const rows: readonly Row[] = [
  ["inside, it writes at once",                     windows("10:00", "23:00"),                        "settled",  "2026-01-20T10:00"],
  ["before, it waits for the opening",              windows("12:30", "23:00"),                        "settled",  "2026-01-20T11:30"],
  ["a copy waits as well",                          windows("12:30", "23:00"),                        "settled",  "2026-01-20T11:30", { world: tagged("", "", { image: "grafana/grafana:11" }) }],
  ["who only wants to be told is told",             windows("12:30", "23:00", { outside: "report" }), "observed", undefined],
  ["who is asked is asked at once, and then waits", { ...windows("12:30", "23:00"), mode: "approve" }, "settled", "2026-01-20T11:30", { answers: [yes] }],
  ["what heals by itself meanwhile is left alone",  windows("22:00", "23:00"),                        "ignored",  undefined, { meanwhile: () => {} }],
];

for (const engine of ENGINES) {
  describe(`maintenance windows, on the ${engine} engine`, () => {
    for (const [because, policy, outcome, notBefore, scenario = {}] of rows) {
      test(`${because}: ${outcome}`, async () => {
        const ended = await play(
          { world: tagged("", ""), meanwhile: spentForEver, policy, ...scenario },
          engine,
        );
        expect(ended.outcome).toMatchObject({ outcome });
        const at = firstWriteAt(ended.world);
        if (notBefore === undefined) expect(at).toBeUndefined();
        else expect(at?.slice(0, notBefore.length)).toBe(notBefore);
      });
    }
  });
}

test("a way back waits for no window", async () => {
  const crashing = { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 } };
  const images = { "library/nginx:1.25": {}, "library/nginx:1.24": {} };
  const { outcome, world } = await play({
    world: {
      time: "2026-01-20T10:00:30Z",
      services: [{ ...service, formerly: "nginx:1.24" }],
      registries: {
        "docker.io": { images, quota: { remaining: 0 } },
        "public.ecr.aws": { images: crashing },
      },
    },
    // Open for half a minute more: time for the way in alone.
    policy: windows("11:00", "11:01"),
  });
  expect(outcome.outcome).toBe("restored");
  expect(new Date(world.clock.now()).toISOString() > "2026-01-20T10:01").toBe(true);
  expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.25"]);
});

test("by hand no window is waited for: it is said, and nothing is written", async () => {
  const { remediate } = await import("../../src/remediation/remediate.ts");
  const { runInProcess } = await import("../../src/runtime/in-process-steps.ts");
  const { readPolicy, DEFAULT_POLICY } = await import("../../src/substitution/policy.ts");
  const { world, event } = await play({ world: tagged("", ""), policy: { mode: "observe" } });
  const ports: Ports = world.ports;
  const policy = readPolicy({ ...DEFAULT_POLICY, ...windows("22:00", "23:00"), mode: "approve" });
  const { outcome, because } = await runInProcess(
    (steps) => remediate(event, ports, { policy, execution: "r-hand-1", byHand: true }, steps),
    { clock: world.clock },
  );
  expect(outcome).toBe("observed");
  expect(because).toBe(
    "no maintenance window is open before 2026-01-20 22:00 Europe/Berlin: nothing was written",
  );
});
