/** What else tags can say: on a service, a cluster, a task definition, a task or what starts it. */

import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { play } from "../../support/scenario.ts";

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

const withDefinitionTags = (tags: readonly { readonly key: string; readonly value: string }[]) =>
  tagged("", "", {
    taskDefinition: {
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
      tags,
      containerDefinitions: [{ name: "web", image: "nginx:1.25", essential: true }],
    },
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
  ["a service that is only to be observed",  "repull:mode=observe",   "",                      {},                                      "dry-run", "the tag repull:mode=observe of the service web sets the mode to observe", 0],
  ["a cluster that is only to be observed",  "",                      "repull:mode=observe",   {},                                      "dry-run", "of the cluster prod sets the mode to observe", 0],
  ["a service that is asked about",          "repull:mode=approve",   "",                      {},                                      "succeeded",  "", 1],
  ["a cluster that is asked about",          "",                      "repull:mode=approve",   {},                                      "succeeded",  "", 1],
  ["a tag that frees nothing",               "repull:mode=remediate", "",                      { mode: "observe" },                     "dry-run", "the mode is observe", 0],
  ["a misspelt tag",                         "repull:mode=observ",    "",                      {},                                      "dry-run", "names no mode, which counts as observe", 0],
  ["a service that opted out",               "repull=off",            "",                      {},                                      "not-eligible", "the service web opted out", 0],
  ["a service that opted out in other words", "repull= Never ",        "",                      {},                                      "not-eligible", "the service web opted out", 0],
  ["a service with a word that is not known", "repull=please",         "",                      {},                                      "not-eligible", "the service web counts as opted out", 0],
  ["a service that opted in",                "repull=On",              "",                      {},                                      "succeeded",  "", 0],
  ["a cluster that opted out",               "",                      "repull=off",            {},                                      "not-eligible", "the cluster prod opted out", 0],
];

describe("a tag", () => {
  for (const [because, onService, onCluster, policy, outcome, words, asked] of tags) {
    test(`${because}: ${outcome}`, async () => {
      const { world, ...ended } = await play({ world: tagged(onService, onCluster), policy, answers: [yes] });
      expect(ended.outcome).toMatchObject({ outcome, because: expect.stringContaining(words) });
      expect(world.bus.outcomes.filter((told) => told.outcome === "awaiting-approval")).toHaveLength(asked);
      if (outcome !== "succeeded") expect(world.definitions.newest("web", 10)).toHaveLength(1);
    });
  }

  for (const [tag, outcome] of [
    ["repull=No", "not-eligible"],
    ["repull:mode=observe", "dry-run"],
    ["repull:mode=remediate", "succeeded"],
  ] as const) {
    test(`${tag} of a task definition: ${outcome}`, async () => {
      const tags = Object.entries(tagOf(tag)).map(([key, value]) => ({ key, value }));
      const { outcome: ended, world } = await play({ world: withDefinitionTags(tags) });
      expect(ended.outcome).toBe(outcome);
      const [newest] = world.definitions.newest("web", 1);
      expect(newest?.tags).toEqual(expect.arrayContaining(tags));
    });
  }

  test("that is set while an approval is open counts when it is answered", async () => {
    const before = (world: World): void => world.cluster.tagCluster("prod", tagOf("repull:mode=observe"));
    const { outcome, world } = await play({
      world: tagged("", ""),
      policy: { mode: "approve" },
      answers: [{ ...yes, before }],
    });
    expect(outcome).toMatchObject({ outcome: "dry-run", decision: { kind: "approved" } });
    expect(world.definitions.newest("web", 10)).toHaveLength(1);
  });
});

test("who sets none of it has none of its steps: an execution is as long as it was", async () => {
  const { world } = await play({ world: tagged("", "") });
  const names = world.executions.records.flatMap(({ log }) => log.map(({ name }) => name));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => /approval|ask/.test(name))).toEqual([]);
});
