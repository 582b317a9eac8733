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
import type { Json } from "../../runtime/json.ts";

/** A copy holds its manifests and a part of each blob: a pod has memory for two. */
const AT_ONCE = 2;
const KNOWN_MAX = 1_000;

/** @param copy one copy from its beginning to its end; answers its result, or throws */
export function executionsHere(copy: (request: Json) => Promise<unknown>): Executions {
  const known = new Map<string, ExecutionStatus>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const run = async (name: string, request: Json): Promise<void> => {
    if (running < AT_ONCE) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      known.set(name, { status: "succeeded", ...parseMirrorRejection(await copy(request)) });
    } catch (error) {
      known.set(name, {
        status: "failed",
        because: error instanceof Error ? error.message : String(error),
      });
    } finally {
      // Who waits gets this place, before a copy that is asked for in this moment.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
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
