/** One event through the functions as built, with its progress. */

import { isObject } from "../src/ecs/json-fields.ts";
import type { Outcome } from "../src/remediation/report/outcome.ts";
import type { JsonObject } from "../src/runtime/json.ts";
import { recordedEvent } from "../src/sandbox/world/recorded-event.ts";
import { type EmulatedStack, startEmulatedStack } from "../test/support/emulated/emulated-stack.ts";
import type { LocalInput } from "./read-input.ts";

/** What changes something, and what a person would look for in the account. */
const TOLD =
  /^(?:RegisterTaskDefinition|UpdateService|RunTask|StopServiceDeployment|CreateRepository|PutEvents|UpdateSchedule)$/;

export type Rehearsed = {
  readonly outcomes: readonly Outcome[];
  /** What detect said of events that start nothing. */
  readonly notStarted: readonly string[];
  readonly operations: number;
};

export type Rehearsal = {
  readonly input: LocalInput;
  /** Of Lambda's programs; absent: the bundles run in this process. */
  readonly programs?: URL;
  readonly secondsMax: number;
};

/** Throws where an execution does not end in its time, or a function did not answer as it has to. */
export async function rehearse(
  { input, programs, secondsMax }: Rehearsal,
  tell: (what: string, line: string) => void,
): Promise<Rehearsed> {
  const { events, world } = input;
  const operator = isObject(world.operator) ? world.operator : {};
  const stack = await startEmulatedStack(world, {
    events,
    ...(isObject(operator.policy) ? { policy: operator.policy } : {}),
    ...(programs === undefined ? { inProcess: true } : { programs }),
  });
  try {
    stack.onCall = ({ service, operation, body }) => {
      if (TOLD.test(operation)) tell(service, `${operation}${named(body)}`);
      return undefined;
    };
    const { status, body } = await stack.deliver(
      ...events.map((event) => JSON.stringify(recordedEvent(event, stack.world))),
    );
    tell("detect", `${status} ${body}`);
    if (!body.startsWith('{"batchItemFailures"')) throw new Error(`detect failed: ${body}`);
    for (const { functionName, name } of stack.executions.all) tell("started", `${functionName} ${name}`);
    await ended(stack, secondsMax);
    return {
      outcomes: stack.world.bus.outcomes as unknown as readonly Outcome[],
      notStarted: notStartedIn(stack.log()),
      operations: stack.executions.all.reduce((sum, { operations }) => sum + operations.size, 0),
    };
  } finally {
    await stack.stop();
  }
}

/** A question is where it ends: it gets no answer here. */
async function ended(stack: EmulatedStack, secondsMax: number): Promise<void> {
  const until = performance.now() + secondsMax * 1000;
  const isAsked = () => stack.world.bus.outcomes.some(({ outcome }) => outcome === "awaiting-approval");
  for (;;) {
    const isOver = await stack.settle(1).then(
      () => true,
      () => false,
    );
    if (isOver || isAsked()) return;
    if (performance.now() > until) throw new Error(`no end in ${secondsMax} s: ${stack.log().slice(-2000)}`);
  }
}

function named(body: string): string {
  try {
    const { family, service, repositoryName } = JSON.parse(body) as JsonObject;
    const name = service ?? family ?? repositoryName;
    return typeof name === "string" ? ` ${name}` : "";
  } catch {
    return "";
  }
}

/** The log's lines of events that start nothing, each with its reason. */
function notStartedIn(log: string): readonly string[] {
  return log.split("\n").flatMap((line) => {
    if (!/"message":"event (?:ignored|rejected)"/.test(line)) return [];
    try {
      const { message, because } = JSON.parse(line.slice(line.indexOf("{"))) as JsonObject;
      return [`${message}: ${because}`];
    } catch {
      return [];
    }
  });
}
