/**
 * What a scan reads of an account: who runs tasks there, and by which addresses they go out. Nothing is written.
 *
 * `aws/account-view.ts` and `sandbox/account-view.ts` implement it. A part that may not be read is an AwsError, and for
 * the scan a gap that it names.
 */

import type { PullThroughRule } from "../substitution/pull-through-rule.ts";
import type { EcsTarget } from "../workload/ecs-target.ts";
import type { LooseTasks } from "../workload/loose-tasks.ts";
import type { Inventory } from "./in-effect.ts";

/** A target of a rule or a schedule that runs tasks. */
export type ScheduledRun = EcsTarget & {
  readonly kind: "rule" | "schedule";
  /** Of the rule or schedule, with its bus or group where that is not the default one. */
  readonly name: string;
  readonly isEnabled: boolean;
  /** `rate(…)`, `cron(…)`, `at(…)`; absent: an event starts it. */
  readonly expression?: string;
};

/** By which address what stands in a subnet reaches the internet. */
export type WayOut =
  /** One address, or a few, for everything behind it. */
  | { readonly kind: "nat"; readonly id: string; readonly addresses: readonly string[] }
  /** Whoever has a public address goes out by it. */
  | { readonly kind: "internet-gateway" }
  /** A transit gateway, an appliance: its address is not seen from here. */
  | { readonly kind: "other"; readonly id: string }
  | { readonly kind: "none" };

/** A machine of a cluster: the images of its tasks are pulled by it. */
export type Host = { readonly subnet?: string; readonly publicAddress?: string };

export interface AccountView extends Inventory {
  /** The rules and schedules that run tasks on these clusters. */
  scheduledRuns(clusterArns: readonly string[]): Promise<readonly ScheduledRun[]>;
  looseTasks(clusterArn: string): Promise<readonly LooseTasks[]>;
  /** Of each subnet that is known. */
  waysOut(subnets: readonly string[]): Promise<ReadonlyMap<string, WayOut>>;
  hosts(clusterArn: string): Promise<readonly Host[]>;
  pullThroughRules(): Promise<readonly PullThroughRule[]>;
  /** The tags of a repository in our ECR; undefined where there is none of that name. */
  tagsIn(repository: string): Promise<readonly string[] | undefined>;
}
