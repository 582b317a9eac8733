/** What the operator has to do for a task that the policy keeps Repull from changing. */

import { shortRevision } from "../../ecs/arn.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import type { Rights } from "../../substitution/policy/policy.ts";
import { formatRemedy } from "../../substitution/remedies/format-remedy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { sourceChanges } from "../report/next-steps.ts";
import { allowTaskChanges } from "../report/remedies-of-refusal.ts";
import type { RemediationResult } from "../report/report.ts";
import type { TaskFacts } from "../survey/types.ts";

/** The ending where the policy says to report such tasks; undefined where it says more. */
export function reportTask(
  { action, schedule }: TaskFacts,
  former: string,
  images: readonly ImagePlan[],
  {
    rights,
    waiting = [],
  }: { readonly rights?: Rights | undefined; readonly waiting?: readonly Remedy[] } = {},
): RemediationResult | undefined {
  if (action !== "report") return undefined;
  const setting = schedule === undefined ? "StandaloneTasks" : "Schedules";
  const allow = allowTaskChanges(schedule, rights);
  const starter = schedule === undefined ? "a RunTask call" : `the rule or schedule ${schedule}`;
  const copies = images.flatMap(({ substitute }) => substitute?.copy ?? []);
  return {
    kind: "not-eligible",
    reason: "report-only",
    because: `${starter} started the task, and the policy lets Repull only report such tasks (${setting}=report)`,
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
