import { describe, expect, it } from "vitest";
import { rolloutOf } from "../../../src/ecs/service/rollout-state.ts";
import type { Deployment } from "../../../src/ecs/service/service.ts";

const deployment = (extra: Partial<Deployment> = {}): Deployment => ({
  id: "ecs-svc/1",
  status: "PRIMARY",
  taskDefinition: "web:42",
  desiredCount: 2,
  runningCount: 2,
  pendingCount: 0,
  failedTasks: 0,
  ...extra,
});
const OLD = deployment({ id: "ecs-svc/0", status: "ACTIVE" });

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, string, readonly Deployment[]])[] = [
  ["completed",   "ECS says COMPLETED",                                 [deployment({ rolloutState: "COMPLETED" })]],
  ["completed",   "ECS says COMPLETED, whatever its tasks do",          [deployment({ rolloutState: "COMPLETED", runningCount: 0, pendingCount: 1 }), OLD]],
  ["in-progress", "ECS says IN_PROGRESS, though all tasks run",         [deployment({ rolloutState: "IN_PROGRESS" })]],
  ["failed",      "ECS says FAILED",                                    [deployment({ rolloutState: "FAILED" })]],
  ["unknown",     "ECS says a word of tomorrow",                        [deployment({ rolloutState: "PAUSED" })]],
  ["completed",   "no state is reported, one deployment, all run",    [deployment()]],
  ["completed",   "no state is reported, and none is wanted or runs", [deployment({ desiredCount: 0, runningCount: 0 })]],
  ["in-progress", "no state is reported, and an older one is there",        [deployment(), OLD]],
  ["unknown",     "no state is reported, and a task is missing",            [deployment({ runningCount: 1 })]],
  ["unknown",     "no state is reported, and a task is too many",           [deployment({ runningCount: 3 })]],
  ["unknown",     "no state is reported, and a task is starting",           [deployment({ pendingCount: 1 })]],
  ["unknown",     "no deployment is shown",                             []],
];

describe("the rollout of a service", () => {
  for (const [expected, when, deployments] of table) {
    it(`is ${expected} when ${when}`, () => {
      expect(rolloutOf({ deployments })).toBe(expected);
    });
  }
});
