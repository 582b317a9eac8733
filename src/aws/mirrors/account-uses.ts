/** Everything of an account that may use an image: each list to its end, or not read. */

import type { UseReader } from "../../mirrors/ports.ts";
import type { AwsSettings } from "../client/client-config.ts";
import { type NewMax, readEcsUses } from "./ecs-uses.ts";
import { readOtherUses } from "./other-uses.ts";
import { readClusterReports } from "./reports/cluster-reports.ts";
import { readScheduleExpressions } from "./schedule-expressions.ts";
import type { ServiceTimes } from "./service-times.ts";

/**
 * @param reportTable where clusters report the images that they use; absent: there is no such table
 */
export function createUseReader(
  settings: AwsSettings,
  times: ServiceTimes,
  newMax: NewMax,
  reportTable?: string,
): UseReader {
  return {
    async read(known) {
      const [ecs, others, clusters, schedules] = await Promise.all([
        readEcsUses(settings, times, known, newMax),
        readOtherUses(settings),
        readClusterReports(settings, times, reportTable),
        readScheduleExpressions(settings),
      ]);
      return { uses: { ...ecs, ...others }, clusters, schedules };
    },
  };
}
