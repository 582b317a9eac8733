/** A task that ECS describes, in the shape of its event: so that one reader judges both. */

import type { Task } from "../ecs/task/task.ts";

export type TaskEventOrigin = {
  readonly account: string;
  readonly region: string;
  readonly clusterArn: string;
  /** ISO 8601, where the event has one. */
  readonly time?: string;
};

/** The `ECS Task State Change` of a described task; `readEvent` reads it. */
export function taskEvent(
  { arn, ...detail }: Task,
  { account, region, clusterArn, time }: TaskEventOrigin,
): unknown {
  return {
    source: "aws.ecs",
    "detail-type": "ECS Task State Change",
    account,
    region,
    ...(time === undefined ? {} : { time }),
    resources: [arn],
    detail: { ...detail, taskArn: arn, clusterArn },
  };
}
