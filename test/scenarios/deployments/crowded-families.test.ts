/** Task definitions with other writers: with many tags already, or with foreign revisions. */

import { expect, test } from "vitest";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { play, stateOf } from "../../support/scenario.ts";

const definition = (tags: number, image = "acme/web:1") => ({
  family: "web",
  containerDefinitions: [{ name: "web", image, memory: 64 }],
  tags: Array.from({ length: tags }, (_, index) => ({ key: `owner-${index}`, value: "x" })),
});
const world = (tags: number) => ({
  services: [
    {
      cluster: "prod",
      name: "web",
      launchType: "EC2",
      desiredCount: 1,
      revision: 41,
      taskDefinition: definition(tags),
    },
  ],
  registries: { "docker.io": { images: { "acme/web:1": {} }, quota: { remaining: 0 } } },
});

// biome-ignore format: a table is read by its columns
const table = [
  ["room for the four that are needed",  46, "succeeded"],
  ["room for three of the four",         47, "not-eligible"],
  ["no room at all",                     50, "not-eligible"],
] as const;
for (const [because, tags, expected] of table) {
  test(`a task definition with ${tags} tags has ${because}: ${expected}`, async () => {
    const { outcome, world: after } = await play({ world: world(tags) });
    expect(outcome.outcome).toBe(expected);
    const described = after.definitions.describe(outcome.newTaskDefinition ?? "web:41");
    expect(described?.tags.filter(({ key }) => key.startsWith("owner-"))).toHaveLength(tags);
    if (expected === "succeeded") {
      expect(described?.tags.filter(({ key }) => key.startsWith("repull:"))).toHaveLength(4);
      return;
    }
    const missing = tags - 46;
    expect(outcome.reason).toBe("too-many-tags");
    expect(outcome.nextSteps[0]).toMatch(new RegExp(`\\b${missing} tags\\b.*\\bweb\\b`));
    expect(after.definitions.newest("web", 9)).toHaveLength(1);
  });
}

test("a foreign revision that was registered since is neither run nor hidden", async () => {
  const { outcome, world: after } = await play({
    world: world(0),
    untilFailure: ({ definitions }) => void definitions.register(definition(0, "acme/web:2")),
  });
  expect(outcome.outcome).toBe("succeeded");
  expect(shortRevision(outcome.newTaskDefinition ?? "")).toBe("web:43");
  expect(outcome.nextSteps[0]).toMatch(/\bweb:43\b.*\bweb:42\b/);
  const { images } = await stateOf(after, "prod", "web");
  expect(images).toEqual([expect.stringContaining("/repull/docker.io/acme/web@sha256:")]);
});

test("what only Repull has registered since is passed over in silence", async () => {
  const { outcome } = await play({ world: world(0) });
  expect(outcome.nextSteps.join()).not.toContain("the newest of its family");
});
