/** One event through the functions as built, with its progress. */

import type { Outcome } from "../src/remediation/report/outcome.ts";
import type { JsonObject } from "../src/runtime/json.ts";
import { recordedEvent } from "../src/sandbox/world/recorded-event.ts";
import type { WorldFile } from "../src/sandbox/world/world-file.ts";
import { type EmulatedStack, startEmulatedStack } from "../test/support/emulated/emulated-stack.ts";
import type { DoorCall } from "../test/support/emulated/front-door.ts";
import { type Kill, killAt } from "../test/support/emulated/kill-at.ts";
import { operate, operatorOptions } from "./operator.ts";
import type { LocalInput } from "./read-input.ts";
import { formatKill } from "./read-kill.ts";

/** What changes something, and what a person would look for in the account. */
const TOLD =
  /^(?:RegisterTaskDefinition|UpdateService|RunTask|StopServiceDeployment|CreateRepository|PutEvents|UpdateSchedule|PutTargets|SendMessage)$/;

export type Rehearsed = {
  readonly outcomes: readonly Outcome[];
  /** What detect said of events that start nothing. */
  readonly notStarted: readonly { readonly isRejected: boolean; readonly words: string }[];
  readonly operations: number;
  /** Pulls at Docker Hub by Repull's own address. */
  readonly pulls: number;
  /** Moments of `--kill` that never came. */
  readonly missed: readonly Kill[];
};

export type Rehearsal = {
  readonly input: LocalInput;
  /** Of Lambda's programs; absent: the bundles run in this process. */
  readonly programs?: URL;
  readonly kills: readonly Kill[];
  /** Whether every step and wait is printed. */
  readonly tellsSteps: boolean;
  readonly secondsMax: number;
};

type Tell = (what: string, line: string) => void;

/** Throws where an execution does not end in its time, or a function did not answer as it has to. */
export async function rehearse(
  { input, programs, kills, tellsSteps, secondsMax }: Rehearsal,
  tell: Tell,
): Promise<Rehearsed> {
  const { events, world } = input;
  const { operator = {} } = world as WorldFile;
  const stack = await startEmulatedStack(world, {
    events,
    ...operatorOptions(operator),
    ...(programs === undefined ? { inProcess: true } : { programs }),
  });
  const failures: unknown[] = [];
  const operating = operate(stack, operator, (error) => failures.push(error));
  const { dockerHub } = stack.world.registries;
  const pullsLeft = () => dockerHub.pullsLeft({ address: stack.world.addresses.repull }) ?? 0;
  const pullsBefore = pullsLeft();
  const armed = kills.map((kill) => killAt(stack, kill, (one) => tell("killed", formatKill(one))));
  try {
    stack.onCall = async (call) => {
      await operating.onCall(call);
      if (tellsSteps) for (const line of stepsIn(call)) tell("step", line);
      if (TOLD.test(call.operation)) tell(call.service, `${call.operation}${named(call.body)}`);
      for (const one of armed) {
        const answer = await one.onCall(call);
        if (answer !== undefined) return answer;
      }
      return undefined;
    };
    const { status, body } = await stack.deliver(
      ...events.map((event) => {
        const told = recordedEvent(event, stack.world);
        return typeof told === "string" ? told : JSON.stringify(told);
      }),
    );
    tell("detect", `${status} ${body}`);
    if (!body.startsWith('{"batchItemFailures"')) throw new Error(`detect failed: ${body}`);
    for (const { functionName, name } of stack.executions.all) tell("started", `${functionName} ${name}`);
    await ended(stack, secondsMax, programs === undefined);
    if (failures.length > 0) throw failures[0];
    return {
      outcomes: stack.world.bus.outcomes as unknown as readonly Outcome[],
      notStarted: notStartedIn(stack.log()),
      operations: stack.executions.all.reduce((sum, { operations }) => sum + operations.size, 0),
      pulls: pullsBefore - pullsLeft(),
      missed: armed.filter((one) => !one.isOver()).map(({ kill }) => kill),
    };
  } finally {
    await stack.stop();
  }
}

/** @param endsAtQuestion the engine of the bundles in this process takes no answer */
async function ended(stack: EmulatedStack, secondsMax: number, endsAtQuestion: boolean): Promise<void> {
  const until = performance.now() + secondsMax * 1000;
  const isAsked = () => stack.world.bus.outcomes.some(({ outcome }) => outcome === "awaiting-approval");
  for (;;) {
    const isOver = await stack.settle(1).then(
      () => true,
      () => false,
    );
    if (isOver || (endsAtQuestion && isAsked())) return;
    if (performance.now() > until) throw new Error(`no end in ${secondsMax} s: ${stack.log().slice(-2000)}`);
  }
}

type Update = {
  readonly Type: string;
  readonly Action: string;
  readonly Name?: string;
  readonly WaitOptions?: { readonly WaitSeconds: number };
};

/** The steps that a checkpoint ends, and the waits that it begins. */
function stepsIn({ operation, body, execution }: DoorCall): readonly string[] {
  if (execution === undefined || !operation.endsWith("/checkpoint")) return [];
  const name = execution.functionName.split("-").at(-1);
  const { Updates = [] } = JSON.parse(body) as { readonly Updates?: readonly Update[] };
  return Updates.flatMap(({ Type, Action, Name = "", WaitOptions }) => {
    if (Type === "WAIT" && Action === "START")
      return [`${name}: waits ${WaitOptions?.WaitSeconds} s (${Name})`];
    if (Type !== "STEP" || Action === "START") return [];
    return [`${name}: ${Name}${Action === "SUCCEED" ? "" : ` (${Action.toLowerCase()})`}`];
  });
}

function named(body: string): string {
  try {
    const { family, service, repositoryName, QueueUrl } = JSON.parse(body) as JsonObject;
    const queue = typeof QueueUrl === "string" ? QueueUrl.split("/").at(-1) : undefined;
    const name = service ?? family ?? repositoryName ?? queue;
    return typeof name === "string" ? ` ${name}` : "";
  } catch {
    return "";
  }
}

/** The log's lines of events that start nothing, each with its reason. */
function notStartedIn(log: string): Rehearsed["notStarted"] {
  return log.split("\n").flatMap((line) => {
    if (!/"message":"event (?:ignored|rejected)"/.test(line)) return [];
    try {
      const { message, because } = JSON.parse(line.slice(line.indexOf("{"))) as JsonObject;
      return [{ isRejected: message === "event rejected", words: `${message}: ${because}` }];
    } catch {
      return [];
    }
  });
}
