/** What a warm `detect` remembers of executions, and for how long. */

import { describe, expect, it } from "vitest";
import { backoffMinutes } from "../../../src/remediation/detect/detect.ts";
import { REMEMBERED_MS, rememberRunning } from "../../../src/remediation/detect/remember-running.ts";
import type { ExecutionStatus, Executions } from "../../../src/remediation/ports/ports.ts";

type Asked = { readonly executions: Executions; readonly asked: string[]; now: number };

function lambda(answer: {
  readonly start: "started" | "taken";
  readonly status?: ExecutionStatus;
  readonly fails?: boolean;
}): Asked {
  const asked: string[] = [];
  const asks = async <T>(what: string, said: T): Promise<T> => {
    asked.push(what);
    await Promise.resolve();
    if (answer.fails) throw new Error("no answer");
    return said;
  };
  const inner: Executions = {
    functionName: (workflow) => `repull-${workflow}`,
    start: (_workflow, name) => asks(`start ${name}`, answer.start),
    status: (_workflow, name) => asks(`status ${name}`, answer.status),
  };
  const world = { asked, now: 0, executions: inner };
  world.executions = rememberRunning(inner, { now: () => world.now });
  return world;
}

describe("rememberRunning", () => {
  const running: ExecutionStatus = { status: "running" };
  const ended: ExecutionStatus = { status: "succeeded", endedAt: 1 };
  // biome-ignore format: a table is read by its columns
  const table = [
    // a second message                              start      status    after ms           asks again
    ["asks nothing of what was just started",        "started", undefined, 0,                 []],
    ["asks nothing of what was seen running",        "taken",   running,   0,                 []],
    ["asks nothing until just before the end",       "taken",   running,   REMEMBERED_MS - 1, []],
    ["asks again when that may have ended for long", "taken",   running,   REMEMBERED_MS,     ["start a", "status a"]],
    ["asks again of what had ended",                 "taken",   ended,     0,                 ["start a", "status a"]],
    ["asks again of what is not listed yet",         "taken",   undefined, 0,                 ["start a", "status a"]],
  ] as const;
  for (const [what, start, status, after, again] of table)
    it(`${what}`, async () => {
      const world = lambda({ start, ...(status === undefined ? {} : { status }) });
      const one = async () => {
        const started = await world.executions.start("remediate", "a", {});
        return started === "started" ? started : await world.executions.status("remediate", "a");
      };
      await one();
      world.asked.length = 0;
      world.now = after;
      await one();
      expect(world.asked).toEqual(again);
    });

  it("starts once for messages that come at the same time", async () => {
    const { executions, asked } = lambda({ start: "started" });
    const all = ["a", "a", "b", "a"].map((name) => executions.start("remediate", name, {}));
    expect(await Promise.all(all)).toEqual(["started", "taken", "started", "taken"]);
    expect(asked).toEqual(["start a", "start b"]);
  });

  it("fails each message whose start gets no answer, and asks again for the next", async () => {
    const { executions, asked } = lambda({ start: "started", fails: true });
    const all = ["a", "a"].map((name) => executions.start("remediate", name, {}));
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await executions.start("remediate", "a", {}).catch(() => undefined);
    expect(asked).toEqual(["start a", "start a"]);
  });

  it("forgets long before a failure could start another attempt", () => {
    expect(REMEMBERED_MS * 5).toBeLessThanOrEqual(backoffMinutes(1) * 60_000);
  });
});
