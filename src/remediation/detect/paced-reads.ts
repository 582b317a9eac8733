/**
 * Keeps a sweep far below the rates that ECS grants to the whole account: one twentieth, burst and sustained.
 *
 * Deployments, autoscaling and the remediations share those rates, and none of them may be throttled by a sweep.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html (read 2026-11)
 */

import type { Clock } from "../../runtime/clock.ts";
import { createTokenBucket } from "../../runtime/token-bucket.ts";
import type { ServiceReads } from "../ports/service-reads.ts";

/** A twentieth of 50 and 20 a second (clusters), and of 100 and 20 a second (services; tasks). */
const CLUSTER_READ = { burst: 2, perSecond: 1 };
const SERVICE_READ = { burst: 5, perSecond: 1 };
const TASK_READ = { burst: 5, perSecond: 1 };

export type PacedReads = ServiceReads & {
  /** Requests so far. */
  requests(): number;
};

export function pacedReads(reads: ServiceReads, clock: Clock): PacedReads {
  const clusters = createTokenBucket(CLUSTER_READ, clock);
  const services = createTokenBucket(SERVICE_READ, clock);
  const tasks = createTokenBucket(TASK_READ, clock);
  return {
    async listClusters(nextToken) {
      await clusters.take();
      return await reads.listClusters(nextToken);
    },
    async listServices(clusterArn, nextToken) {
      await services.take();
      return await reads.listServices(clusterArn, nextToken);
    },
    async describeServices(clusterArn, names) {
      await services.take();
      return await reads.describeServices(clusterArn, names);
    },
    async listStoppedTasks(clusterArn, service) {
      await tasks.take();
      return await reads.listStoppedTasks(clusterArn, service);
    },
    async describeTasks(clusterArn, arns) {
      await tasks.take();
      return await reads.describeTasks(clusterArn, arns);
    },
    requests: () => clusters.taken + services.taken + tasks.taken,
  };
}
