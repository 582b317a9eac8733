/**
 * What a scan reads of an account: who runs tasks there, and by which addresses they go out. Nothing is written.
 *
 * `aws/account-view.ts` and `sandbox/account-view.ts` implement it. A part that may not be read is an AwsError, and for
 * the scan a gap that it names.
 */

import type { EcsTarget } from "../ecs/schedule/ecs-target.ts";
import type { StandaloneTasks } from "../ecs/task/standalone-tasks.ts";
import type { ServiceInventory } from "../history/active-substitutions.ts";
import type { Networks } from "../remediation/ports/ports.ts";
import type { PullThroughRule } from "../substitution/pull-through-rule.ts";

/** A target of a rule or a schedule that runs tasks. */
export type ScheduledTask = EcsTarget & {
  readonly kind: "rule" | "schedule";
  /** Of the rule or schedule, with its bus or group where that is not the default one. */
  readonly name: string;
  readonly isEnabled: boolean;
  /** `rate(…)`, `cron(…)`, `at(…)`; absent: an event starts it. */
  readonly expression?: string;
};

/** A machine of a cluster: the images of its tasks are pulled by it. */
export type ContainerHost = { readonly subnet?: string; readonly publicAddress?: string };

export interface AccountInventory extends ServiceInventory {
  /** The rules and schedules that run tasks on these clusters. */
  scheduledTasks(clusterArns: readonly string[]): Promise<readonly ScheduledTask[]>;
  standaloneTasks(clusterArn: string): Promise<readonly StandaloneTasks[]>;
  /** Where the routes of these subnets lead: facts for `egressOf`. What may not be read is named in them. */
  egress: Networks["egress"];
  instances: Networks["instances"];
  pullThroughRules(): Promise<readonly PullThroughRule[]>;
  /** The tags of a repository in our ECR; undefined where there is none of that name. */
  imageTags(repository: string): Promise<readonly string[] | undefined>;
}
