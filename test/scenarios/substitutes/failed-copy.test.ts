/** A copy that fails under each of its names in a registry's bad minutes: the place is good, and is asked again. */

import { describe, expect, test } from "vitest";
import type { World } from "../../../src/sandbox/world/world.ts";
import { ENGINES, inOfficialEnvironment, play, stateOf } from "../../support/scenario.ts";

/** ECS stops by its circuit breaker, so that no further event reminds Repull of the service. */
const world = {
  services: [
    { cluster: "prod", name: "web", image: "grafana/grafana:11", revision: 7, circuitBreaker: "on" },
  ],
  registries: { "docker.io": { images: { "grafana/grafana:11": {} }, quota: { remaining: 0 } } },
};

/** The blobs of Docker Hub, or the uploads into ECR, fail from now on until so many seconds have passed. */
function failing(at: "docker.io" | "ecr", seconds: number): (world: World) => void {
  return ({ clock, registries }) => {
    const lift =
      at === "ecr"
        ? registries.ecr.fail({ on: "upload-start", as: { kind: "status", status: 503 } })
        : registries.dockerHub.fail({ on: "blob-get", as: { kind: "reset" } });
    if (Number.isFinite(seconds)) clock.schedule(clock.now() + seconds * 1000, lift);
  };
}

// biome-ignore format: a table is read by its columns
const table = [
  ["Docker Hub's blobs fail, within five minutes",  "docker.io", 180,                      "succeeded",     1],
  ["Docker Hub's blobs fail, within half an hour",  "docker.io", 1200,                     "succeeded",     1],
  ["uploads into ECR fail, within half an hour",    "ecr",       1200,                     "succeeded",     1],
  ["Docker Hub's blobs fail for good",              "docker.io", Number.POSITIVE_INFINITY, "no-substitute", 0],
] as const;

for (const engine of ENGINES) {
  describe(`a remediation whose copy fails, on the ${engine} engine`, () => {
    if (engine === "official") inOfficialEnvironment();

    test.each(table)(
      "ends by the world's own truth where %s",
      async (_because, at, seconds, expected, tasks) => {
        const { world: after, outcome } = await play({ world, untilFailure: failing(at, seconds) }, engine);
        expect(outcome.outcome, outcome.because).toBe(expected);
        expect((await stateOf(after, "prod", "web")).running).toBe(tasks);
      },
    );

    // biome-ignore format: a table is read by its columns
    test.each([["throttled", 180, "succeeded", 1], ["denied", 180, "succeeded", 1], ["throttled", Number.POSITIVE_INFINITY, "no-substitute", 0]] as const)(
      "ends by the world's own truth where how its copies end is %s for good and they fail for %d s",
      async (kind, seconds, expected, tasks) => {
        const untilFailure = (played: World): void => {
          failing("docker.io", seconds)(played);
          played.faults.order("lambda:GetDurableExecution", kind);
        };
        const { world: after, outcome } = await play({ world, untilFailure }, engine);
        expect(outcome.outcome, outcome.because).toBe(expected);
        expect((await stateOf(after, "prod", "web")).running).toBe(tasks);
      },
    );
  });
}
