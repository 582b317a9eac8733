/**
 * The slice of a durable execution that a workflow uses.
 *
 * A workflow runs many times over one log: what a step returned is remembered, what lies between steps
 * is computed again. So nothing outside a step may read the clock, the environment or the network, and
 * step names must come in the same order each time. Results are JSON and small: no manifests, no task
 * definitions, no secrets, for they stay readable in the execution's history for weeks.
 */

export interface Steps {
  /** Runs once and remembers its JSON result; a thrown error is retried `attempts` times in all (default 3), then thrown. */
  step<T>(name: string, run: () => Promise<T>, options?: { readonly attempts?: number }): Promise<T>;
  /** Sleeps without cost. Whole seconds, 1 second to 1 year. */
  wait(name: string, seconds: number): Promise<void>;
}
