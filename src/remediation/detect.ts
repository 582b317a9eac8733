/**
 * Turns one delivered document into one named remediation, or into the reason why not.
 *
 * A hundred tasks of one deployment fail within a minute: they make one name, and a name starts once. What happened
 * before an attempt ended is no news to it; a failure after that is, and starts the next attempt, with growing pauses.
 */

import type { Ignored, PullFailure } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { reduceEvent } from "../ecs-events/reduce.ts";
import type { PullFailureKind } from "../pull-failure/pull-failure.ts";
import type { Json } from "../runtime/json.ts";
import { incurable } from "../substitution/ladder.ts";
import { DEFAULT_POLICY, type Policy } from "../substitution/policy.ts";
import { remediationName } from "./names.ts";
import type { ExecutionStatus, Ports } from "./ports.ts";
import { isForEachTask } from "./survey-task.ts";

/** What became of a document; and which failure it told of, where it told of one. */
export type Detected = (
  | Ignored
  | { readonly kind: "started"; readonly execution: string }
  | { readonly kind: "already"; readonly execution: string; readonly because: string }
) & { readonly failure?: PullFailureKind };

/** With the pauses between them half a day: longer than the longest window of Docker Hub's limit. */
export const ATTEMPTS_MAX = 8;
const PAUSE_MINUTES_FIRST = 5;

/** Minutes after an attempt's end in which nothing starts the next one: 5, 10, 20… */
export function pauseMinutesAfter(attempt: number): number {
  return PAUSE_MINUTES_FIRST * 2 ** (attempt - 1);
}

/**
 * Starts the remediation of a document's failing deployment. Throws InvalidInput for a document that is none.
 * @param policy tells whether tasks of one revision are one matter, or each its own
 */
export async function detect(
  document: unknown,
  ports: Pick<Ports, "home" | "executions">,
  policy: Policy = DEFAULT_POLICY,
): Promise<Detected> {
  const told = readEvent(document, ports.home);
  if (told.kind === "ignored") return told;
  const [{ classification }] = told.failures;
  const failure = classification.kind;
  if (told.failures.every((failed) => incurable(failed.classification) !== undefined))
    return { kind: "ignored", failure, because: `${incurable(classification)}: ${classification.because}` };

  const each = isForEachTask(told, policy);
  const reduced = reduceEvent(document) as Json;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const execution = remediationName(told, attempt, each);
    const started = await ports.executions.start("remediate", execution, reduced);
    if (started === "started") return { kind: "started", failure, execution };
    const status = await ports.executions.status("remediate", execution);
    const closed = whyNoNext(told, attempt, status);
    if (closed !== undefined)
      return { kind: "already", failure, execution, because: `${execution} ${closed}` };
  }
  return {
    kind: "already",
    failure,
    execution: remediationName(told, ATTEMPTS_MAX, each),
    because: `${ATTEMPTS_MAX} attempts were made for this deployment, and it still fails`,
  };
}

/** Why this failure starts no attempt after that one; undefined where it does. */
function whyNoNext(
  { time }: PullFailure,
  attempt: number,
  status: ExecutionStatus | undefined,
): string | undefined {
  // A start that is not listed yet has not ended either.
  if (status === undefined || status.status === "running") return "is running";
  if (status.denied !== undefined) return `stays as it is: ${status.denied}`;
  if (status.endedAt === undefined) return status.status === "succeeded" ? "has succeeded" : undefined;
  const failedAt = Date.parse(time ?? "");
  if (Number.isNaN(failedAt) || failedAt <= status.endedAt)
    return status.status === "succeeded" || !Number.isNaN(failedAt) ? "has looked at it already" : undefined;
  const pause = pauseMinutesAfter(attempt);
  return failedAt < status.endedAt + pause * 60_000
    ? `ended less than ${pause} minutes before: the next failure after that starts another attempt`
    : undefined;
}
