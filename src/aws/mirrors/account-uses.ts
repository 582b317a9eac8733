/** Everything of an account that may use an image: each list to its end, or not read. */

import type { UseReader } from "../../mirrors/ports.ts";
import type { AwsSettings } from "../client/client-config.ts";
import { readEcsUses } from "./ecs-uses.ts";
import { readOtherUses } from "./other-uses.ts";
import { readScheduleExpressions } from "./schedule-expressions.ts";
import type { ServiceTimes } from "./service-times.ts";

/** @param newMax how many task definitions that are not known one read describes */
export function createUseReader(settings: AwsSettings, times: ServiceTimes, newMax: number): UseReader {
  return {
    async read(known) {
      const [ecs, { clusters, ...others }, schedules] = await Promise.all([
        readEcsUses(settings, times, known, newMax),
        readOtherUses(settings),
        readScheduleExpressions(settings),
      ]);
      return { uses: { ...ecs, ...others }, clusters, schedules };
    },
  };
}
