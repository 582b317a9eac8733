/** Which rollout a workload has. */

import type { Survey } from "../survey/types.ts";
import type { Rollout } from "./rollout.ts";
import { SCHEDULE_ROLLOUT } from "./schedule-rollout.ts";
import { SERVICE_ROLLOUT } from "./service-rollout.ts";
import { TASK_ROLLOUT } from "./task-rollout.ts";

export function rolloutOf({ task }: Pick<Survey, "task">): Rollout {
  if (task === undefined) return SERVICE_ROLLOUT;
  return task.schedule === undefined ? TASK_ROLLOUT : SCHEDULE_ROLLOUT;
}
