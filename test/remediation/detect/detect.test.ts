import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ATTEMPTS_MAX, backoffMinutes, detect, NAMES_MAX } from "../../../src/remediation/detect/detect.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { ExecutionStatus, Executions } from "../../../src/remediation/ports/ports.ts";
import { createExecutions } from "../../../src/sandbox/aws/durable-executions.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import type { Mode } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";

const home = { account: "123456789012", region: "us-east-1", partition: "aws" };
const event = JSON.parse(
  readFileSync(new URL("../../../events/fargate-service.json", import.meta.url), "utf8"),
) as { time: string };
const MINUTE = 60_000;
const failedAt = Date.parse(event.time);
/** The moment at which the failure comes. */
const clock = createVirtualClock(failedAt);

/** Executions whose attempts have these statuses, the first one first; the next can be started. */
function executionsWith(
  attempts: readonly (ExecutionStatus | undefined)[],
): Executions & { started: string[] } {
  const started: string[] = [];
  const of = (name: string) => attempts[Number(name.split("-").at(-1)) - 1];
  return {
    started,
    functionName: (workflow) => `repull-${workflow}`,
    async start(_workflow, name) {
      if (Number(name.split("-").at(-1)) <= attempts.length) return "taken";
      started.push(name);
      return "started";
    },
    status: async (_workflow, name) => of(name),
  };
}

const ended = (status: ExecutionStatus["status"], minutesBefore: number): ExecutionStatus => ({
  status,
  endedAt: failedAt - minutesBefore * MINUTE,
});

const idle = (minutesBefore: number): ExecutionStatus => ({
  ...ended("succeeded", minutesBefore),
  ignored: true,
});

describe("a failure of a deployment", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly (ExecutionStatus | undefined)[], RegExp])[] = [
    ["no execution has it",                [],                                                  /^started .*-1$/],
    ["an execution is running",            [{ status: "running" }],                             /^duplicate .*is running/],
    ["the execution was started, and is not listed",  [undefined],                                         /^duplicate .*is running/],
    ["the failure came before the execution's end",        [ended("succeeded", -1)],                            /^duplicate .*checked it/],
    ["the failure came at the execution's very end",            [ended("succeeded", 0)],                             /^duplicate .*checked it/],
    ["the failure came soon after a success",       [ended("succeeded", 4)],                             /^duplicate .*less than 5 minutes/],
    ["the failure came long after a success",       [ended("succeeded", 6)],                             /^started .*-2$/],
    ["the failure came soon after a crash",         [ended("failed", 4)],                                /^duplicate .*less than 5 minutes/],
    ["the failure came long after a crash",         [ended("failed", 6)],                                /^started .*-2$/],
    ["the failure came long after a time-out",                   [ended("timed-out", 6)],                             /^started .*-2$/],
    ["the failure came long after a person stopped the execution",       [ended("stopped", 6)],                               /^started .*-2$/],
    ["the second pause is not over",         [ended("failed", 60), ended("failed", 9)],           /^duplicate .*less than 10 minutes/],
    ["the second pause is over", [ended("failed", 60), ended("failed", 11)],          /^started .*-3$/],
    ["the execution's result may not be read",         [{ ...ended("unknown", 600), permission: "kms:Decrypt" }], /^duplicate .*cannot be read/],
    ["the execution's result and end are unknown",     [{ status: "unknown" }],                             /^duplicate .*cannot be read/],
    ["the execution ended later, and its result is unknown",   [{ ...ended("unknown", -1), transient: true }],        /^duplicate .*checked it/],
    ["there was nothing to do, just before", [idle(4)],                                         /^duplicate .*less than 5 minutes/],
    ["there was nothing to do, long before", [idle(6)],                                         /^started .*-2$/],
    ["executions that found nothing to do let the pause be as short",            [idle(60), idle(40), idle(20), idle(6)],             /^started .*-5$/],
    ["a crash among them has the first pause",   [idle(60), ended("failed", 6)],                      /^started .*-3$/],
    ["executions that found nothing to do used no attempt up",   Array(ATTEMPTS_MAX).fill(idle(100_000)),             /^started .*-9$/],
    ["the attempts after nothing to do are used up", [...Array(9).fill(idle(100_000)), ...Array(ATTEMPTS_MAX).fill(ended("failed", 100_000))], /^duplicate .*8 attempts/],
    ["very many executions found nothing to do: one an hour is looked at", Array(NAMES_MAX).fill(idle(100_000)),      /^started .*-\d{6}$/],
    ["the execution crashed at an unknown time",   [{ status: "failed" }],                              /^started .*-2$/],
    ["the execution succeeded at an unknown time", [{ status: "succeeded" }],                           /^duplicate .*has succeeded/],
    ["all attempts are used up",                   Array(ATTEMPTS_MAX).fill(ended("failed", 100_000)),  /^duplicate .*8 attempts/],
  ];
  for (const [because, attempts, expected] of table) {
    test(`is ${expected.source.startsWith("^started") ? "given another attempt" : "left alone"} when ${because}`, async () => {
      const executions = executionsWith(attempts);
      const detected = await detect(event, { location: home, executions, clock });
      const words = "because" in detected ? `: ${detected.because}` : "";
      const name = "execution" in detected ? detected.execution : "";
      expect(`${detected.kind} ${name}${words}`).toMatch(expected);
      expect(executions.started).toHaveLength(detected.kind === "started" ? 1 : 0);
    });
  }

  test("is left until the next hour where this hour's look found nothing to do, and looks up a bounded number of names", async () => {
    const looked: string[] = [];
    const executions = {
      ...executionsWith([]),
      start: async (_: string, name: string) => {
        looked.push(name);
        return "taken" as const;
      },
      status: async () => idle(10),
    };
    const detected = await detect(event, { location: home, executions, clock });
    expect([detected.kind, looked.length]).toEqual(["duplicate", NAMES_MAX + 1]);
  });

  // biome-ignore format: a table is read by its columns
  const times: readonly (readonly [string, string | undefined, number, ExecutionStatus["status"], string])[] = [
    ["a time to come does not pass a pause",        "2099-01-01T00:00:00Z", 4, "succeeded", "duplicate"],
    ["a time to come counts as now",                "2099-01-01T00:00:00Z", 6, "succeeded", "started"],
    ["no time does not pass the pause of a crash",  undefined,              4, "failed",    "duplicate"],
    ["no time counts as now",                       undefined,              6, "failed",    "started"],
    ["an unreadable time does not pass a pause",    "soon",                 4, "failed",    "duplicate"],
    ["a very old time opens no attempt",            "1970-01-01T00:00:00Z", 600, "failed",  "duplicate"],
    ["a time before there were computers opens no attempt", "0001-01-01T00:00:00Z", 600, "timed-out", "duplicate"],
  ];
  for (const [title, time, minutesBefore, status, expected] of times) {
    test(title, async () => {
      const { time: _, ...rest } = event;
      const document = time === undefined ? rest : { ...rest, time };
      const executions = executionsWith([ended(status, minutesBefore)]);
      expect((await detect(document, { location: home, executions, clock })).kind).toBe(expected);
    });
  }

  const heldBack = (heldBackBy: "mode" | "kill-switch"): ExecutionStatus => ({
    ...ended("succeeded", 100_000),
    heldBackBy,
  });
  const eight = (status: ExecutionStatus): readonly ExecutionStatus[] => Array(ATTEMPTS_MAX).fill(status);
  const unreadable = new AwsError("denied", "ssm:GetParameter", "no");
  // biome-ignore format: a table is read by its columns
  const lifted: readonly (readonly [string, readonly ExecutionStatus[], Mode, () => Promise<string | undefined>, string])[] = [
    ["the mode was observe, and is remediate",  eight(heldBack("mode")),                          "remediate", async () => undefined, "started"],
    ["the mode was observe, and is approve",    eight(heldBack("mode")),                          "approve",   async () => undefined, "started"],
    ["the mode is still observe",               eight(heldBack("mode")),                          "observe",   async () => undefined, "duplicate"],
    ["writes were paused, and are allowed",     eight(heldBack("kill-switch")),                   "remediate", async () => undefined, "started"],
    ["writes are still paused",                 eight(heldBack("kill-switch")),                   "remediate", async () => "paused",  "duplicate"],
    ["the switch cannot be read",               eight(heldBack("kill-switch")),                   "remediate", () => Promise.reject(unreadable), "duplicate"],
    ["its pause is not over",                   [{ ...heldBack("mode"), endedAt: failedAt - 4 * MINUTE }], "remediate", async () => undefined, "duplicate"],
    ["attempts without a write keep the pause short", [...eight(heldBack("mode")), { ...heldBack("mode"), endedAt: failedAt - 6 * MINUTE }], "remediate", async () => undefined, "started"],
    ["attempts that could write count",         eight(ended("succeeded", 100_000)),               "remediate", async () => undefined, "duplicate"],
  ];
  for (const [title, attempts, mode, activeReason, expected] of lifted) {
    test(`is ${expected} where its attempts were kept from writing and ${title}`, async () => {
      const executions = executionsWith(attempts);
      const ports = { location: home, executions, clock, killSwitch: { activeReason } };
      expect((await detect(event, ports, readPolicy({ mode }))).kind).toBe(expected);
    });
  }

  test("forged for hours cannot use up the attempts of the real one", async () => {
    const world = createVirtualClock(failedAt);
    const engine = createExecutions(world);
    engine.serve("remediate", async () => ({ outcome: "ignored", because: "the task does not exist" }));
    const ports = { location: home, executions: engine.port, clock: world };
    const send = (time: string) => detect({ ...event, time }, ports);
    const HOURS = 2;
    for (let second = 0; second < HOURS * 3600; second += 5) {
      await send("2099-01-01T00:00:00Z");
      await world.advanceTo(world.now() + 5_000);
    }
    expect(engine.records.length).toBeLessThanOrEqual((HOURS * 60) / 5);
    await world.advanceTo(world.now() + 10 * MINUTE);
    expect(await send(new Date(world.now()).toISOString())).toMatchObject({ kind: "started" });
  });

  test("starts in production although a rehearsal stack in the account has started, if names are an account's", async () => {
    const taken = new Set<string>();
    const stack = (name: string): Executions => ({
      ...executionsWith([]),
      functionName: (workflow) => `${name}-${workflow}`,
      async start(_workflow, execution) {
        if (taken.has(execution)) return "taken";
        taken.add(execution);
        return "started";
      },
    });
    const kinds: string[] = [];
    for (const name of ["repull-rehearsal", "repull", "repull"])
      kinds.push((await detect(event, { location: home, executions: stack(name), clock })).kind);
    expect(kinds).toEqual(["started", "started", "duplicate"]);
  });

  test("is tried for longer than Docker Hub's longest window", () => {
    const pauses = Array.from({ length: ATTEMPTS_MAX - 1 }, (_, index) => backoffMinutes(index + 1));
    expect(pauses.reduce((sum, minutes) => sum + minutes)).toBeGreaterThan(6 * 60);
  });

  test("is brought again by the queue where the result of an attempt cannot be read for now", async () => {
    const executions = executionsWith([{ ...ended("unknown", 600), transient: true }]);
    await expect(detect(event, { location: home, executions, clock })).rejects.toMatchObject({
      kind: "unavailable",
    });
    expect(executions.started).toEqual([]);
  });

  test("names the right that is missing to read an attempt's result", async () => {
    const executions = executionsWith([{ ...ended("unknown", 600), permission: "kms:Decrypt" }]);
    expect(await detect(event, { location: home, executions, clock })).toMatchObject({
      kind: "duplicate",
      code: "result-unreadable",
      permission: "kms:Decrypt",
    });
  });

  test("that Lambda throttles is left to the queue to redeliver", async () => {
    const throttled = new AwsError("throttled", "lambda:InvokeFunction", "Rate exceeded");
    const executions = { ...executionsWith([]), start: () => Promise.reject(throttled) };
    await expect(detect(event, { location: home, executions, clock })).rejects.toBe(throttled);
  });

  test("starts its execution with what it needs, and no more", async () => {
    let given: unknown;
    const executions: Executions = {
      ...executionsWith([]),
      async start(_workflow, _name, input) {
        given = input;
        return "started";
      },
    };
    const secret = {
      ...event,
      detail: { ...(event as object as { detail: object }).detail, overrides: { x: "hush" } },
    };
    await detect(secret, { location: home, executions, clock });
    expect(JSON.stringify(given)).not.toContain("hush");
  });
});
