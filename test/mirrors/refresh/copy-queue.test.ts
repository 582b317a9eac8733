/** Copies in their order: two at once, none further at a registry whose pulls are for healing, and what time and AWS allow. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { copyInOrder, type DueCopy } from "../../../src/mirrors/refresh/copy-queue.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { ExecutionStatus } from "../../../src/remediation/ports/ports.ts";

type Ends = (target: string, polls: number) => Partial<ExecutionStatus> | "running";

/** Copies of so many images of a registry; each execution ends as the test says. */
async function play(
  count: number,
  ends: Ends,
  more: { hasTime?: () => boolean; spared?: Map<string, string>; start?: () => void } = {},
) {
  const running = new Set<string>();
  const polls = new Map<string, number>();
  let [started, atOnce, now] = [0, 0, 0];
  const targets = new Map<string, string>();
  const due = Array.from({ length: count }, (_, index): DueCopy => {
    const key = String(index);
    return {
      key,
      host: "docker.io",
      request: async () => ({
        kind: "copy",
        source: "a",
        target: key,
        digest: digestOf(key),
        ahead: true,
      }),
    };
  });
  const told = await copyInOrder(
    due,
    {
      executions: {
        functionName: () => "mirror",
        async start(_workflow, name, input) {
          more.start?.();
          if (polls.has(name)) return "taken";
          polls.set(name, 0);
          running.add(name);
          targets.set(name, String((input as { target?: string }).target));
          started += 1;
          atOnce = Math.max(atOnce, running.size);
          return "started";
        },
        async status(_workflow, name) {
          const asked = (polls.get(name) ?? 0) + 1;
          polls.set(name, asked);
          const end = ends(targets.get(name) ?? "", asked);
          if (end === "running") return { status: "running" };
          running.delete(name);
          return { status: "succeeded", ...end, endedAt: now };
        },
      },
      clock: {
        now: () => now,
        sleep: async (milliseconds) => {
          now += milliseconds;
        },
        after: () => () => {},
      },
      ...(more.spared === undefined ? {} : { spared: more.spared }),
    },
    more.hasTime ?? (() => true),
  );
  const outcomes = [...told.values()].map(({ kind, code }) => code ?? kind);
  return { outcomes, started, atOnce, waited: now };
}

const refused = (refusalCode: string): Partial<ExecutionStatus> => ({ refused: refusalCode, refusalCode });

describe("copyInOrder", () => {
  test("makes no more than two copies at once, and waits for each", async () => {
    const { outcomes, started, atOnce } = await play(7, (_, polls) => (polls < 3 ? "running" : {}));
    deepEqual([started, atOnce, new Set(outcomes)], [7, 2, new Set(["copied"])]);
  });

  // biome-ignore format: a table is read by its columns
  const stops: readonly (readonly [code: string, started: number])[] = [
    ["reserved-for-healing", 1],
    ["rate-limited",         1],
    ["pulls-unknown",        3],
    ["copy-stalled",         5_000],
  ];
  for (const [code, most] of stops)
    test(`begins ${most} of 5,000 copies where each ends with ${code}`, async () => {
      const { outcomes, started } = await play(5_000, () => refused(code));
      equal(started, most);
      deepEqual([outcomes.length, new Set(outcomes)], [5_000, new Set([code])]);
    });

  test("begins none at a registry that has refused already, and asks for no request", async () => {
    const { outcomes, started } = await play(3, () => ({}), { spared: new Map([["docker.io", "limit"]]) });
    deepEqual([started, outcomes], [0, ["rate-limited", "rate-limited", "rate-limited"]]);
  });

  test("lets copies go on by themselves when its time is over, and begins no further one", async () => {
    let asked = 0;
    const hasTime = () => {
      asked += 1;
      return asked < 4;
    };
    const { outcomes } = await play(4, () => "running", { hasTime });
    deepEqual(outcomes.filter((one) => one === "running").length, 2);
    deepEqual(outcomes.filter((one) => one === "no-time").length, 2);
  });

  test("stops at the first start that AWS refuses, and says so of all the others", async () => {
    let starts = 0;
    const start = () => {
      starts += 1;
      throw new AwsError("denied", "lambda:InvokeFunction", "no right");
    };
    const { outcomes } = await play(100, () => ({}), { start });
    deepEqual([starts, new Set(outcomes)], [1, new Set(["executions-unreadable"])]);
  });

  test("reports a copy that failed, and goes on with the next", async () => {
    const { outcomes } = await play(3, (target) =>
      target === "1" ? { status: "failed", because: "broken" } : {},
    );
    deepEqual(outcomes.toSorted(), ["copied", "copied", "failed"]);
  });
});
