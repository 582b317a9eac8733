/**
 * Steps for `--no-wait`: what fails is tried twice, not for a minute. Nothing is waited for, except to deploy another
 * caller's deployment again that ours has replaced.
 */

import { StepFailed, type Steps } from "../../runtime/steps.ts";

const ATTEMPTS = 2;

export function withFewAttempts(steps: Steps): Steps {
  const few = (attempts = ATTEMPTS) => ({ attempts: Math.min(attempts, ATTEMPTS) });
  return {
    ...steps,
    step: (name, run, options) => steps.step(name, run, { ...options, ...few(options?.attempts) }),
    wait: (name, seconds) =>
      name.startsWith("restore ")
        ? steps.wait(name, seconds)
        : Promise.reject(
            new StepFailed(name, `it would have to wait ${seconds} seconds, and --no-wait was said`),
          ),
  };
}
