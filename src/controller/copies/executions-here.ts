/**
 * Copies made by this process, as named executions: where no stack is deployed, or the operator wants none to be asked.
 *
 * What is under way is lost with the process. The next leader starts it again: what has come is found in ECR, and its bytes
 * were counted once, because the image is who claims them.
 */

import {
  type ExecutionStatus,
  type Executions,
  parseMirrorRejection,
} from "../../remediation/ports/ports.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import type { Json } from "../../runtime/json.ts";

/** A copy holds its manifests and a part of each blob: a pod has memory for two. */
const AT_ONCE = 2;
/** What nothing waits for leaves a place to what pods wait for. */
const AHEAD_AT_ONCE = 1;
const KNOWN_MAX = 1_000;

type Waiting = { readonly isAhead: boolean; readonly resolve: () => void };

/**
 * @param copy one copy from its beginning to its end; answers its result, or throws
 * @param mayBegin whether this process still leads: what waited until it did not is begun by the next leader, and by it alone
 */
export function executionsHere(
  copy: (request: Json) => Promise<unknown>,
  clock: Pick<Clock, "now"> = systemClock,
  mayBegin: () => boolean = () => true,
): Executions {
  const known = new Map<string, ExecutionStatus>();
  const waiting: Waiting[] = [];
  let running = 0;
  let runningAhead = 0;

  const mayRun = (isAhead: boolean): boolean =>
    running < AT_ONCE && !(isAhead && runningAhead >= AHEAD_AT_ONCE);
  const begin = (isAhead: boolean): void => {
    running += 1;
    if (isAhead) runningAhead += 1;
  };
  /** Who waits gets the place of one that has ended, before a copy that is asked for in this moment. */
  const end = (isAhead: boolean): void => {
    running -= 1;
    if (isAhead) runningAhead -= 1;
    const next = waiting.find((one) => !one.isAhead) ?? waiting.find((one) => mayRun(one.isAhead));
    if (next === undefined) return;
    waiting.splice(waiting.indexOf(next), 1);
    begin(next.isAhead);
    next.resolve();
  };
  const run = async (name: string, request: Json): Promise<void> => {
    const isAhead = isCopyAhead(request);
    if (mayRun(isAhead)) begin(isAhead);
    else await new Promise<void>((resolve) => waiting.push({ isAhead, resolve }));
    if (!mayBegin()) {
      known.delete(name);
      return end(isAhead);
    }
    try {
      const rejected = parseMirrorRejection(await copy(request));
      known.set(name, { status: "succeeded", endedAt: clock.now(), ...rejected });
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      known.set(name, { status: "failed", endedAt: clock.now(), because });
    } finally {
      end(isAhead);
    }
  };
  const forget = (): void => {
    for (const [name, { status }] of known) if (status !== "running") known.delete(name);
  };

  return {
    functionName: (workflow) => `cluster-${workflow}`,
    async start(_workflow, name, request) {
      if (known.has(name)) return "taken";
      if (known.size >= KNOWN_MAX) forget();
      known.set(name, { status: "running" });
      void run(name, request);
      return "started";
    },
    status: async (_workflow, name) => known.get(name),
  };
}

function isCopyAhead(request: Json): boolean {
  return typeof request === "object" && request !== null && "ahead" in request && request.ahead === true;
}
