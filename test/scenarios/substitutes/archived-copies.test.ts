/** Copies that a lifecycle policy of ECR has archived: they are there, and no task can pull them. */

import { describe, expect, it } from "vitest";
import type { World } from "../../../src/sandbox/world/world.ts";
import { play, stateOf } from "../../support/scenario.ts";

const COPY = "repull/docker.io/grafana/grafana";
const world = {
  services: [{ cluster: "prod", name: "web", image: "grafana/grafana:11", revision: 7, desiredCount: 1 }],
  registries: {
    "docker.io": { images: { "grafana/grafana:11": {} }, quota: { remaining: 0 } },
  },
};

/** The copy that another service's failure has made is archived, every manifest of it. */
async function withArchivedCopy(platforms: "task" | "all", headOfArchived: "answers" | "refuses") {
  let digests: readonly string[] = [];
  const first = await play({ world, policy: { mirrors: { platforms } } });
  const made = first.world.registries.ecr;
  const archive = ({ registries: { ecr } }: World): void => {
    ecr.createRepository(COPY);
    for (const digest of made.digests(COPY)) {
      const stored = made.manifest(COPY, digest);
      if (stored === undefined) continue;
      const tags = Object.entries(made.tags(COPY)).flatMap(([tag, named]) => (named === digest ? tag : []));
      ecr.putManifest(COPY, stored.bytes, stored.mediaType, tags[0]);
      ecr.setImageStatus(COPY, digest, "archived");
    }
    const index = first.world.registries.dockerHub.manifest("grafana/grafana", "11");
    if (index !== undefined) ecr.putBlob(COPY, index.bytes);
    digests = ecr.digests(COPY);
  };
  const ended = await play({
    world,
    policy: { mirrors: { platforms }, waitForLimit: false },
    options: { registryWays: { ecr: { headOfArchived } } },
    untilFailure: archive,
  });
  return { ...ended, digests };
}

// biome-ignore format: a table is read by its columns
const table = [
  ["the part of the tasks' platform, of which ECR answers a HEAD",         "task", "answers"],
  ["the part of the tasks' platform, of which ECR answers no HEAD",        "task", "refuses"],
  ["the whole image, of which ECR answers a HEAD",                         "all",  "answers"],
  ["the whole image, of which ECR answers no HEAD",                        "all",  "refuses"],
] as const;

describe("an archived copy of what the policy would copy", () => {
  it.each(table)("is named with its remedy, and copied no second time: %s", async (_, platforms, head) => {
    const { world: after, outcome, digests } = await withArchivedCopy(platforms, head);
    expect(outcome).toMatchObject({
      outcome: "no-substitute",
      images: [{ rejected: expect.arrayContaining([expect.objectContaining({ code: "archived" })]) }],
    });
    expect(outcome.remedies?.map(({ code }) => code)).toContain("restore-archived-copy");
    expect(after.executions.records.filter(({ workflow }) => workflow === "mirror")).toEqual([]);
    expect(after.registries.ecr.digests(COPY)).toEqual(digests);
  });
});

describe("an archived copy of the whole image, where the policy copies a platform", () => {
  it("does not keep that platform from being copied and run", async () => {
    const { world: after, outcome } = await play({
      world: {
        ...world,
        registries: {
          ...world.registries,
          ecr: { images: { [`${COPY}:11`]: { sameAs: "docker.io/grafana/grafana:11", archived: true } } },
        },
      },
    });
    expect(outcome.outcome, outcome.because).toBe("succeeded");
    expect((await stateOf(after, "prod", "web")).running).toBe(1);
  });
});
