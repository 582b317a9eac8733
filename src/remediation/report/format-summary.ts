/**
 * An outcome in one or two sentences: the verdict first, then the workload, then why, then what runs.
 *
 * It is made once, of the record's own members. The event, the log, the notification and the command line show the same.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { repositoryOf } from "../../image/reference.ts";
import { abbreviate } from "../../substitution/explain-plan.ts";
import { formatMoment } from "../../text/format-moment.ts";
import type { Outcome } from "./outcome.ts";

/** What the summary is made of. */
export type Summarized = Omit<Outcome, "summary">;

export function formatSummary(outcome: Summarized): string {
  return abbreviate(
    [`${formatVerdict(outcome)}: ${formatReason(outcome).replace(/\.$/, "")}.`, ...formatState(outcome)].join(
      " ",
    ),
  );
}

/** The first words: whether it is done, and whether anything was written. Never "done" for what was only begun. */
function formatVerdict({ outcome, resumesAt, approval, remedies = [] }: Summarized): string {
  switch (outcome) {
    case "succeeded":
      return "Succeeded";
    case "redeployed":
      return "Changed, not confirmed";
    case "ignored":
      return "Nothing to do";
    case "superseded":
      return "Left to another deployment";
    case "dry-run":
      return "Dry run, nothing was written";
    case "denied":
      return "Denied, nothing was written";
    case "awaiting-approval":
      return `Waiting for approval until ${formatMoment(approval?.expiresAt ?? "it is answered")}, nothing is written yet`;
    case "approval-expired":
      return "Not approved in time, nothing was written";
    case "no-substitute":
      return resumesAt === undefined
        ? "Blocked"
        : `Waiting for Docker Hub until ${formatMoment(resumesAt)} at the latest`;
    case "not-eligible":
      return "Not changed";
    case "quota-exceeded":
      return resumesAt === undefined
        ? "Stopped by a quota"
        : `Waiting for a quota until ${formatMoment(resumesAt)} at the latest`;
    case "rolled-back":
      return "Rolled back";
    case "rollout-timed-out":
      return "Not confirmed";
    case "failed":
      return remedies.some(({ code }) => code === "allow-writes") ? "Writes are paused" : "Failed";
  }
}

function formatReason({ workload, because }: Summarized): string {
  if (workload === undefined) return because;
  // The workload is named once, with its cluster.
  const reason = because.replaceAll(`the service ${workload.name} `, "the service ");
  return `${formatWorkload(workload)}: ${reason}`;
}

/** `service prod/web`. */
function formatWorkload({ kind, cluster, name }: NonNullable<Outcome["workload"]>): string {
  const noun = {
    service: "service",
    standalone: "standalone task",
    scheduled: "scheduled task",
    pod: "pods of",
  }[kind];
  return `${noun} ${clusterNameOf(cluster)}/${name}`;
}

export function clusterNameOf(cluster: string): string {
  return cluster.slice(cluster.lastIndexOf("/") + 1);
}

/** What the workload is left with. */
function formatState(outcome: Summarized): readonly string[] {
  const { images, failure, unusedTaskDefinition: unused } = outcome;
  const failing = images.filter((image) => image.failing).map(({ image }) => image);
  const names = failing.length > 0 ? failing : [failure?.image].filter((name) => name !== undefined);
  const left =
    unused === undefined ? [] : [`${shortRevision(unused)} was registered, and no service runs it.`];
  const unhealed = failure === undefined || names.length === 0 ? [] : names;
  const replaced = images.flatMap(({ image, substitute }) =>
    substitute === undefined ? [] : `${repositoryOf(substitute)} in place of ${image}`,
  );
  switch (outcome.outcome) {
    case "succeeded":
    case "redeployed": {
      const revision = outcome.newTaskDefinition;
      if (replaced.length === 0 || revision === undefined) return [];
      return [`${shortRevision(revision)} uses ${replaced.join(" and ")}.`];
    }
    case "rolled-back":
      return unhealed.length === 0
        ? []
        : [`New tasks pull ${unhealed.join(" and ")} again, and can fail again.`];
    case "ignored":
    case "superseded":
    case "rollout-timed-out":
      return left;
    default:
      return [
        ...left,
        ...(isOnlyPlanned(outcome.outcome) && replaced.length > 0
          ? [`The plan: ${replaced.join(" and ")}.`]
          : []),
        ...formatUnhealed(unhealed, outcome),
      ];
  }
}

/** Whether the service is down, or only cannot start another task, is what is asked first at night. */
function formatUnhealed(images: readonly string[], { tasks }: Summarized): readonly string[] {
  if (images.length === 0) return [];
  const still = `still cannot pull ${images.join(" and ")}.`;
  if (tasks === undefined) return [`New tasks ${still}`];
  return [`${tasks.running} of ${tasks.desired} tasks run; new ones ${still}`];
}

/** What would be done is said where it was not, because a setting or an answer is missing. */
function isOnlyPlanned(outcome: Outcome["outcome"]): boolean {
  return outcome === "dry-run" || outcome === "awaiting-approval";
}
