/** A command in another process lives in the time of a served sandbox, and only there. */

import { describe, expect, test } from "vitest";
import { accountClock } from "../../../src/cli/account/account-clock.ts";
import { formatSandboxTime, parseSandboxTime } from "../../../src/sandbox/endpoint/sandbox-clock.ts";
import { FastClock } from "../../support/fast-clock.ts";

const START = Date.UTC(2026, 10, 29, 10);
const TIME = { realStart: START, sandboxStart: START + 7_200_000, speed: 60 };
const SETTING = formatSandboxTime(TIME);
const real = () => Object.assign(new FastClock(START + 1000), { after: () => () => {} });

test("the setting is read back as it was written", () => expect(parseSandboxTime(SETTING)).toEqual(TIME));

describe("the account's clock", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["shows the sandbox's time at an endpoint of this machine, and sleeps as it does", "http://127.0.0.1:4599", START + 7_260_000, 500],
    ["is the machine's without an endpoint",                                    undefined,                       START + 1000, 30_000],
    ["is the machine's at an endpoint elsewhere",                               "https://127.0.0.1.example.com", START + 1000, 30_000],
  ] as const;
  for (const [title, endpoint, now, slept] of table)
    test(title, async () => {
      const machine = real();
      const clock = accountClock({ AWS_ENDPOINT_URL: endpoint, REPULL_SANDBOX_CLOCK: SETTING }, machine);
      expect(clock.now()).toBe(now);
      await clock.sleep(30_000);
      expect(machine.slept).toBe(slept);
      expect(clock.now()).toBe(now + 30_000);
    });

  test("counts two pauses at the same time once", async () => {
    const clock = accountClock(
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1", REPULL_SANDBOX_CLOCK: SETTING },
      real(),
    );
    const before = clock.now();
    await Promise.all([clock.sleep(30_000), clock.sleep(20_000)]);
    // The second one ends half a second of the machine's time after the first began.
    expect(clock.now() - before).toBeLessThan(31_000);
  });

  test("takes as long for a request as the machine does", async () => {
    const machine = real();
    const clock = accountClock(
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1", REPULL_SANDBOX_CLOCK: SETTING },
      machine,
    );
    const before = clock.now();
    await machine.sleep(2000);
    expect(clock.now() - before).toBe(2000);
  });
});

describe("a setting that no sandbox printed is refused", () => {
  for (const setting of ["60", "yesterday/today/60", SETTING.replace(/60$/, "0"), `${SETTING}/1`])
    test(setting, () => expect(() => parseSandboxTime(setting)).toThrow("REPULL_SANDBOX_CLOCK"));
});
