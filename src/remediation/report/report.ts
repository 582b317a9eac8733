/**
 * The record that every remediation leaves: a line in the log and a figure first, then an event on the bus.
 *
 * The bus is another service, and may refuse. So the outcome is written down before it is published,
 * and a publish that fails ends nothing but itself: the result says that the event did not reach the bus.
 */

import { optional } from "../../ecs/json-fields.ts";
import type { ManagedBy } from "../../ecs/managed-by.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { StepFailed, type Steps } from "../../runtime/steps.ts";
import type { Untrusted } from "../../substitution/candidate.ts";
import type { ImagePlan, NoSubstituteCode } from "../../substitution/plan-types.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { Decision } from "../gates/approval-decision.ts";
import { AwsError, isTransient } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { type Because, formatBecause } from "./ending-reason.ts";
import { formatSummary, type Summarized } from "./format-summary.ts";
import { formatNextSteps, undoCommand } from "./next-steps.ts";
import type { Outcome } from "./outcome.ts";
import { needsNoAttention, OUTCOME_SCHEMA_VERSION, type OutcomeKind, type Reason } from "./outcome-codes.ts";

/** How a remediation ended, before it is put into the record's words. */
export type RemediationResult = {
  readonly kind: OutcomeKind;
  readonly because: Because;
  /** Of a `not-eligible`. */
  readonly reason?: Reason | undefined;
  /** Of a `failed`: what kept it from its end. */
  readonly error?: Outcome["error"];
  /** Of a `no-substitute`: why there is no substitute. */
  readonly code?: NoSubstituteCode | "loop-guard" | "time-over" | "limit-not-reset";
  readonly images?: readonly ImagePlan[];
  readonly substitution?: { readonly previousRevision: string; readonly newRevision: string } | undefined;
  /** The revision that the service was put back on. */
  readonly restored?: string;
  /** A revision that was registered, and that nothing runs. */
  readonly unused?: string;
  /** How it was put back, and what its tags mean there. */
  readonly rollback?: Outcome["rollback"];
  /** Of a service, when it was surveyed. */
  readonly tasks?: Outcome["tasks"];
  readonly remedies?: readonly Remedy[];
  /** In the place of the sentences that the remedies make. */
  readonly nextSteps?: readonly string[];
  /** Who would bring the old image back, and the substitute that a later deploy has undone before. */
  readonly managedBy?: ManagedBy;
  readonly revertedSubstitute?: string;
  /** The plan that waits for approval; and the decision, once it was given. */
  readonly approval?: Outcome["approval"];
  readonly decision?: Decision;
  /** A foreign revision of the family that was registered since, and that the service does not run. */
  readonly skippedNewerRevision?: string;
  /** It may be otherwise in a while: worth looks before it is final; `soon`: one, a minute later. */
  readonly transient?: boolean | "soon";
  /** An interim outcome: the remediation goes on. */
  readonly resumesAt?: string;
};

/** A throttled or silent bus is asked again for so many attempts, with pauses of a minute at most: twenty minutes. */
const PUBLISH_ATTEMPTS = 25;

export type ReportOptions = {
  readonly execution: string;
  /** Gets each outcome before it is published, and again after a crash between the two. */
  readonly onOutcome?: (outcome: Outcome) => void;
};

/**
 * Logs and measures an ending in the step `name`, and publishes it in the step after it.
 * The outcome has `unpublished` where no event was put on the bus. Never fails for what the bus answers.
 */
export async function report(
  name: string,
  end: () => RemediationResult,
  failure: PullFailure | undefined,
  { execution, onOutcome }: ReportOptions,
  ports: Ports,
  steps: Steps,
): Promise<Outcome> {
  const outcome = await steps.step(name, async () => {
    const made = toOutcome(end(), failure, execution);
    ports.log[needsNoAttention(made.outcome) ? "info" : "warn"](`remediation ${made.outcome}`, { ...made });
    onOutcome?.(made);
    return made;
  });
  const unpublished = await publishInStep(`publish ${name}`, outcome, ports, steps);
  return unpublished === undefined ? outcome : { ...outcome, unpublished };
}

type Unpublished = NonNullable<Outcome["unpublished"]>;

async function publishInStep(
  name: string,
  outcome: Outcome,
  { bus, log }: Pick<Ports, "bus" | "log">,
  steps: Steps,
): Promise<Unpublished | undefined> {
  const publish = async (): Promise<Unpublished | { readonly code: "published" }> => {
    try {
      await bus.publish(outcome as unknown as JsonObject);
      return { code: "published" };
    } catch (error) {
      if (!(error instanceof AwsError) || isTransient(error)) throw error;
      log.error("the outcome was not published", { code: error.kind, because: error.message });
      const permission = error.kind === "denied" ? { permission: error.action } : {};
      return { code: error.kind, because: error.message, ...permission };
    }
  };
  try {
    const done = await steps.step(name, publish, { attempts: PUBLISH_ATTEMPTS });
    return done.code === "published" ? undefined : done;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { code: "unavailable", because: error.message };
  }
}

/** Publishes an interim outcome (for example, while waiting for approval). Its step fails without hindering anything. */
export async function publishInterim(
  name: string,
  end: () => Promise<RemediationResult | undefined>,
  failure: PullFailure,
  execution: string,
  ports: Ports,
  steps: Steps,
): Promise<void> {
  const tell = async (): Promise<void> => {
    const result = await end();
    if (result === undefined) return;
    const outcome = toOutcome(result, failure, execution);
    ports.log.warn(`remediation ${outcome.outcome}`, { ...outcome });
    await ports.bus.publish(outcome as unknown as JsonObject);
  };
  try {
    await steps.step(name, tell, { attempts: 6 });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

/** The record of an ending. */
export function toOutcome(
  result: RemediationResult,
  failure: PullFailure | undefined,
  execution: string,
): Outcome {
  const record = toRecord(result, failure, execution);
  const { schemaVersion, outcome, ...members } = record;
  return { schemaVersion, outcome, summary: formatSummary(record), ...members };
}

function toRecord(
  result: RemediationResult,
  failure: PullFailure | undefined,
  execution: string,
): Summarized {
  const { kind, because, reason, images = [], substitution, approval, decision, remedies } = result;
  const classification = failure?.preemptive ? undefined : failure?.failures[0].classification;
  return {
    schemaVersion: OUTCOME_SCHEMA_VERSION,
    outcome: kind,
    because: formatBecause(because),
    ...optional("reason", kind === "no-substitute" ? (result.code ?? "no-proof") : reason),
    ...optional("error", result.error),
    execution,
    ...(classification === undefined
      ? {}
      : {
          failure: {
            kind: classification.kind,
            ...(classification.limitedAs === undefined ? {} : { limitedAs: classification.limitedAs }),
            ...(classification.registry === undefined ? {} : { registry: classification.registry }),
            ...(classification.image === undefined ? {} : { image: classification.image }),
            evidence: [...classification.evidence],
          },
        }),
    ...(failure === undefined ? {} : { workload: workloadOf(failure) }),
    ...optional("tasks", isSeenNow(kind) && substitution === undefined ? result.tasks : undefined),
    ...(substitution === undefined
      ? {}
      : { formerTaskDefinition: substitution.previousRevision, newTaskDefinition: substitution.newRevision }),
    ...optional("restoredTaskDefinition", result.restored),
    ...optional("unusedTaskDefinition", result.unused),
    ...optional("undo", undoCommand(result, failure)),
    ...optional("rollback", result.rollback),
    ...optional("approval", approval),
    ...optional("decision", decision),
    images: images.map(imageOutcome),
    ...optional("resumesAt", result.resumesAt),
    nextSteps: [...formatNextSteps(result)],
    ...optional("remedies", remedies && [...remedies]),
  };
}

/** Hours may be between the survey and an answer, and a change makes other counts: neither says what runs. */
function isSeenNow(kind: OutcomeKind): boolean {
  return [
    "dry-run",
    "no-substitute",
    "not-eligible",
    "quota-exceeded",
    "failed",
    "awaiting-approval",
  ].includes(kind);
}

function workloadOf({ owner, clusterArn }: PullFailure): NonNullable<Outcome["workload"]> {
  return {
    kind: owner.kind,
    cluster: clusterArn,
    name: owner.kind === "service" ? owner.service : owner.family,
  };
}

function imageOutcome({
  image,
  containers,
  failing,
  trusted,
  untrusted,
  vetoedBy,
  notCompared,
  substitute,
  rejected,
  notApplicable = [],
}: ImagePlan): Outcome["images"][number] {
  return {
    image,
    containers: [...containers],
    failing,
    ...optional("trusted", trusted),
    ...optional("untrusted", untrusted && withoutTransient(untrusted)),
    ...optional("vetoedBy", vetoedBy),
    ...optional("notCompared", notCompared),
    ...(substitute === undefined
      ? {}
      : {
          substitute: substitute.writes ?? substitute.candidate.image,
          strategy: substitute.candidate.strategy,
          proof: substitute.proof,
          checks: [...substitute.checks],
        }),
    rejected: rejected.map(({ candidate, code, because, checks }) => ({
      strategy: candidate.strategy,
      place: candidate.source ?? candidate.image,
      code,
      because,
      ...(checks === undefined ? {} : { checks: [...checks] }),
    })),
    notApplicable: notApplicable.map(({ strategy, code, because }) => ({ strategy, code, because })),
  };
}

function withoutTransient({ transient: _, ...told }: Untrusted): Omit<Untrusted, "transient"> {
  return told;
}
