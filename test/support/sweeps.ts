/** The stack's schedule in a world: a sweep every fifteen minutes, as EventBridge Scheduler asks for it. */

import { type SweepReport, sweep } from "../../src/remediation/detect/sweep.ts";
import { readSweepRequest, SWEEP_MINUTES } from "../../src/remediation/detect/sweep-request.ts";
import type { KillSwitch } from "../../src/remediation/gates/kill-switch.ts";
import { createServiceReads } from "../../src/sandbox/aws/ecs/service-reads.ts";
import type { World } from "../../src/sandbox/world/world.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";

const PERIOD_MS = SWEEP_MINUTES * 60_000;

export type SweepSettings = {
  /** The policy in force when a sweep begins. */
  readonly policy: () => Policy;
  readonly killSwitch?: KillSwitch;
  readonly isOurCluster?: (name: string) => boolean;
};

/** Sweeps from now on; answers the reports, the first one first. */
export function sweepEachPeriod(world: World, settings: SweepSettings): readonly SweepReport[] {
  const { policy, killSwitch, isOurCluster = () => true } = settings;
  const reports: SweepReport[] = [];
  const serviceReads = createServiceReads(world.cluster, (action) => {
    world.rates.check(action);
    world.faults.check(action);
  });
  const ports = { ...world.ports, serviceReads, ...(killSwitch === undefined ? {} : { killSwitch }) };
  const scheduleNext = (): void => {
    const at = (Math.floor(world.clock.now() / PERIOD_MS) + 1) * PERIOD_MS;
    world.clock.schedule(at, async () => {
      const scheduledAt = new Date(world.clock.now()).toISOString();
      const { sweepNumber } = readSweepRequest({ sweep: true, scheduledAt });
      scheduleNext();
      reports.push(await sweep({ sweepNumber, seconds: 50, isOurCluster }, policy(), ports));
    });
  };
  scheduleNext();
  return reports;
}
