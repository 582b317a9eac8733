/** Why a write was left out because the service, the target or the revision changed first: a code with its facts, and its sentence. */

import { shortRevision } from "../../ecs/arn.ts";

export type SupersededReason =
  | { readonly code: "service-deleted"; readonly service: string }
  | { readonly code: "revision-deleted"; readonly revision: string }
  /** `revision`: what the service runs in place of the one that was to be replaced. */
  | { readonly code: "other-revision-deployed"; readonly revision: string }
  /** The same revision, by a deployment that was not there before. */
  | { readonly code: "deployed-again"; readonly revision: string; readonly deployment: string }
  /** The revision that was to be replaced can start after all. */
  | { readonly code: "all-tasks-run"; readonly service: string; readonly revision: string }
  | { readonly code: "no-target" }
  | { readonly code: "target-changed"; readonly target: string }
  | { readonly code: "task-runs-once" };

export function formatSuperseded(reason: SupersededReason): string {
  switch (reason.code) {
    case "service-deleted":
      return `the service ${reason.service} was deleted meanwhile`;
    case "revision-deleted":
      return `the task definition ${shortRevision(reason.revision)} is gone`;
    case "other-revision-deployed":
      return `${shortRevision(reason.revision)} was deployed meanwhile`;
    case "deployed-again":
      return `${shortRevision(reason.revision)} was deployed anew meanwhile (${reason.deployment})`;
    case "all-tasks-run":
      return `all tasks of the service ${reason.service} run ${shortRevision(reason.revision)} now`;
    case "no-target":
      return "there is no target to point back";
    case "target-changed":
      return `${reason.target} was changed outside Repull meanwhile`;
    case "task-runs-once":
      return "a task runs once: there is no revision to put back";
  }
}
