/**
 * What a sweep reads of ECS. Each method sends exactly one request, so that a caller can count and pace them.
 *
 * `aws/adapters/ecs/service-reads.ts` and `sandbox/aws/ecs/service-reads.ts` implement it. Failures are AwsErrors, and a method
 * does not retry: a throttled sweep ends, and the next one goes on.
 */

import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";

export type ArnPage = { readonly arns: readonly string[]; readonly nextToken?: string };

/** DescribeServices takes at most ten services. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html (read 2026-11) */
export const SERVICES_PER_REQUEST = 10;

export interface ServiceReads {
  /** The clusters of the region: at most a hundred. */
  listClusters(nextToken?: string): Promise<ArnPage>;
  /** The services of a cluster: at most a hundred. */
  listServices(clusterArn: string, nextToken?: string): Promise<ArnPage>;
  /** @param services at most ten of one cluster; those that are gone are left out */
  describeServices(clusterArn: string, services: readonly string[]): Promise<readonly Service[]>;
  /** Stopped tasks of a service that ECS still shows, in no order: at most a hundred. */
  listStoppedTasks(clusterArn: string, service: string): Promise<readonly string[]>;
  /** @param tasks at most a hundred of one cluster; those that are gone are left out */
  describeTasks(clusterArn: string, tasks: readonly string[]): Promise<readonly Task[]>;
}
