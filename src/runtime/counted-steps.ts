/**
 * Counts the operations of an execution: a workflow is run from its top over its record, so what one run asks for is what
 * the execution has.
 */

import type { Steps } from "./steps.ts";

/** The same steps; `tell` gets the number of operations with each new one, the execution's start included. */
export function countedSteps(steps: Steps, tell: (operations: number) => void): Steps {
  let operations = 1;
  const one = (): void => {
    operations += 1;
    tell(operations);
  };
  return {
    step(name, run, options) {
      one();
      return steps.step(name, run, options);
    },
    wait(name, seconds) {
      one();
      return steps.wait(name, seconds);
    },
    callback(name, seconds) {
      one();
      return steps.callback(name, seconds);
    },
  };
}
