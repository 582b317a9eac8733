/**
 * How often AWS lets an account call its ECS: token buckets, one for each group of actions, shared by all its callers.
 *
 * Burst and sustained rate per account and region:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html (read 2026-11)
 */

import type { Clock } from "../../../runtime/clock.ts";
import { awsRefusal } from "./aws-error.ts";
import type { AwsFault } from "./aws-fault.ts";

type Bucket = { readonly burst: number; readonly perSecond: number };

const TASK_DEFINITION_MODIFY: Bucket = { burst: 20, perSecond: 1 };
const TASK_DEFINITION_READ: Bucket = { burst: 50, perSecond: 20 };
const SERVICE_MODIFY: Bucket = { burst: 50, perSecond: 5 };
const CLUSTER_READ: Bucket = { burst: 50, perSecond: 20 };
const SERVICE_READ: Bucket = { burst: 100, perSecond: 20 };
const SERVICE_DEPLOYMENT_READ: Bucket = { burst: 50, perSecond: 20 };
const SERVICE_REVISION_READ: Bucket = { burst: 50, perSecond: 20 };
const CLUSTER_RESOURCE_READ: Bucket = { burst: 100, perSecond: 20 };

const BUCKETS: Readonly<Record<string, Bucket>> = {
  "ecs:RegisterTaskDefinition": TASK_DEFINITION_MODIFY,
  "ecs:DescribeTaskDefinition": TASK_DEFINITION_READ,
  "ecs:ListTaskDefinitions": TASK_DEFINITION_READ,
  "ecs:UpdateService": SERVICE_MODIFY,
  "ecs:StopServiceDeployment": SERVICE_MODIFY,
  "ecs:ListClusters": CLUSTER_READ,
  "ecs:DescribeClusters": CLUSTER_READ,
  "ecs:ListServices": SERVICE_READ,
  "ecs:DescribeServices": SERVICE_READ,
  "ecs:ListServiceDeployments": SERVICE_DEPLOYMENT_READ,
  "ecs:DescribeServiceDeployments": SERVICE_DEPLOYMENT_READ,
  "ecs:DescribeServiceRevisions": SERVICE_REVISION_READ,
  "ecs:DescribeTasks": CLUSTER_RESOURCE_READ,
  "ecs:ListTasks": CLUSTER_RESOURCE_READ,
  "ecs:DescribeContainerInstances": CLUSTER_RESOURCE_READ,
  "ecs:ListContainerInstances": CLUSTER_RESOURCE_READ,
};

export type AwsRates = {
  readonly check: AwsFault;
  /** How often an action was turned away. */
  throttled(action: string): number;
};

/** Buckets that are full. */
export function createAwsRates(clock: Pick<Clock, "now">): AwsRates {
  const levels = new Map<Bucket, { tokens: number; at: number }>();
  const refused = new Map<string, number>();
  return {
    check(action) {
      const bucket = BUCKETS[action];
      if (bucket === undefined) return;
      const { tokens, at } = levels.get(bucket) ?? { tokens: bucket.burst, at: clock.now() };
      const now = Math.min(bucket.burst, tokens + ((clock.now() - at) / 1000) * bucket.perSecond);
      levels.set(bucket, { tokens: now >= 1 ? now - 1 : now, at: clock.now() });
      if (now >= 1) return;
      refused.set(action, (refused.get(action) ?? 0) + 1);
      throw awsRefusal("throttled", action, "ThrottlingException", "Rate exceeded");
    },
    throttled: (action) => refused.get(action) ?? 0,
  };
}
