/** An AWS that throttles reads now and then: a survey gets along with it, and begins anew only where it is asked to. */

import { describe, expect, it } from "vitest";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import { survey } from "../../../src/remediation/survey/survey.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const READS = [
  "ecs:DescribeTasks",
  "ecs:DescribeServices",
  "ecs:DescribeTaskDefinition",
  "ecs:ListTaskDefinitions",
  "ecs:ListServiceDeployments",
  "ecs:ListTasks",
];

async function surveyWith(kind: "throttled" | "unavailable" | "denied", times: number) {
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", desiredCount: 1 }],
      registries: { "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } } },
    }),
  );
  const failure = readEvent(await firstFailure(world), world.home);
  if (failure.kind !== "pull-failure") throw new Error(failure.because);
  for (const action of READS) world.faults.order(action, kind, times);
  let ended: string | undefined;
  const look = async (): Promise<void> => {
    const request = { failure, policy: DEFAULT_POLICY, execution: "r-1-1", failedPlaces: [] };
    ended = await survey(request, world.ports).then(
      (result) => result.kind,
      (error) => error.kind,
    );
  };
  const begins = world.clock.now();
  world.clock.schedule(begins, look);
  await world.runUntil(() => ended !== undefined, 600);
  return { ended, seconds: (world.clock.now() - begins) / 1000 };
}

describe("a survey", () => {
  const table = [
    ["throttled", 1, "survey"],
    ["throttled", 2, "survey"],
    ["unavailable", 2, "survey"],
    ["throttled", 1000, "throttled"],
    ["denied", 1, "denied"],
  ] as const;
  for (const [kind, times, expected] of table) {
    it(`ends as ${expected}, within a minute, when each of its reads is ${kind} ${times} times`, async () => {
      const { ended, seconds } = await surveyWith(kind, times);
      expect(ended).toBe(expected);
      expect(seconds).toBeLessThan(60);
    });
  }
});
