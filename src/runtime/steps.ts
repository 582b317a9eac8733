/**
 * The slice of a durable execution that a workflow uses.
 *
 * A workflow runs many times over one log: what a step returned is remembered, what lies between steps
 * is computed again. So nothing outside a step may read the clock, the environment or the network, and
 * step names must come in the same order each time. Results are JSON and small: no manifests, no task
 * definitions, no secrets, for they stay readable in the execution's history for weeks.
 */

export type StepOptions = {
  /** How often in all, default 3. The pause between doubles from 2 seconds. */
  readonly attempts?: number;
  /** Which errors are worth another attempt, after how many; default: all. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
};

export interface Steps {
  /**
   * Runs at least once and remembers its JSON result. Whatever the last attempt threw comes out as
   * StepFailed, for a replay has nothing but its words.
   */
  step<T>(name: string, run: () => Promise<T>, options?: StepOptions): Promise<T>;
  /** Sleeps without cost: whole seconds, 1 second to 1 year. */
  wait(name: string, seconds: number): Promise<void>;
}

/** A step that failed on its last attempt. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly step: string;

  constructor(step: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.step = step;
  }
}

export const ATTEMPTS_DEFAULT = 3;

/** Seconds before attempt `attempt + 1`: 2, 4, 8… at most 60. */
export function pauseSeconds(attempt: number): number {
  return Math.min(60, 2 ** attempt);
}
