/** The plan of a survey: what it would write, what has to be brought into ECR first, and what keeps it from writing. */

import { optional } from "../../ecs/json-fields.ts";
import { planSubstitution } from "../../substitution/plan.ts";
import type { ImagePlan, Plan } from "../../substitution/plan-types.ts";
import type { Policy, Rights } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { reportManualDeployment } from "../gates/report-only.ts";
import { reportTask } from "../gates/report-task.ts";
import { mirrorRequestOf } from "../mirror/request-mirrors.ts";
import { raiseMode } from "../report/remedies-of-refusal.ts";
import type { RemediationResult } from "../report/report.ts";
import type { Survey } from "../survey/types.ts";
import type { State } from "./state.ts";

/** The plan that a survey leads to. */
export function planOf({ images, platforms, limit, task }: Survey, policy: Policy): Plan {
  const again = task && (task.schedule === undefined ? "nothing" : "the next run");
  return planSubstitution(images, { policy, platforms, limit, ...optional("again", again) });
}

/** The images of the plan that have to be brought into ECR. */
export function imagesToMirror({ plan }: State): readonly ImagePlan[] {
  return (plan?.plan.images ?? []).filter((image) => mirrorRequestOf(image) !== undefined);
}

/** Why nothing may be written, whatever the plan says. */
export function writeBlocked(
  surveyed: Survey,
  images: readonly ImagePlan[],
  policy: Policy,
  rights?: Rights,
  waiting: readonly Remedy[] = [],
): RemediationResult | undefined {
  const {
    failingRevision,
    task,
    isDeploying,
    deploymentId,
    mode = policy.mode,
    modeBecause,
    modeRemedies = [raiseMode(rights)],
    executionRole,
  } = surveyed;
  if (mode === "observe") {
    const because = modeBecause ?? "the mode is observe";
    return { kind: "dry-run", because, images, remedies: modeRemedies };
  }
  if (surveyed.manualDeployment !== undefined)
    return reportManualDeployment(surveyed.manualDeployment, failingRevision, images, executionRole);
  if (task !== undefined) return reportTask(task, failingRevision, images, waiting);
  if (!isDeploying || policy.onActiveDeployment !== "report") return undefined;
  const because = `the deployment ${deploymentId} is in progress, and the policy does not let Repull replace it (onActiveDeployment=report)`;
  return {
    kind: "dry-run",
    because,
    images,
    remedies: [{ code: "act-while-deploying", setting: { key: "onActiveDeployment", value: "act" } }],
  };
}

/** How many tasks of a service ran when it was surveyed; a task that no service runs has none to count. */
export function tasksOf({ plan }: State): RemediationResult["tasks"] {
  if (plan === undefined || plan.surveyed.task !== undefined) return undefined;
  const { runningCount, desiredCount } = plan.surveyed;
  return { running: runningCount, desired: desiredCount };
}

/** The survey and plan that the rules after the survey rest on. */
export function planned({ plan }: State): NonNullable<State["plan"]> {
  if (plan === undefined) throw new Error("a rule was asked before the survey");
  return plan;
}
