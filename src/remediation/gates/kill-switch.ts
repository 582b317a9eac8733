/**
 * The kill switch: one word in one place, read immediately before each write.
 *
 * A policy holds for a remediation from its beginning to its end, so that one thing is done by one rule. A kill switch is for
 * the moment in which an operator wants everything to stop: it is read anew each time, also by what has begun. It stops
 * writes to workloads; reading, reporting, and a copy that is under way go on, because they harm no workload. Where
 * it cannot be read, nothing is written either: an unreadable kill switch does not allow writes.
 */

import { type KillSwitch, Stopped } from "../ports/kill-switch.ts";
import type { Ports } from "../ports/ports.ts";

export type { KillSwitch };

/** For callers without one. */
export const NO_KILL_SWITCH: KillSwitch = { activeReason: async () => undefined };

/** The same ports, whose every write asks the kill switch first. A write that is stopped is refused for good. */
export function withKillSwitch(ports: Ports, killSwitch: KillSwitch): Ports {
  const { tasks, executions } = ports;
  return {
    ...withKillSwitchOnDeployments(ports, killSwitch),
    killSwitch,
    tasks: {
      ...tasks,
      async run(request) {
        await refuseIfActive(killSwitch, "ecs:RunTask");
        return await tasks.run(request);
      },
    },
    executions: {
      ...executions,
      async start(workflow, name, input) {
        if (workflow === "mirror") await refuseIfActive(killSwitch, "lambda:InvokeFunction");
        return await executions.start(workflow, name, input);
      },
    },
  };
}

/** The same for ports that write to services, rules and schedules alone. */
export function withKillSwitchOnDeployments<P extends Pick<Ports, "ecs" | "schedules">>(
  ports: P,
  killSwitch: KillSwitch,
): P {
  const { ecs, schedules } = ports;
  return {
    ...ports,
    ecs: {
      ...ecs,
      async registerTaskDefinition(registrable) {
        await refuseIfActive(killSwitch, "ecs:RegisterTaskDefinition");
        return await ecs.registerTaskDefinition(registrable);
      },
      async rollBackDeployment(serviceDeploymentArn) {
        await refuseIfActive(killSwitch, "ecs:StopServiceDeployment");
        await ecs.rollBackDeployment(serviceDeploymentArn);
      },
      async updateService(cluster, service, revision) {
        await refuseIfActive(killSwitch, "ecs:UpdateService");
        return await ecs.updateService(cluster, service, revision);
      },
    },
    schedules: {
      ...schedules,
      async move(target, to) {
        await refuseIfActive(
          killSwitch,
          target.kind === "rule" ? "events:PutTargets" : "scheduler:UpdateSchedule",
        );
        return await schedules.move(target, to);
      },
    },
  };
}

async function refuseIfActive(killSwitch: KillSwitch, action: string): Promise<void> {
  const because = await killSwitch.activeReason();
  if (because !== undefined) throw new Stopped(action, because, killSwitch.parameter);
}
