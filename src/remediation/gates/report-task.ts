/** What the operator has to do for a task that the stack's parameters keep Repull from changing. */

import { shortRevision } from "../../ecs/arn.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import { formatRemedy } from "../../substitution/remedies/format-remedy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { sourceChanges } from "../report/next-steps.ts";
import { allowTaskChanges } from "../report/remedies-of-refusal.ts";
import type { RemediationResult } from "../report/report.ts";
import type { TaskFacts } from "../survey/types.ts";

/** The ending where the stack only reports such tasks; undefined where it does more. */
export function reportTask(
  { action, schedule }: TaskFacts,
  former: string,
  images: readonly ImagePlan[],
  waiting: readonly Remedy[] = [],
): RemediationResult | undefined {
  if (action !== "report") return undefined;
  const setting = schedule === undefined ? "StandaloneTasks=report" : "no ScheduleRoleArns";
  const allow = allowTaskChanges(schedule);
  const starter = schedule === undefined ? "a RunTask call" : `the rule or schedule ${schedule}`;
  const copies = images.flatMap(({ substitute }) => substitute?.copy ?? []);
  return {
    kind: "not-eligible",
    reason: "report-only",
    because: `${starter} started the task, and the stack lets Repull only report such tasks (${setting})`,
    images,
    remedies: [allow, ...waiting],
    nextSteps: [
      ...copies.map(({ source, target }) => `repull mirror ${source} ${target}`),
      ...sourceChanges(images),
      schedule === undefined
        ? "then start the task again"
        : `then point ${schedule} at the new revision of ${shortRevision(former)}`,
      formatRemedy(allow),
    ],
  };
}
