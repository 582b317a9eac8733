import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AwsError } from "../../src/remediation/aws-error.ts";
import { ATTEMPTS_MAX, detect, pauseMinutesAfter } from "../../src/remediation/detect.ts";
import type { ExecutionStatus, Executions } from "../../src/remediation/ports.ts";

const home = { account: "123456789012", region: "us-east-1", partition: "aws" };
const event = JSON.parse(
  readFileSync(new URL("../../events/fargate-service.json", import.meta.url), "utf8"),
) as { time: string };
const MINUTE = 60_000;
const failedAt = Date.parse(event.time);

/** Executions whose attempts stand as told, the first one first; the next can be started. */
function standing(attempts: readonly (ExecutionStatus | undefined)[]): Executions & { started: string[] } {
  const started: string[] = [];
  const of = (name: string) => attempts[Number(name.split("-").at(-1)) - 1];
  return {
    started,
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

describe("a failure of a deployment", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly (ExecutionStatus | undefined)[], RegExp])[] = [
    ["nobody has looked at it",            [],                                                  /^started .*-1$/],
    ["somebody is at it",                  [{ status: "running" }],                             /^already .*is running/],
    ["it was started, and is not listed",  [undefined],                                         /^already .*is running/],
    ["it was there before the end",        [ended("succeeded", -1)],                            /^already .*looked at it/],
    ["it came at the very end",            [ended("succeeded", 0)],                             /^already .*looked at it/],
    ["it came soon after a success",       [ended("succeeded", 4)],                             /^already .*less than 5 minutes/],
    ["it came long after a success",       [ended("succeeded", 6)],                             /^started .*-2$/],
    ["it came soon after a crash",         [ended("failed", 4)],                                /^already .*less than 5 minutes/],
    ["it came long after a crash",         [ended("failed", 6)],                                /^started .*-2$/],
    ["after a time-out",                   [ended("timed-out", 6)],                             /^started .*-2$/],
    ["after it was stopped by hand",       [ended("stopped", 6)],                               /^started .*-2$/],
    ["the second pause is longer",         [ended("failed", 60), ended("failed", 9)],           /^already .*less than 10 minutes/],
    ["and ends",                           [ended("failed", 60), ended("failed", 11)],          /^started .*-3$/],
    ["a crash of which no end is known",   [{ status: "failed" }],                              /^started .*-2$/],
    ["a success of which no end is known", [{ status: "succeeded" }],                           /^already .*has succeeded/],
    ["enough is enough",                   Array(ATTEMPTS_MAX).fill(ended("failed", 100_000)),  /^already .*8 attempts/],
  ];
  for (const [because, attempts, expected] of table) {
    test(`${because}: ${expected.source}`, async () => {
      const executions = standing(attempts);
      const detected = await detect(event, { home, executions });
      const words = "because" in detected ? `: ${detected.because}` : "";
      const name = "execution" in detected ? detected.execution : "";
      expect(`${detected.kind} ${name}${words}`).toMatch(expected);
      expect(executions.started).toHaveLength(detected.kind === "started" ? 1 : 0);
    });
  }

  test("is tried for longer than Docker Hub's longest window", () => {
    const pauses = Array.from({ length: ATTEMPTS_MAX - 1 }, (_, index) => pauseMinutesAfter(index + 1));
    expect(pauses.reduce((sum, minutes) => sum + minutes)).toBeGreaterThan(6 * 60);
  });

  test("that Lambda turns away is the queue's to bring again", async () => {
    const throttled = new AwsError("throttled", "lambda:InvokeFunction", "Rate exceeded");
    const executions = { ...standing([]), start: () => Promise.reject(throttled) };
    await expect(detect(event, { home, executions })).rejects.toBe(throttled);
  });

  test("starts its execution with what it needs, and no more", async () => {
    let given: unknown;
    const executions: Executions = {
      ...standing([]),
      async start(_workflow, _name, input) {
        given = input;
        return "started";
      },
    };
    const secret = {
      ...event,
      detail: { ...(event as object as { detail: object }).detail, overrides: { x: "hush" } },
    };
    await detect(secret, { home, executions });
    expect(JSON.stringify(given)).not.toContain("hush");
  });
});
