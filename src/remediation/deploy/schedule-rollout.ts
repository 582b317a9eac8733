/**
 * The rollout of what a schedule starts: each target that names the failing revision is pointed at the new one, and then
 * the run that failed may be made up for.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { isPinned } from "../../ecs/schedule/scheduled-target.ts";
import { type RepointedTarget, type ScheduledTarget, targetName } from "../ports/schedules.ts";
import type { Rollout } from "./rollout.ts";
import { TASK_ROLLOUT } from "./task-rollout.ts";

export const SCHEDULE_ROLLOUT: Rollout = {
  async start(change, ports) {
    const { target, surveyed, newRevision } = change;
    if (target === undefined) return await TASK_ROLLOUT.start(change, ports);
    const isLeft = whyNotRepointed(target, surveyed.failingRevision) !== undefined;
    return { of: "target", result: isLeft ? "skipped" : await ports.schedules.move(target, newRevision) };
  },
  check: TASK_ROLLOUT.check,
  async undo({ place: { failingRevision: to }, target }, { ecs, schedules }) {
    if (target === undefined) return { kind: "superseded", because: { code: "no-target" } };
    const arn = (await ecs.describeTaskDefinition(to))?.taskDefinition.taskDefinitionArn;
    const moved = await schedules.move(target, typeof arn === "string" ? arn : to);
    if (moved === "changed")
      return { kind: "superseded", because: { code: "target-changed", target: targetName(target) } };
    return { kind: moved === "already" ? "already" : "redeployed", deployments: [], to };
  },
};

/** What becomes of a target that is not written; undefined for one that is. */
export function whyNotRepointed(
  target: ScheduledTarget,
  previousRevision: string,
): RepointedTarget | undefined {
  const { taskDefinition } = target;
  const name = targetName(target);
  if (!isPinned(taskDefinition)) return { name, code: "unpinned" };
  return shortRevision(taskDefinition) === shortRevision(previousRevision)
    ? undefined
    : { name, code: "other-revision", now: taskDefinition };
}
