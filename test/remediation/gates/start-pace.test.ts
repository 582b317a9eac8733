/** How long hundreds of executions that begin at once wait. */

import { describe, expect, it } from "vitest";
import { secondsUntilTurn } from "../../../src/remediation/gates/start-pace.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { UNLIMITED } from "../../../src/remediation/ports/quota-store.ts";
import { createAwsRates } from "../../../src/sandbox/aws/faults/api-throttling.ts";
import { createSandboxQuotas } from "../../../src/sandbox/aws/quota-store.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";

const NOON = Date.parse("2026-01-20T12:00:00Z");

async function turnsOf(count: number, { port } = createSandboxQuotas(() => {})): Promise<number[]> {
  const clock = createVirtualClock(NOON);
  const names = Array.from({ length: count }, (_, index) => `r-${index}`);
  return await Promise.all(names.map((name) => secondsUntilTurn(name, { quotaStore: port, clock })));
}

describe("the start of an execution", () => {
  it("is now for one that is alone", async () => {
    expect(await turnsOf(1)).toEqual([0]);
  });

  it("is in whole seconds, as a durable wait has to be", async () => {
    for (const seconds of await turnsOf(2000)) expect(Number.isInteger(seconds)).toBe(true);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    // executions  all have begun within minutes
    [15,           0],
    [60,           2],
    [300,          8],
    [1000,         24],
  ] as const;
  for (const [count, minutes] of table)
    it(`lets ${count} that begin at once register within ${minutes} minutes, without a throttled call`, async () => {
      const turns = (await turnsOf(count)).toSorted((one, other) => one - other);
      expect(turns.at(-1)).toBeLessThanOrEqual(minutes * 60);
      const clock = createVirtualClock(NOON);
      const rates = createAwsRates(clock);
      for (const seconds of turns) {
        await clock.advanceTo(NOON + seconds * 1000);
        expect(() => rates.check("ecs:RegisterTaskDefinition")).not.toThrow();
      }
    });

  it("stays the same when its step is run again", async () => {
    const quotas = createSandboxQuotas(() => {});
    expect(await turnsOf(100, quotas)).toEqual(await turnsOf(100, quotas));
  });

  it("is now where places are not counted, or cannot be", async () => {
    const clock = createVirtualClock(NOON);
    const refused = createSandboxQuotas(() => {
      throw new AwsError("denied", "dynamodb:UpdateItem", "no");
    });
    for (const quotaStore of [UNLIMITED, refused.port])
      expect(await secondsUntilTurn("r-1", { quotaStore, clock })).toBe(0);
  });

  it("spreads a crowd that is larger than half an hour has room for", async () => {
    const turns = await turnsOf(1500);
    const late = turns.filter((seconds) => seconds > 31 * 60);
    expect(late.length).toBeGreaterThan(20);
    expect(Math.max(...turns)).toBeLessThanOrEqual(3600);
  });
});
