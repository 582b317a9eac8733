/**
 * Distinguishes a step that AWS refused for good from one that failed for now.
 *
 * A replay has nothing but a failed step's words, so a refusal is recorded as the step's result, and thrown from there.
 */

import { optional } from "../../ecs/json-fields.ts";
import { StepFailed, type Steps } from "../../runtime/steps.ts";
import { AwsError } from "../ports/aws-error.ts";
import { Stopped } from "../ports/kill-switch.ts";

/** A right is missing, or the request is one that AWS will never take: only a person can change that. */
export class PermanentStepFailure extends StepFailed {
  readonly refusal: StepRefusal;

  constructor(step: string, message: string, refusal: StepRefusal) {
    super(step, message);
    this.refusal = refusal;
  }
}

export type StepRefusal = {
  readonly code: "denied" | "invalid";
  readonly permission?: string;
  /** The kill switch stops all writes; with its parameter, where it is known. */
  readonly stopped?: { readonly parameter?: string };
};

/** `refusal` is not in the records of executions that began before it was. */
type Refusal = { readonly refusedByAws: string; readonly refusal?: StepRefusal };

/** The same steps, whose refusals come out as StepRefused at the first attempt. */
export function withPermanentFailures(steps: Steps): Steps {
  return {
    ...steps,
    async step<T>(name: string, run: () => Promise<T>, options?: Parameters<Steps["step"]>[2]): Promise<T> {
      const done = await steps.step<T | Refusal>(name, () => run().catch(refusalOrThrow), options);
      if (isRefusal(done))
        throw new PermanentStepFailure(name, done.refusedByAws, done.refusal ?? { code: "invalid" });
      return done;
    },
  };
}

function refusalOrThrow(error: unknown): Refusal {
  if (!(error instanceof AwsError)) throw error;
  const { kind, action, message } = error;
  if (kind === "denied") {
    const stopped = error instanceof Stopped ? { stopped: optional("parameter", error.parameter) } : {};
    return { refusedByAws: message, refusal: { code: kind, permission: action, ...stopped } };
  }
  if (kind === "invalid") return { refusedByAws: message, refusal: { code: kind, permission: action } };
  throw error;
}

function isRefusal(done: unknown): done is Refusal {
  return typeof done === "object" && done !== null && "refusedByAws" in done;
}
