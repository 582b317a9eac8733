/**
 * The owner's brake: one word in one place, read immediately before each write.
 *
 * A policy holds for a remediation from its beginning to its end, so that one thing is done by one rule. A brake is for
 * the moment in which somebody wants all of it to stop: it is read anew each time, by what has begun as well. It stops
 * writes to the owner's workloads; reading, reporting, and a copy that is under way go on, for they hurt nobody. Where
 * it cannot be read, nothing is written either: an unreadable brake is no released one.
 */

import { AwsError } from "./aws-error.ts";
import type { Ports } from "./ports.ts";

export interface Brake {
  /** Who pulled it, or why; undefined while it is released. Throws AwsError where it cannot be known. */
  pulled(): Promise<string | undefined>;
}

/** For whoever has none. */
export const NO_BRAKE: Brake = { pulled: async () => undefined };

/** The same ports, whose every write asks the brake first. A write that is stopped is refused for good. */
export function withBrake(ports: Ports, brake: Brake): Ports {
  const stopped = async (action: string): Promise<void> => {
    const because = await brake.pulled();
    if (because !== undefined)
      throw new AwsError(
        "denied",
        action,
        `${action} was not sent: the owner has stopped Repull (${because})`,
      );
  };
  const { ecs, tasks, schedules, executions } = ports;
  return {
    ...ports,
    ecs: {
      ...ecs,
      async registerTaskDefinition(registrable) {
        await stopped("ecs:RegisterTaskDefinition");
        return await ecs.registerTaskDefinition(registrable);
      },
      async updateService(cluster, service, revision) {
        await stopped("ecs:UpdateService");
        return await ecs.updateService(cluster, service, revision);
      },
    },
    tasks: {
      ...tasks,
      async run(request) {
        await stopped("ecs:RunTask");
        return await tasks.run(request);
      },
    },
    schedules: {
      ...schedules,
      async move(target, to) {
        await stopped(target.kind === "rule" ? "events:PutTargets" : "scheduler:UpdateSchedule");
        return await schedules.move(target, to);
      },
    },
    executions: {
      ...executions,
      async start(workflow, name, input) {
        if (workflow === "mirror") await stopped("lambda:InvokeFunction");
        return await executions.start(workflow, name, input);
      },
    },
  };
}
