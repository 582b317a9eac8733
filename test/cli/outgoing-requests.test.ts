/** What a command sends, by a clock that the test moves: what is said of a silent host, and when it is given up. */

import { describe, expect, it } from "vitest";
import { watchedRequest } from "../../src/aws/client/request-watch.ts";
import { createOutgoing } from "../../src/cli/outgoing-requests.ts";

const READ = { host: "ecs.us-east-1.amazonaws.com", action: "DescribeServices", isWrite: false };
const WRITE = { ...READ, action: "UpdateService", isWrite: true };

/** A clock whose hand the test moves. */
function handClock() {
  let now = 1_000_000;
  let due: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(milliseconds: number, run: () => void) {
      const one = { at: now + milliseconds, run };
      due.push(one);
      return () => {
        due = due.filter((other) => other !== one);
      };
    },
    async pass(milliseconds: number) {
      const end = now + milliseconds;
      for (;;) {
        const next = due.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0];
        if (next === undefined) break;
        due = due.filter((one) => one !== next);
        now = next.at;
        next.run();
        await settled();
      }
      now = end;
    },
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Answers when its signal is aborted alone. */
const never = (signal: AbortSignal | undefined) =>
  new Promise<string>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

function arrange() {
  const clock = handClock();
  const stop = new AbortController();
  const told: string[] = [];
  const outgoing = createOutgoing({ signal: stop.signal, err: (text) => told.push(text) }, clock);
  const ended: unknown[] = [];
  const send = (request: typeof READ, how: (signal: AbortSignal | undefined) => Promise<string> = never) =>
    outgoing.watch(request, how).then(
      (answer) => ended.push(answer),
      (error: Error) => ended.push(error.name),
    );
  return { clock, stop, told, outgoing, ended, send };
}

describe("what a command sends", () => {
  it("reports a silent host once, after five seconds, and gives it up after twenty", async () => {
    const { clock, told, ended, send } = arrange();
    send(READ);
    send(READ);
    await clock.pass(4_999);
    expect(told).toEqual([]);
    await clock.pass(15_000);
    expect({ told: told.length, ended }).toEqual({ told: 1, ended: [] });
    await clock.pass(1);
    expect({ told: told.length, ended }).toEqual({ told: 1, ended: ["TimeoutError", "TimeoutError"] });
  });

  it("counts the silence over the tries of one call", async () => {
    const { clock, ended, send } = arrange();
    const timesOut = (signal: AbortSignal | undefined) =>
      Promise.race([
        never(signal),
        new Promise<string>((_, reject) => clock.after(8_000, () => reject(new TypeError()))),
      ]);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      send(READ, timesOut);
      await clock.pass(8_000);
    }
    expect(ended).toEqual(["TypeError", "TypeError", "TimeoutError"]);
  });

  it("sends nothing to a host that was given up until twenty seconds later, and hears it then", async () => {
    const { clock, ended, send } = arrange();
    send(READ);
    await clock.pass(20_000);
    await send(READ, async () => "sent");
    await clock.pass(20_000);
    await send(READ, async () => "sent");
    expect(ended).toEqual(["TimeoutError", "TimeoutError", "sent"]);
  });

  it("sends another operation to a host that gave one no answer, and hears it", async () => {
    const { clock, ended, send } = arrange();
    send(READ);
    await clock.pass(20_000);
    await send(READ, async () => "sent");
    await send(WRITE, async () => "written");
    await send({ ...READ, action: "DescribeTasks" }, async () => "sent");
    expect(ended).toEqual(["TimeoutError", "TimeoutError", "written", "sent"]);
  });

  it("gives up a host that answers two operations nothing, the second one after ten seconds", async () => {
    const { clock, ended, send } = arrange();
    send(READ);
    await clock.pass(20_000);
    send({ ...READ, action: "DescribeTasks" });
    await clock.pass(9_999);
    expect(ended).toEqual(["TimeoutError"]);
    await clock.pass(1);
    await send(WRITE, async () => "written");
    expect(ended).toEqual(["TimeoutError", "TimeoutError", "TimeoutError"]);
  });

  it("does not give up a host that answers others meanwhile", async () => {
    const { clock, told, ended, send } = arrange();
    send(READ);
    await clock.pass(4_000);
    await send(READ, async () => "sent");
    await clock.pass(18_000);
    expect({ told, ended }).toEqual({ told: [], ended: ["sent"] });
  });

  it("ends the reads and awaits the writes when it is stopped, and sends no more", async () => {
    const { stop, outgoing, ended, send } = arrange();
    let answer = (_: string): void => {};
    send(
      WRITE,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    send(READ);
    let isIdle = false;
    stop.abort(new Error("interrupted"));
    outgoing.whenIdle(() => {
      isIdle = true;
    });
    await settled();
    await send(WRITE, async () => "sent");
    expect({ ended, isIdle, under: outgoing.underWay().length }).toEqual({
      ended: ["Error", "Error"],
      isIdle: false,
      under: 1,
    });
    answer("done");
    await settled();
    expect({ ended, isIdle }).toEqual({ ended: ["Error", "Error", "done"], isIdle: true });
  });

  // biome-ignore format: a table is read by its columns
  const requests: readonly (readonly [string, object, boolean])[] = [
    ["DescribeServices",                         { headers: { "x-amz-target": "AmazonEC2ContainerServiceV20141113.DescribeServices" } },   false],
    ["UpdateService",                            { headers: { "x-amz-target": "AmazonEC2ContainerServiceV20141113.UpdateService" } },      true],
    ["BatchDeleteImage",                         { headers: { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage" } }, true],
    ["BatchGetImage",                            { headers: { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.BatchGetImage" } },    false],
    ["SimulatePrincipalPolicy",                  { body: "Action=SimulatePrincipalPolicy&Version=2010-05-08" },                            false],
    ["GET /2015-03-31/functions/a/configuration", { method: "GET", path: "/2015-03-31/functions/a/configuration?Qualifier=live" },         false],
    ["PUT /schedules/a",                         { method: "PUT", path: "/schedules/a" },                                                  true],
    ["an operation that is not known yet",       { headers: { "x-amz-target": "Some_V1.Frobnicate" } },                                    true],
  ];
  for (const [what, parts, isWrite] of requests) {
    it(`takes ${what} for a ${isWrite ? "write" : "read"}`, () => {
      const request = { method: "POST", hostname: "a", path: "/", headers: {}, ...parts };
      expect(watchedRequest(request).isWrite).toBe(isWrite);
    });
  }
});
