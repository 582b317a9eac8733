/**
 * What ECS's own story of our deployment says: who put an end to it, or what it waits for.
 *
 * Alarms and hooks are the service's own checks of a deployment. When one of them has failed it, nothing is tried against
 * it: the verdict is passed on with its reason, and the operator makes the next deployment.
 */

import { shortRevision } from "../../ecs/arn.ts";
import type { ServiceDeployment } from "../../ecs/service/service-deployment.ts";
import type { RolloutStatus } from "./rollout.ts";

/** The verdict where the story has one; undefined where the tasks decide. `isOurs`: ECS still brings our revision. */
export function serviceDeploymentVerdict(
  serviceDeployment: ServiceDeployment,
  { ours, isOurs }: { readonly ours: string; readonly isOurs: boolean },
): RolloutStatus | undefined {
  const name = shortRevision(ours);
  const why = whyOf(serviceDeployment);
  switch (serviceDeployment.status) {
    case "ROLLBACK_REQUESTED":
    case "ROLLBACK_IN_PROGRESS":
    case "ROLLBACK_SUCCESSFUL":
      return {
        kind: "rolled-back",
        because: `ECS rolled back ${name}${why}`,
        nextSteps: lookAt(serviceDeployment, name),
      };
    case "ROLLBACK_FAILED":
      return {
        kind: "stopped",
        because: `ECS tried to roll back ${name}, and failed${why}`,
        nextSteps: ["check the service's deployment in ECS now: its tasks may run two revisions"],
      };
    case "STOP_REQUESTED":
    case "STOPPED":
      // Another deployment has taken its place: who began that one is judged by the service.
      if (!isOurs) return undefined;
      return {
        kind: "stopped",
        because: `ECS stopped the deployment of ${name} without a rollback${why}`,
        nextSteps: [
          ...lookAt(serviceDeployment, name),
          "then deploy again, or take the change back: repull history names the execution, repull undo EXECUTION undoes it",
        ],
      };
    default:
      return undefined;
  }
}

/** How far it is, for a person who waits. */
export function formatStage({ stage, hooks }: ServiceDeployment): string {
  if (stage === undefined) return "";
  const waiting = hooks.some(({ status }) => status === "AWAITING_ACTION");
  const running = hooks.flatMap((hook) => (hook.status === "IN_PROGRESS" ? (hook.function ?? []) : []));
  if (waiting) return `; ECS is at ${stage}, and a pause hook waits until the deployment is continued`;
  return `; ECS is at ${stage}${running.length === 0 ? "" : `, and waits for the hook ${running.join(", ")}`}`;
}

function whyOf({ because, firedAlarms, stage }: ServiceDeployment): string {
  const alarms = firedAlarms.length === 0 ? "" : `the alarm ${firedAlarms.join(", ")} fired`;
  const where = stage === undefined ? "" : ` at ${stage}`;
  const words = [alarms, because ?? ""].filter((text) => text !== "").join(": ");
  return words === "" ? where : `${where}: ${words}`;
}

function lookAt({ firedAlarms, hooks }: ServiceDeployment, name: string): readonly string[] {
  const refused = hooks.filter(({ status }) => status === "FAILED" || status === "TIMED_OUT");
  const functions = refused.flatMap((hook) => hook.function ?? []);
  const steps = [
    ...firedAlarms.map((alarm) => `find out why the alarm ${alarm} fired`),
    ...functions.map((hook) => `find out why the hook ${hook} failed: its log is in CloudWatch`),
    ...(refused.length > functions.length
      ? ["continue the next deployment within the time of its pause hook"]
      : []),
  ];
  return steps.length > 0
    ? steps
    : [`find out why ${name} was rolled back: read its stopped tasks and their logs in ECS`];
}
