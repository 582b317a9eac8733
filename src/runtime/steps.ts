/**
 * The slice of a durable execution that a workflow uses.
 *
 * A workflow runs many times over one log: what a step returned is remembered, what lies between steps
 * is computed again. So nothing outside a step may read the clock, the environment or the network, and
 * step names must come in the same order each time. Results are JSON and small: no manifests, no task
 * definitions, no secrets, because they stay readable in the execution's history for weeks.
 */

import { visible } from "../text/visible.ts";

export type StepOptions = {
  /** How often in all, default 3. The pause between doubles from 2 seconds. */
  readonly attempts?: number;
  /** Which errors are worth another attempt, after how many; default: all. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
};

export interface Steps {
  /**
   * Runs at least once and remembers its JSON result. Whatever the last attempt threw comes out as
   * StepFailed, because a replay has only its message.
   */
  step<T>(name: string, run: () => Promise<T>, options?: StepOptions): Promise<T>;
  /** Sleeps without cost: whole seconds, 1 second to 1 year. */
  wait(name: string, seconds: number): Promise<void>;
  /**
   * Opens a callback for so many seconds: a minute to a year. A caller that has its id may answer it, once; steps between
   * the opening and `answer` publish the id.
   */
  callback(name: string, seconds: number): Promise<Callback>;
}

export type Callback = {
  /** Makes an answer possible, only to callers that the engine's own rights allow to give one. */
  readonly id: string;
  /** Sleeps without cost until the answer is there, or the time is over. */
  answer(): Promise<CallbackResult>;
};

/** The first answer counts; a later one is refused. */
export type CallbackResult =
  | { readonly kind: "answered"; readonly text: string }
  /** The outside says that there will be no answer. */
  | { readonly kind: "failed"; readonly because: string }
  | { readonly kind: "expired" };

/** A step that failed on its last attempt. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly step: string;

  constructor(step: string, message: string, options?: ErrorOptions) {
    // The error may have foreign text, and is recorded.
    super(visible(message), options);
    this.step = step;
  }
}

export const ATTEMPTS_DEFAULT = 3;

/** Seconds before attempt `attempt + 1`: 2, 4, 8… at most 60. */
export function pauseSeconds(attempt: number): number {
  return Math.min(60, 2 ** attempt);
}
