/** The workflow's steps on AWS's own engine: Lambda durable functions. */

import {
  type BatchResult,
  CallbackError,
  CallbackTimeoutError,
  type MapConfig,
  NestingType,
  type StepConfig,
} from "@aws/durable-execution-sdk-js";
import {
  type Answer,
  ATTEMPTS_DEFAULT,
  pauseSeconds,
  pieceName,
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
  map(
    name: string,
    items: unknown[],
    each: (inner: Pick<DurableSlice, "step">, item: unknown, index: number) => Promise<unknown>,
    config: MapConfig<unknown, unknown>,
  ): PromiseLike<Pick<BatchResult<unknown>, "all">>;
};

/** Steps over a durable context. Retries are the engine's, with the pauses of `steps.ts`. */
export function durableSteps(context: DurableSlice): Steps {
  return {
    step: (name, run, options) => stepIn(context, name, run, options),
    async each<T, R>(
      name: string,
      items: readonly T[],
      run: (item: T) => Promise<R>,
      { atOnce, ...options }: StepOptions & { readonly atOnce: number },
    ): Promise<readonly R[]> {
      const { all } = await context.map(
        name,
        [...items],
        (inner, item, index) => stepIn(inner, pieceName(name, index), () => run(item as T), options),
        {
          maxConcurrency: atOnce,
          // One operation of the history for each piece, instead of one around it as well.
          nesting: NestingType.FLAT,
          completionConfig: { toleratedFailureCount: items.length },
        },
      );
      return all.map(({ index, result, error }) => {
        if (error !== undefined)
          throw new StepFailed(pieceName(name, index), wordsOf(error), { cause: error });
        return result as R;
      });
    },
    async wait(name, seconds) {
      await context.wait(name, { seconds });
    },
    async question(name, seconds) {
      const [answered, id] = await context.createCallback(name, { timeout: { seconds } });
      return { id, answer: () => answerOf(answered) };
    },
  };
}

/** What came in at a callback, as a value: that nobody answered is no failure of the workflow. */
async function answerOf(answered: PromiseLike<string | undefined>): Promise<Answer> {
  try {
    return { kind: "answered", text: (await answered) ?? "" };
  } catch (error) {
    if (error instanceof CallbackTimeoutError) return { kind: "expired" };
    if (error instanceof CallbackError) return { kind: "failed", because: wordsOf(error) };
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
    throw new StepFailed(name, wordsOf(error), { cause: error });
  }
}

/** The engine wraps what a step threw; the innermost message is the one that says something. */
function wordsOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
