/** What to do after an outcome: the command that takes the change back, and the steps that only people can take. */

import { shortRevision } from "../../ecs/arn.ts";
import { type ManagedBy, sourceChange } from "../../ecs/managed-by.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import { formatRemedy } from "../../substitution/remedies/format-remedy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { Because } from "./ending-reason.ts";
import { clusterNameOf } from "./format-summary.ts";
import type { OutcomeKind } from "./outcome.ts";

/** What the steps depend on, of how a remediation ended. */
type Ending = {
  readonly kind: OutcomeKind;
  readonly because?: Because;
  readonly images?: readonly ImagePlan[];
  readonly substitution?: { readonly previousRevision: string; readonly newRevision: string } | undefined;
  readonly managedBy?: ManagedBy;
  readonly revertedSubstitute?: string;
  readonly skippedNewerRevision?: string;
  readonly remedies?: readonly Remedy[];
  readonly nextSteps?: readonly string[];
};

const CAN_BE_UNDONE: readonly OutcomeKind[] = ["succeeded", "redeployed", "rollout-timed-out"];

export function undoCommand(
  { kind, substitution, because }: Ending,
  failure: PullFailure | undefined,
): readonly string[] | undefined {
  const { owner, clusterArn = "" } = failure ?? {};
  if (substitution === undefined || !CAN_BE_UNDONE.includes(kind)) return undefined;
  if (owner?.kind === "service") return undoOfService(owner.service, clusterArn);
  return owner?.kind === "scheduled" && isMoved(because)
    ? ["repull", "undo", owner.family, "--cluster", clusterNameOf(clusterArn)]
    : undefined;
}

export function undoOfService(service: string, clusterArn: string): readonly string[] {
  return ["repull", "undo", service, "--cluster", clusterNameOf(clusterArn)];
}

/** Of what no service runs, the target of a rule or a schedule can be moved back; a task that ran cannot. */
function isMoved(because: Because | undefined): boolean {
  return (
    typeof because === "object" &&
    because.code === "task" &&
    because.targets.some(({ code }) => code === "moved")
  );
}

/** In sentences: notices first, then what the remedies say, or what the outcome asks for. */
export function formatNextSteps(result: Ending): readonly string[] {
  return [
    ...revertedNotice(result),
    ...newerRevisionNotice(result),
    ...(result.nextSteps ?? result.remedies?.map(formatRemedy) ?? nextStepsFor(result)),
  ];
}

/** Healed again and again, the source would never be looked at. */
function revertedNotice({ revertedSubstitute }: Ending): readonly string[] {
  return revertedSubstitute === undefined
    ? []
    : [
        `a later deployment brought the old image back after Repull had replaced it with ${revertedSubstitute}: change the source; otherwise every deployment brings it back`,
      ];
}

/** A deployment that names the family alone gets its newest revision, and that is ours now, made from an older one. */
function newerRevisionNotice({ kind, substitution, skippedNewerRevision }: Ending): readonly string[] {
  if (substitution === undefined || skippedNewerRevision === undefined || kind === "superseded") return [];
  const [ours, former] = [
    shortRevision(substitution.newRevision),
    shortRevision(substitution.previousRevision),
  ];
  return [
    `${ours} is now the latest revision of its family. It is based on ${former} and does not contain ${skippedNewerRevision}. If you deploy by family name, name ${skippedNewerRevision} or register it again`,
  ];
}

function nextStepsFor({ kind, images = [], substitution, managedBy }: Ending): readonly string[] {
  switch (kind) {
    case "succeeded":
    case "redeployed":
      return sourceChanges(images, managedBy);
    case "rolled-back":
      return [
        `find out why ${substitution === undefined ? "the substitute" : shortRevision(substitution.newRevision)} failed: read its stopped tasks and their logs in ECS`,
      ];
    case "rollout-timed-out":
      return [
        "see in ECS what the deployment waits for: the service's events, free capacity, health checks, minimumHealthyPercent and maximumPercent; Repull changes nothing more",
      ];
    case "denied":
      return ["Repull does not ask again for this deployment; it asks for the next one that fails"];
    case "approval-expired":
      return [
        "wait for the next failing task, which asks again; approval.hours in the policy sets how long a plan waits",
      ];
    case "failed":
      return [
        "read the execution's history in the Lambda console; the next failing task starts another attempt",
      ];
    default:
      return [];
  }
}

/** Of a task that Repull does not run again. */
export function startAgainSteps(revision: string, images: readonly ImagePlan[]): readonly string[] {
  return [`start the task again, on ${shortRevision(revision)}`, ...sourceChanges(images)];
}

/** What to change where the task definition is written. */
export function sourceChanges(images: readonly ImagePlan[], managedBy?: ManagedBy): readonly string[] {
  return images.flatMap(({ image: inRevision, containers, substitute, ordered }) => {
    const image = ordered?.writtenAs ?? inRevision;
    if (substitute?.writes === undefined) return [];
    if (substitute.candidate.strategy === "authenticated-pull")
      return [
        `in the source of the task definition, add repositoryCredentials to the container that runs ${image}`,
      ];
    return [sourceChange(managedBy, { image, containers, substitute: substitute.writes })];
  });
}
