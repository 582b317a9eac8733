/** Why a remediation ended, as a code with its facts; the one place that makes its sentence, for the outcome and the command line. */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { formatMoment } from "../../text/format-moment.ts";
import { formatQuota, formatQuotaExceeded, formatUsed } from "../gates/quotas.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";
import type { RepointedTarget } from "../ports/schedules.ts";
import type { RestoredImage } from "./outcome.ts";
import { formatSuperseded, type SupersededReason } from "./superseded-reason.ts";

/** What became of the task that failed. */
export type TaskRun =
  | { readonly code: "only-registered" | "not-repeated" | "left-alone" }
  | { readonly code: "not-started"; readonly because: string }
  | { readonly code: "ended"; readonly arn: string; readonly because: string }
  | { readonly code: "too-slow"; readonly arn: string; readonly minutes: number };

type TaskReason = {
  readonly code: "task";
  readonly previousRevision: string;
  readonly newRevision: string;
  readonly targets: readonly RepointedTarget[];
  readonly run: TaskRun;
};

type RollbackReason = {
  readonly code: "rolled-back";
  /** Why our revision was given up. */
  readonly because: string;
  readonly to: string;
  readonly previousRevision: string;
  readonly byEcs: boolean;
  readonly images: readonly RestoredImage[];
  readonly afterwards?: Because | undefined;
  /** What is gone back to names the images of the previous revision by the digests that ran. */
  readonly isByDigest?: true;
};

/** Our write replaced another caller's deployment, and what became of that one. */
type OverwriteReason = {
  readonly code: "overwrote";
  readonly revision: string;
  readonly then: "deployed-again" | "unseen" | { readonly replacedBy: string };
};

export type EndingReason =
  | { readonly code: "time-over"; readonly hours: number }
  /** `hours`: of waiting in vain; absent: it still waits. */
  | { readonly code: "quota-reached"; readonly held: QuotaExceeded; readonly hours?: number }
  /** `unread`: why it cannot be read; `opensAt`: in milliseconds since the epoch. */
  | {
      readonly code: "calendar-closed";
      readonly calendars: readonly string[];
      readonly opensAt?: number | undefined;
      readonly unread?: string | undefined;
    }
  | { readonly code: "limit-reached"; readonly because: string }
  | { readonly code: "limit-not-reset"; readonly because: string; readonly seconds: number }
  | { readonly code: "not-watched"; readonly previousRevision: string; readonly newRevision: string }
  | { readonly code: "still-in-progress"; readonly because: string; readonly seconds: number }
  | { readonly code: "copy-lost" }
  | { readonly code: "copy-rejected"; readonly image: string; readonly because: string }
  | { readonly code: "writes-stopped"; readonly parameter?: string; readonly because: string }
  | { readonly code: "other-deployment"; readonly deployment: string | undefined }
  | { readonly code: "asked-in-vain"; readonly times: number }
  | { readonly code: "asks"; readonly command: string; readonly again: AskedAgain | undefined }
  | { readonly code: "denied"; readonly by: string | undefined; readonly because: string | undefined }
  | { readonly code: "no-answer"; readonly hours: number }
  | OverwriteReason
  | SupersededReason
  | RollbackReason
  | TaskReason;

/** Why a plan is asked about once more. */
export type AskedAgain = "unreadable-answer" | "other-plan";

/** A reason of ours, or the words of what refused or failed: of ECS, AWS, a registry. */
export type Because = EndingReason | string;

export function formatBecause(because: Because): string {
  return typeof because === "string" ? because : formatEnding(because);
}

function formatEnding(reason: EndingReason): string {
  switch (reason.code) {
    case "time-over":
      return `${reason.hours} hours have passed, and no substitute could be deployed in them: the remediation waits no longer`;
    case "quota-reached":
      return formatQuotaReached(reason);
    case "calendar-closed":
      return formatClosed(reason);
    case "limit-reached":
      return `${reason.because}. Only Docker Hub has it, and its limit is reached for Repull too`;
    case "limit-not-reset":
      return `${reason.because}; Repull waited ${formatWait(reason.seconds)}, and Docker Hub still grants no pulls`;
    case "not-watched":
      return `ECS accepted ${shortRevision(reason.newRevision)} in place of ${shortRevision(reason.previousRevision)}, and the rollout was not watched`;
    case "still-in-progress":
      return `after ${formatWait(reason.seconds)} ${reason.because}, and ECS may still complete the deployment`;
    case "overwrote":
      return formatOverwritten(reason);
    case "copy-lost":
      return "the copy was made, and is no longer in ECR";
    case "copy-rejected":
      return `${reason.image}: ${reason.because}`;
    case "writes-stopped":
      return `nothing was written, because the kill switch${reason.parameter === undefined ? "" : ` ${reason.parameter}`} stops every write (${reason.because})`;
    case "other-deployment":
      return `the deployment ${reason.deployment ?? ""} is still under way, and was left alone`;
    case "asked-in-vain":
      return `approval was requested ${reason.times} times, and each time the plan had changed by then or the answer could not be read`;
    case "asks":
      return `${formatAgain(reason.again)}the plan needs an approval: ${reason.command}`;
    case "denied":
      return `${reason.by ?? "the operator"} denied the plan${reason.because === undefined ? "" : `: ${reason.because}`}`;
    case "no-answer":
      return `no answer came within ${reason.hours === 1 ? "an hour" : `${reason.hours} hours`}`;
    case "rolled-back":
      return formatRollback(reason);
    case "service-deleted":
    case "revision-deleted":
    case "other-revision-deployed":
    case "deployed-again":
    case "all-tasks-run":
    case "no-target":
    case "target-changed":
    case "task-runs-once":
      return formatSuperseded(reason);
    case "task":
      return formatTask(reason);
  }
}

/** `16 minutes`, `6 hours`. */
function formatWait(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

function formatQuotaReached({ held, hours }: Extract<EndingReason, { code: "quota-reached" }>): string {
  // Until when it is reached, the verdict says: the remediation goes on then.
  if (hours === undefined)
    return `${formatQuota(held)}. ${formatUsed(held) ?? "Every remediation that it stops resumes by itself"}`;
  return `${formatQuotaExceeded(held)}; nothing was written in ${hours} hours of waiting`;
}

function formatClosed({
  calendars,
  opensAt,
  unread,
}: Extract<EndingReason, { code: "calendar-closed" }>): string {
  const names = calendars.join(" and ");
  if (unread !== undefined)
    return `the Change Calendar (${names}) cannot be read, and so counts as closed: ${unread}`;
  const until = opensAt === undefined ? "" : ` until ${formatMoment(opensAt)}`;
  return `the Change Calendar (${names}) is closed${until}`;
}

function formatOverwritten({ revision, then }: OverwriteReason): string {
  const first = formatOverwrite(revision);
  if (then === "deployed-again") return `${first}; Repull deployed it again`;
  if (then === "unseen")
    return `${first}; ECS does not show which revision runs now: deploy ${shortRevision(revision)} if it is another one`;
  const { replacedBy } = then;
  return `${first}, and ${shortRevision(replacedBy)} has replaced it: deploy ${shortRevision(revision)} again`;
}

/** What is said about such a deployment before its end is known. */
export function formatOverwrite(revision: string): string {
  return `${shortRevision(revision)} was deployed by another caller at the same moment as Repull's change`;
}

function formatAgain(again: AskedAgain | undefined): string {
  if (again === undefined) return "";
  return again === "other-plan"
    ? "the plan is no longer the one that was approved; "
    : "the last answer could not be read; ";
}

function formatRollback({
  because,
  to,
  previousRevision,
  byEcs,
  images,
  afterwards,
  isByDigest,
}: RollbackReason): string {
  const after = afterwards === undefined ? "" : `; after that, ${formatBecause(afterwards)}`;
  if (isByDigest)
    return `${because}; the service runs ${shortRevision(to)} now, which is ${shortRevision(previousRevision)} with the images that ran before by their digests${after}`;
  return `${because}; the service runs ${formatBackOn(to, previousRevision)} again${formatResolved(byEcs, images)}${after}`;
}

/** What runs after a rollback, by its own name: a copy where the former revision is INACTIVE. */
export function formatBackOn(to: string, former: string): string {
  return sameRevision(to, former)
    ? shortRevision(former)
    : `${shortRevision(to)}, a copy of ${shortRevision(former)}, which is INACTIVE`;
}

function formatResolved(byEcs: boolean, images: readonly RestoredImage[]): string {
  if (byEcs) return " (ECS itself went back)";
  if (images.length === 0) return "";
  const each = images.map(({ image, digest }) =>
    digest === undefined ? `resolves ${image} again` : `resolved ${image} to ${digest}`,
  );
  return ` (ECS ${each.join(" and ")})`;
}

function formatTask({ previousRevision, newRevision, targets, run }: TaskReason): string {
  const [former, ours] = [shortRevision(previousRevision), shortRevision(newRevision)];
  const moved = targets.map((target) => formatTarget(target, former, ours));
  if (run.code === "left-alone") return [...moved, `${ours} was registered, and nothing runs it`].join("; ");
  // A target that was moved names both revisions.
  const isTold = targets.some(({ code }) => code === "moved");
  const registered = isTold ? [] : [`${ours} was registered in place of ${former}`];
  return [...registered, ...moved, formatRun(run)].join("; ");
}

function formatTarget(target: RepointedTarget, former: string, ours: string): string {
  switch (target.code) {
    case "moved":
      return `${target.name} was moved from ${former} to ${ours}`;
    case "changed":
      return `${target.name} was changed meanwhile, and was left as it is`;
    case "unpinned":
      return `${target.name} names no revision, so its next run uses the newest one`;
    case "other-revision":
      return `${target.name} runs ${shortRevision(target.now)} by now, and was not changed`;
  }
}

function formatRun(run: TaskRun): string {
  switch (run.code) {
    case "left-alone":
      return "";
    case "only-registered":
      return "the task was not run again (StandaloneTasks=register)";
    case "not-repeated":
      return "the run that failed was not repeated (StandaloneTasks=run repeats it)";
    case "not-started":
      return `the task was not run again: ${run.because}`;
    case "ended":
      return `${formatRerun(run.arn)} ${run.because}`;
    case "too-slow":
      return `${formatRerun(run.arn)} and has not started in ${run.minutes} minutes`;
  }
}

function formatRerun(arn: string): string {
  return `the task was run again (${arn.slice(arn.lastIndexOf("/") + 1)})`;
}
