/** What runs tasks by the clock or by an event: EventBridge rules, and the schedules of EventBridge Scheduler. */

/** One target that runs a task definition of the family in question. */
export type ScheduledTarget = {
  /** As it is written: with a revision, or without. */
  readonly taskDefinition: string;
} & (
  | { readonly kind: "rule"; readonly bus: string; readonly rule: string; readonly targetId: string }
  | { readonly kind: "schedule"; readonly group: string; readonly name: string }
);

export interface Schedules {
  /**
   * The targets on a cluster that run a family and whose rule or schedule may have signed a task so.
   * @param schedule the name in `startedBy`, which is cut at 36 characters
   */
  targetsOf(query: {
    readonly clusterArn: string;
    readonly family: string;
    readonly schedule: string;
  }): Promise<readonly ScheduledTarget[]>;
  /** The tags of a target's rule; of a schedule, those of its group, because schedules have none. */
  tagsOf(target: ScheduledTarget, clusterArn: string): Promise<Readonly<Record<string, string>>>;
  /**
   * Points a target at a revision, all else kept. Looks at it once more before: `changed` where it no longer says what
   * it said, `already` where it says `to`.
   */
  move(target: ScheduledTarget, to: string): Promise<"moved" | "already" | "changed">;
}

/** What became of a target of a schedule; `now` is the revision that it runs. */
export type RepointedTarget = { readonly name: string } & (
  | { readonly code: "moved" | "changed" | "unpinned" }
  | { readonly code: "other-revision"; readonly now: string }
);

/** `the rule nightly`: how people name it. */
export function targetName(target: ScheduledTarget): string {
  if (target.kind === "rule")
    return target.bus === "default"
      ? `the rule ${target.rule}`
      : `the rule ${target.rule} of the bus ${target.bus}`;
  return target.group === "default"
    ? `the schedule ${target.name}`
    : `the schedule ${target.group}/${target.name}`;
}
