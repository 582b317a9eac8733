/**
 * The whole way: survey, plan, mirror, register, redeploy, settle, report; and back, where it did worse.
 *
 * This function is replayed from the top after every wait and every crash, over the log of its steps. What stands
 * between the steps is pure, so each run decides the same.
 */

import type { Ignored, PullFailure } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { StepFailed, type Steps } from "../runtime/steps.ts";
import { present } from "../workload/members.ts";
import { climb, type Tried } from "./climb.ts";
import type { Progress, RemediationOptions } from "./course.ts";
import { noteNetwork } from "./finish-task.ts";
import type { Outcome } from "./outcome.ts";
import type { Ports } from "./ports.ts";
import { putBack } from "./put-back.ts";
import { StepRefused, withRefusals } from "./refused-steps.ts";
import { remediesOfFailed } from "./remedies-of-refusal.ts";
import { type Ending, report } from "./report.ts";

/** One substitute and, where it cannot be pulled, another: more would be guessing. */
const RUNGS_MAX = 3;
/** Between looks at a world in which something just failed that may work in a while. */
const PAUSES_SECONDS = [60, 300, 900, 3600];

/** Heals the service of one failing deployment. Always ends in an outcome, and always reports it. */
export async function remediate(
  event: unknown,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Outcome> {
  return await remediateFailure(readEvent(event, ports.home), ports, options, steps);
}

/** The same for a failure that has been read, or that is only foreseen. */
export async function remediateFailure(
  failure: PullFailure | Ignored,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Outcome> {
  const ending = failure.kind === "ignored" ? failure : await heal(failure, ports, options, steps);
  const told = failure.kind === "ignored" ? undefined : failure;
  return await report("report", () => ending, told, options, ports, steps);
}

/**
 * Climbs until something stands, or nothing is left.
 *
 * A bad minute of AWS or of a registry is no reason to give up: an ECS that has stopped trying sends no further event.
 */
async function heal(
  failure: PullFailure,
  ports: Ports,
  options: RemediationOptions,
  plainSteps: Steps,
): Promise<Ending> {
  const steps = withRefusals(plainSteps);
  const network = await noteNetwork(failure, options.policy, ports, steps);
  const progress: Progress = {};
  const course = { failure, ports, options, steps, network, progress };
  const tried: Tried[] = [];
  for (let look = 1, pauses = 0; ; look++) {
    const climbed = await survive(progress, () => climb(course, { tried, look }));
    if (climbed.kind === "cannot-pull") {
      tried.push(climbed);
      if (tried.length < RUNGS_MAX && climbed.places.length > 0) continue;
      return await survive(progress, () => putBack(climbed, look, course));
    }
    const pausesMax = options.looksAgain === false ? 0 : pausesFor(climbed);
    const pause = pauses < pausesMax ? PAUSES_SECONDS[pauses] : undefined;
    if (pause !== undefined) {
      pauses += 1;
      options.onDoing?.({ kind: "waiting", code: "no-answer", seconds: pause });
      await steps.wait(`look again ${look}`, pause);
      continue;
    }
    const last = tried.at(-1);
    if (climbed.kind === "settled" || last === undefined || climbed.made?.ours !== last.ours) return climbed;
    return await survive(progress, () => putBack(last, look, course, climbed.because));
  }
}

/** Runs steps; one that fails for good makes the ending, with what was done until then. */
async function survive<T>(progress: Progress, run: () => Promise<T>): Promise<T | Ending> {
  try {
    return withMade(await run(), progress);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const because = `${error.step}: ${error.message}`;
    const refusal = error instanceof StepRefused ? error.refusal : undefined;
    const end = { kind: "failed", because, passing: refusal === undefined } as const;
    const { stopped: _, ...told } = refusal ?? { code: "unfinished" };
    return withMade({ ...end, error: told, remedies: remediesOfFailed(refusal, because) }, progress);
  }
}

/** What an earlier look made is part of the record, whatever the last one did. */
function withMade<T>(
  ended: T | Ending,
  { made, managedBy, broughtBack, newer, decision }: Progress,
): T | Ending {
  return {
    ...present("made", made),
    ...present("managedBy", managedBy),
    ...present("broughtBack", broughtBack),
    ...present("decision", decision),
    ...present("newer", newer),
    ...ended,
  };
}

/** An old answer is soon a new one; what fails, or does not answer, may do so for longer. */
function pausesFor({ kind, passing = kind === "failed" }: Ending): number {
  if (!passing) return 0;
  return kind === "superseded" || passing === "soon" ? 1 : PAUSES_SECONDS.length;
}
