/** The kill switch, set before, in the middle of, and after a remediation. */

import { expect, test } from "vitest";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { KillSwitch } from "../../../src/remediation/gates/kill-switch.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const WORDS = "stopped by Ada";
const file = {
  services: [{ cluster: "prod", name: "web", image: "acme/web:1", revision: 42, desiredCount: 1 }],
  registries: { "docker.io": { images: { "acme/web:1": {} }, quota: { remaining: 0 } } },
};

/** Pulled after it was read so many times: once by each survey, and once by each write. */
function pulledAfter(writes: number): KillSwitch {
  let asked = 0;
  return {
    activeReason: async () => {
      asked += 1;
      return asked > writes ? WORDS : undefined;
    },
  };
}

async function remediateWith(
  killSwitch: KillSwitch,
): Promise<{ world: World; outcome: Outcome; runs: string; newest: string }> {
  const world = await createWorld(readWorldFile(file));
  const event = await firstFailure(world);
  serveWorkflows(world, { policy: readPolicy({}), killSwitch });
  world.clock.schedule(world.clock.now(), () => detect(event, world.ports));
  const record = () => world.executions.records.find(({ workflow }) => workflow === "remediate");
  await world.runUntil(() => record() !== undefined && record()?.status !== "running", 86_400);
  const runs = shortRevision((await world.ports.ecs.describeService("prod", "web"))?.taskDefinition ?? "");
  const newest = shortRevision((await world.ports.ecs.newestRevisions("web", 1))[0]?.arn ?? "");
  return { world, outcome: record()?.result as Outcome, runs, newest };
}

// biome-ignore format: a table is read by its columns
const table = [
  ["nothing is copied or asked for",                               0, "failed",    "web:42", "web:42"],
  ["nothing is copied, though the survey was let through",         1, "failed",    "web:42", "web:42"],
  ["nothing is registered",                                        2, "failed",    "web:42", "web:42"],
  ["nothing is registered, though the survey was let through",     3, "failed",    "web:42", "web:42"],
  ["what is registered is not deployed",                           4, "failed",    "web:42", "web:43"],
  ["what is deployed is watched",                                  5, "succeeded", "web:43", "web:43"],
] as const;

for (const [because, writes, outcome, runs, newest] of table) {
  test(`pulled after ${writes} reads of it, ${because}`, async () => {
    const ended = await remediateWith(pulledAfter(writes));
    expect(ended.outcome.outcome).toBe(outcome);
    expect([ended.runs, ended.newest]).toEqual([runs, newest]);
    if (outcome === "failed") expect(ended.outcome.because).toContain(WORDS);
  });
}

test("a kill switch that cannot be read lets nothing through", async () => {
  const unreadable: KillSwitch = {
    activeReason: () =>
      Promise.reject(new AwsError("absent", "ssm:GetParameter", "ssm:GetParameter: ParameterNotFound")),
  };
  const { outcome, runs, newest } = await remediateWith(unreadable);
  expect(outcome).toMatchObject({ outcome: "failed" });
  expect(outcome.because).toContain("ParameterNotFound");
  expect([runs, newest]).toEqual(["web:42", "web:42"]);
});

test("once it is released, the next failure heals", async () => {
  let word: string | undefined = WORDS;
  const world = await createWorld(readWorldFile(file));
  serveWorkflows(world, { policy: readPolicy({}), killSwitch: { activeReason: async () => word } });
  world.bus.subscribe(async (document) => {
    if (document.source === "aws.ecs") await detect(document, world.ports);
  });
  await world.run(1800);
  expect(world.executions.records.map(({ workflow }) => workflow)).toContain("remediate");
  expect(shortRevision((await world.ports.ecs.describeService("prod", "web"))?.taskDefinition ?? "")).toBe(
    "web:42",
  );
  word = undefined;
  await world.run(4 * 3600);
  const service = await world.ports.ecs.describeService("prod", "web");
  expect(shortRevision(service?.taskDefinition ?? "")).toBe("web:43");
  expect(service?.runningCount).toBe(1);
});
