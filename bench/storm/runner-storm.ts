/** Part two, again for some: under Lambda's emulator and the durable functions local runner, as built. */

import type { JsonObject } from "../../src/runtime/json.ts";
import { EMULATOR_ACCOUNT, startEmulatedStack } from "../../test/support/emulated/emulated-stack.ts";
import { openDoorLog } from "./door-log.ts";
import { nameOf, stormWorld } from "./storm-world.ts";

export type RunnerStorm = {
  readonly executions: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly copies: number;
  readonly operationsMax: number;
  readonly checkpointBytesMax: number;
  /** Bounds that the front door has seen broken: 1,500 operations, 10 MB, 256 KiB a checkpoint. */
  readonly broken: readonly string[];
  /** Of the function's process, its start included, until the last UpdateService, for one execution. */
  readonly cpuSecondsUntilUpdate: number;
};

const SETTLE_SECONDS_MAX = 600;
const BATCH = 10;

export async function runnerStorm(services: number, logPath: string): Promise<RunnerStorm> {
  let now = () => 0;
  let updates = 0;
  let cpuSeconds: Promise<number | undefined> = Promise.resolve(undefined);
  const log = openDoorLog(logPath, () => now());
  const stack = await startEmulatedStack(stormWorld(services), {
    policy: { quotas: { remediationsPerHour: 2 * services } },
    onAnswer(call, answer) {
      log.onAnswer(call, answer);
      if (call.operation !== "UpdateService" || answer.status >= 300) return;
      updates += 1;
      if (updates === services) cpuSeconds = stack.functionOf("remediate").then((one) => one.cpuSeconds());
    },
  });
  const { world } = stack;
  const began = world.clock.now();
  now = () => world.clock.now() - began;
  try {
    const failures = () => failedEvents(world.bus.published);
    if (!(await world.runUntil(() => failures().size === services, 3600)))
      throw new Error(`${failures().size} of ${services} failed`);
    const bodies = [...failures().values()].map((event) => JSON.stringify(event));
    for (let at = 0; at < bodies.length; at += BATCH) await stack.deliver(...bodies.slice(at, at + BATCH));
    await stack.settle(SETTLE_SECONDS_MAX);
    const { all } = stack.executions;
    const outcomes: Record<string, number> = {};
    for (const { outcome } of world.bus.outcomes)
      outcomes[String(outcome)] = (outcomes[String(outcome)] ?? 0) + 1;
    const isRemediation = ({ functionName }: { readonly functionName: string }) =>
      functionName.endsWith("remediate");
    return {
      executions: all.filter(isRemediation).length,
      outcomes,
      copies: all.filter((one) => !isRemediation(one)).length,
      operationsMax: Math.max(...all.map(({ operations }) => operations.size)),
      checkpointBytesMax: Math.max(...all.map(({ bytes }) => bytes)),
      broken: stack.door.broken,
      cpuSecondsUntilUpdate: ((await cpuSeconds) ?? Number.NaN) / services,
    };
  } finally {
    await stack.stop();
    await log.close();
  }
}

/** The first task of each service that could not be started, by the service's name. */
function failedEvents(published: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const document of published) {
    const { group, stopCode } = document.detail as JsonObject;
    if (document.account !== EMULATOR_ACCOUNT || stopCode !== "TaskFailedToStart") continue;
    const name = String(group).replace("service:", "");
    if (name.startsWith(nameOf(0).slice(0, 6)) && !found.has(name)) found.set(name, document);
  }
  return found;
}
