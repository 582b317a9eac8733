/**
 * A durable execution without Lambda: the same workflow, over a log in memory.
 *
 * It is the honest twin of AWS's engine. It can die after any step, or after a step's effect and before its
 * record; then the workflow runs again from the top over the log, and a sequence that differs is a bug.
 */

import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import {
  ATTEMPTS_DEFAULT,
  type Callback,
  type CallbackResult,
  pauseSeconds,
  StepFailed,
  type StepOptions,
  type Steps,
} from "./steps.ts";

export type StepRecord =
  | { readonly kind: "step"; readonly name: string; readonly result?: string; readonly failed?: string }
  | { readonly kind: "wait"; readonly name: string; readonly dueAt: number }
  | CallbackRecord;

/** The one record that changes after it was written: its answer is added. */
export type CallbackRecord = {
  readonly kind: "callback";
  readonly name: string;
  readonly id: string;
  readonly dueAt: number;
  answer?: CallbackResult;
};

/** Answers a question of a log. `closed`: it was answered before, or its time is over. */
export function answerCallback(
  record: CallbackRecord,
  answer: CallbackResult,
  now: number,
): "taken" | "closed" {
  if (record.answer !== undefined || now >= record.dueAt) return "closed";
  record.answer = answer;
  return "taken";
}

/**
 * Where a process may end: after the effect but before its record (`unrecorded`), right after the record, or with an
 * answer that is there and that nothing has followed yet.
 */
export type CrashPoint = {
  readonly name: string;
  readonly index: number;
  readonly when: "unrecorded" | "recorded" | "answered";
};

export type InProcessOptions = {
  readonly clock: Clock;
  /** Kept by the caller, so that a death of the whole process can be survived too. */
  readonly log?: StepRecord[];
  readonly crashesAt?: (at: CrashPoint) => boolean;
  readonly onStep?: (record: StepRecord) => void;
  /** Names the questions of this execution among those of all. */
  readonly execution?: string;
  /** Against a `dies` that never stops. */
  readonly runsMax?: number;
};

/** Runs a workflow to its end, over and over after each death. */
export async function runInProcess<T>(
  workflow: (steps: Steps) => Promise<T>,
  options: InProcessOptions,
): Promise<T> {
  const log = options.log ?? [];
  const runsMax = options.runsMax ?? 1000;
  for (let run = 0; run < runsMax; run++) {
    const { promise: death, resolve: die } = Promise.withResolvers<typeof DIED>();
    const ended = await Promise.race([workflow(stepsOver(log, options, die)), death]);
    if (ended !== DIED) return ended;
  }
  throw new assert.AssertionError({ message: `the workflow died ${runsMax} times and never ended` });
}

/** An answer is given from elsewhere: a process that waits for one looks again so often. */
const CALLBACK_POLL_MS = 60_000;

const DIED = Symbol("died");
const never = new Promise<never>(() => {});

function stepsOver(log: StepRecord[], options: InProcessOptions, die: (died: typeof DIED) => void): Steps {
  const { clock, crashesAt, onStep, execution = "execution" } = options;
  let cursor = 0;
  let dead = false;

  /** A dead process does not throw, which the workflow could catch: it just never goes on. */
  const survives = (death: CrashPoint): boolean => {
    if (crashesAt?.(death) !== true) return true;
    dead = true;
    die(DIED);
    return false;
  };
  /** The record of the operation that is due now, if an earlier run got this far. */
  const remembered = <K extends StepRecord["kind"]>(
    kind: K,
    name: string,
  ): Extract<StepRecord, { kind: K }> | undefined => {
    const record = log[cursor];
    cursor += 1;
    if (record === undefined) return undefined;
    assert.equal(
      `${record.kind} ${record.name}`,
      `${kind} ${name}`,
      `replay differs at operation ${cursor - 1}`,
    );
    return record as Extract<StepRecord, { kind: K }>;
  };
  const remember = (record: StepRecord): void => {
    assert.equal(
      log.length,
      cursor - 1,
      `${record.kind} ${record.name} ran in parallel with another operation`,
    );
    log.push(record);
    onStep?.(record);
  };

  const step = async <T>(name: string, run: () => Promise<T>, stepOptions: StepOptions = {}): Promise<T> => {
    if (dead) return never;
    const index = cursor;
    const known = remembered("step", name);
    if (known !== undefined) return resultOf<T>(name, known);
    const made = await attempt(run, stepOptions, clock);
    if (dead || !survives({ name, index, when: "unrecorded" })) return never;
    remember({ kind: "step", name, ...made });
    if (!survives({ name, index, when: "recorded" })) return never;
    return resultOf<T>(name, made);
  };

  const wait = async (name: string, seconds: number): Promise<void> => {
    assert.ok(
      Number.isInteger(seconds) && seconds >= 1 && seconds <= 31_622_400,
      `a wait of ${seconds} seconds`,
    );
    if (dead) return never;
    const index = cursor;
    const known = remembered("wait", name);
    const due = known ?? { kind: "wait", name, dueAt: clock.now() + seconds * 1000 };
    if (known === undefined) {
      remember(due);
      if (!survives({ name, index, when: "recorded" })) return never;
    }
    const left = due.dueAt - clock.now();
    if (left > 0) await clock.sleep(left);
    if (dead) return never;
  };

  const question = async (name: string, seconds: number): Promise<Callback> => {
    assert(
      Number.isInteger(seconds) && seconds >= 60 && seconds <= 31_622_400,
      `a question of ${seconds} seconds`,
    );
    if (dead) return never;
    const index = cursor;
    const known = remembered("callback", name);
    const open: CallbackRecord = known ?? {
      kind: "callback",
      name,
      id: `${execution}/${index}`,
      dueAt: clock.now() + seconds * 1000,
    };
    if (known === undefined) {
      remember(open);
      if (!survives({ name, index, when: "recorded" })) return never;
    }
    const answer = async (): Promise<CallbackResult> => {
      while (!dead && open.answer === undefined && clock.now() < open.dueAt)
        await clock.sleep(Math.min(CALLBACK_POLL_MS, open.dueAt - clock.now()));
      if (dead || !survives({ name, index, when: "answered" })) return never;
      open.answer ??= { kind: "expired" };
      return open.answer;
    };
    return { id: open.id, answer };
  };

  return { step, wait, callback: question };
}

/** What is recorded of a step's end. */
type Outcome = { readonly result?: string; readonly failed?: string };

async function attempt(
  run: () => Promise<unknown>,
  { attempts = ATTEMPTS_DEFAULT, retryIf = () => true }: StepOptions,
  clock: Clock,
): Promise<Outcome> {
  for (let count = 1; ; count++) {
    try {
      const result = await run();
      return result === undefined ? {} : { result: JSON.stringify(result) };
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      if (count >= attempts || !retryIf(error, count)) {
        return { failed: error instanceof Error ? error.message : String(error) };
      }
      await clock.sleep(pauseSeconds(count) * 1000);
    }
  }
}

function resultOf<T>(name: string, { result, failed }: Outcome): T {
  if (failed !== undefined) throw new StepFailed(name, failed);
  return (result === undefined ? undefined : JSON.parse(result)) as T;
}
