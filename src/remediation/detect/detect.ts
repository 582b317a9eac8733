/**
 * Converts one delivered document into one named remediation, or into the reason why not.
 *
 * A hundred tasks of one deployment fail within a minute: they make one name, and a name starts once. A failure
 * from before an attempt ended starts nothing; a later one starts the next attempt, with growing pauses.
 * An attempt that found nothing to do used nothing up: it does not count, and the pause after it does not grow. Neither
 * does one that the operator kept from writing, once the operator lets Repull write.
 */

import { optional } from "../../ecs/json-fields.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { redactEvent } from "../../ecs-events/redact-event.ts";
import type { PullFailureKind } from "../../pull-failure/types.ts";
import type { Json } from "../../runtime/json.ts";
import { unsupportedReason } from "../../substitution/applicable-limits.ts";
import { DEFAULT_POLICY, type Policy } from "../../substitution/policy/policy-in-force.ts";
import type { KillSwitch } from "../gates/kill-switch.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { ExecutionStatus, Ports } from "../ports/ports.ts";
import { isPerTask } from "../survey/standalone-task.ts";
import { remediationName } from "./execution-names.ts";
import { isLifted } from "./is-lifted.ts";

/** The result for one document, and the kind of failure in it, where it has one. */
export type DetectResult = (
  | Ignored
  | { readonly kind: "started"; readonly execution: string }
  | {
      readonly kind: "duplicate";
      readonly execution: string;
      readonly because: string;
      /** What became of that attempt cannot be read, and so nothing new is started. */
      readonly code?: "result-unreadable";
      /** The right that would let it be read. */
      readonly permission?: string;
    }
) & {
  readonly failure?: PullFailureKind;
};

export type DetectPorts = Pick<Ports, "location" | "executions" | "clock"> & {
  /** Asked only where it stopped an earlier attempt. Absent: that attempt counts. */
  readonly killSwitch?: Pick<KillSwitch, "activeReason">;
};

/** With the pauses between them half a day: longer than the longest window of Docker Hub's limit. */
export const ATTEMPTS_MAX = 8;
const BACKOFF_MINUTES_FIRST = 5;
/** Names looked up for one deployment, those that found nothing to do among them: bounded calls for each event. */
export const NAMES_MAX = 32;
const HOUR_MS = 3_600_000;

/**
 * The attempts' numbers: so many for a deployment and then one for each hour. A deployment that lives for weeks may use
 * up its names by failures that were none, and a real one must still be looked at within the hour.
 */
function numbersAt(failedAt: number): readonly number[] {
  const first = Array.from({ length: NAMES_MAX }, (_, index) => index + 1);
  return [...first, NAMES_MAX + Math.floor(failedAt / HOUR_MS)];
}

/** Minutes after an attempt's end in which nothing starts the next one: 5, 10, 20… */
export function backoffMinutes(attempt: number): number {
  return BACKOFF_MINUTES_FIRST * 2 ** (attempt - 1);
}

/**
 * Starts the remediation of a document's failing deployment. Throws InvalidInput for a document that is not an event.
 * @param policy says whether tasks of one revision are one matter, or each its own
 */
export async function detect(
  document: unknown,
  ports: DetectPorts,
  policy: Policy = DEFAULT_POLICY,
): Promise<DetectResult> {
  const told = readEvent(document, ports.location);
  if (told.kind === "ignored") return told;
  const [{ classification }] = told.failures;
  const failure = classification.kind;
  if (told.failures.every((failed) => unsupportedReason(failed.classification) !== undefined))
    return {
      kind: "ignored",
      failure,
      because: `${unsupportedReason(classification)}. ${classification.because}`,
    };

  const each = isPerTask(told, policy);
  const reduced = redactEvent(document) as Json;
  const functionName = ports.executions.functionName("remediate");
  const failedAt = failureTime(told, ports.clock.now());
  let attempts = 0;
  let execution = "";
  for (const n of numbersAt(failedAt)) {
    if (attempts === ATTEMPTS_MAX) break;
    execution = remediationName(functionName, told, n, each);
    const started = await ports.executions.start("remediate", execution, reduced);
    if (started === "started") return { kind: "started", failure, execution };
    const status = await ports.executions.status("remediate", execution);
    const triedNothing =
      status?.ignored === true ||
      (await isLifted(status?.heldBackBy, policy, ports.killSwitch, ports.clock.now()));
    if (!triedNothing) attempts += 1;
    const closed = reasonNotToRetry(failedAt, triedNothing ? 1 : attempts, status);
    if (closed !== undefined) {
      const { words, ...more } = closed;
      return { kind: "duplicate", failure, execution, because: `${execution} ${words}`, ...more };
    }
  }
  return {
    kind: "duplicate",
    failure,
    execution,
    because:
      attempts === ATTEMPTS_MAX
        ? `${ATTEMPTS_MAX} attempts were made for this deployment, and it still fails`
        : `this deployment was checked ${NAMES_MAX} times, the last time within this hour, and there was nothing to do`,
  };
}

/**
 * When the task failed, in milliseconds since the epoch. The sender writes the time, so it cannot be trusted to pass a
 * pause: a time to come, and one that cannot be read, count as now. A very old one stays what it is: every attempt that
 * has ended is newer, so it opens no further one, and the first looks at ECS as it is today.
 */
function failureTime({ time }: PullFailure, now: number): number {
  const told = Date.parse(time ?? "");
  return Number.isNaN(told) ? now : Math.min(told, now);
}

type Closed = {
  readonly words: string;
  readonly code?: "result-unreadable";
  readonly permission?: string;
};

/** Why this failure starts no attempt after that one; undefined where it does. Throws AwsError where that will soon be known. */
function reasonNotToRetry(
  failedAt: number,
  attempt: number,
  status: ExecutionStatus | undefined,
): Closed | undefined {
  // A start that is not listed yet has not ended either.
  if (status === undefined || status.status === "running") return { words: "is running" };
  if (status.denied !== undefined) return { words: `stays as it is: ${status.denied}` };
  if (status.endedAt !== undefined && failedAt <= status.endedAt) return { words: "has checked it already" };
  // It may have been denied: a person is not asked a second time because a result could not be read.
  if (status.status === "unknown") return unreadable(status);
  if (status.endedAt === undefined)
    return status.status === "succeeded" ? { words: "has succeeded" } : undefined;
  const pause = backoffMinutes(attempt);
  return failedAt < status.endedAt + pause * 60_000
    ? { words: `ended less than ${pause} minutes before: the next failure after that starts another attempt` }
    : undefined;
}

function unreadable({ because = "no reason given", permission, transient }: ExecutionStatus): Closed {
  const words = `has ended, and its result cannot be read: ${because}`;
  if (transient) throw new AwsError("unavailable", "lambda:GetDurableExecution", words);
  return { words, code: "result-unreadable", ...optional("permission", permission) };
}
