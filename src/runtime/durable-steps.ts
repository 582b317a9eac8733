/** The workflow's steps on AWS's own engine: Lambda durable functions. */

import { CallbackError, CallbackTimeoutError, type StepConfig } from "@aws/durable-execution-sdk-js";
import {
  ATTEMPTS_DEFAULT,
  type CallbackResult,
  pauseSeconds,
  StepFailed,
  type StepOptions,
  type Steps,
} from "./steps.ts";

/** What of the durable context is used: easy to wrap in a test that has to move another clock as well. */
export type DurableSlice = {
  step(name: string, run: () => Promise<unknown>, config: StepConfig<unknown>): PromiseLike<unknown>;
  wait(name: string, duration: { seconds: number }): PromiseLike<void>;
  createCallback(
    name: string,
    config: { timeout: { seconds: number } },
  ): PromiseLike<readonly [answer: PromiseLike<string | undefined>, id: string]>;
};

/** Steps over a durable context. Retries are the engine's, with the pauses of `steps.ts`. */
export function durableSteps(context: DurableSlice): Steps {
  return {
    step: (name, run, options) => stepIn(context, name, run, options),
    async wait(name, seconds) {
      await context.wait(name, { seconds });
    },
    async callback(name, seconds) {
      const [answered, id] = await context.createCallback(name, { timeout: { seconds } });
      return { id, answer: () => answerOf(answered) };
    },
  };
}

/** A callback's result as a value: an unanswered callback is not a failure of the workflow. */
async function answerOf(answered: PromiseLike<string | undefined>): Promise<CallbackResult> {
  try {
    return { kind: "answered", text: (await answered) ?? "" };
  } catch (error) {
    if (error instanceof CallbackTimeoutError) return { kind: "expired" };
    if (error instanceof CallbackError) return { kind: "failed", because: messageOf(error) };
    throw error;
  }
}

async function stepIn<T>(
  context: Pick<DurableSlice, "step">,
  name: string,
  run: () => Promise<T>,
  { attempts = ATTEMPTS_DEFAULT, retryIf = () => true }: StepOptions = {},
): Promise<T> {
  try {
    return (await context.step(name, run, {
      retryStrategy: (error, attempt) =>
        attempt < attempts && retryIf(error, attempt)
          ? { shouldRetry: true, delay: { seconds: pauseSeconds(attempt) } }
          : { shouldRetry: false },
    })) as T;
  } catch (error) {
    throw new StepFailed(name, messageOf(error), { cause: error });
  }
}

/** The engine wraps what a step threw; the innermost message is the one that says something. */
function messageOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
