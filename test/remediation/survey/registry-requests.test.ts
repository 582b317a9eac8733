/** How much a survey asks of each registry. */

import { expect, test } from "vitest";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { survey } from "../../../src/remediation/survey/survey.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

test("a survey of three images asks each registry no more than this", async () => {
  const images = { web: "nginx:1.25", cache: "redis:7", db: "postgres:16" };
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", images }],
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": {}, "library/redis:7": {}, "library/postgres:16": {} },
          quota: { remaining: 0 },
        },
      },
    }),
  );
  const failure = readEvent(await firstFailure(world), world.home);
  if (failure.kind !== "pull-failure") throw new Error(failure.because);
  const heads = new Map<string, number>();
  const { registries } = world.ports;
  const counted: Ports = {
    ...world.ports,
    registries: {
      ...registries,
      headManifest: (reference, signal) => {
        heads.set(reference.host, (heads.get(reference.host) ?? 0) + 1);
        return registries.headManifest(reference, signal);
      },
    },
  };
  const surveyed = await survey(
    { failure, policy: DEFAULT_POLICY, execution: "r-1", failedPlaces: [] },
    counted,
  );
  expect(surveyed.kind === "survey" && surveyed.images.map(({ image }) => image)).toEqual(
    Object.values(images),
  );
  // Of each image: by tag and by digest at Docker Hub, the same at ECR Public, and the same of the copy.
  expect(Object.fromEntries(heads)).toEqual({ "docker.io": 5, "public.ecr.aws": 6, [ECR]: 6 });
});
