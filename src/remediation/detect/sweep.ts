/**
 * Finds services that a registry's limit keeps down and that no event has told of: after a pause, after observing, after
 * a lost event. What it finds goes the way of an event, through `detect`, and so under the same names, attempts and pauses.
 *
 * It reads, slowly and for a bounded time. An account that is larger than one sweep is walked in several.
 */

import type { Service } from "../../ecs/service/service.ts";
import { taskEvent } from "../../ecs-events/task-event.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { AwsErrorKind } from "../ports/aws-error.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { ServiceReads } from "../ports/service-reads.ts";
import { clusterExcluded, serviceExcluded } from "../survey/excluded.ts";
import { type DetectPorts, type DetectResult, detect } from "./detect.ts";
import { pacedReads } from "./paced-reads.ts";
import { chunksOf, newestStoppedTask, ringFrom, runsTooFew, type ServiceChunk } from "./sweep-selection.ts";

/** What could not be read, or started. */
export type SweepGap = {
  readonly code: AwsErrorKind;
  /** As IAM spells it. */
  readonly action: string;
  readonly because: string;
};

export type SweepReport = {
  /** Services in scope that were listed, and those of them that were described. */
  readonly listed: number;
  readonly described: number;
  /** What became of each service whose newest stopped task could not pull. */
  readonly detected: readonly DetectResult[];
  readonly gaps: readonly SweepGap[];
  /** Every service in scope was looked at; else the next sweeps go on. */
  readonly isComplete: boolean;
  readonly requests: number;
};

export type SweepOptions = {
  readonly sweepNumber: number;
  /** How long it may take. */
  readonly seconds: number;
  /** Whether the stack is for this cluster, by its name. */
  readonly isOurCluster: (name: string) => boolean;
};

/** Of its time, what it lists in at the most, and what it is sure to have for requests where few services need a closer look. */
const LISTING_SHARE = 0.75;
const SURE_SHARE = 0.8;

/** Chunks that a sweep is sure to describe, at a request a second, after so many requests for its lists. */
function strideOf(seconds: number, listing: number): number {
  const afterLongList = seconds * (1 - LISTING_SHARE) * SURE_SHARE;
  return Math.max(1, Math.floor(Math.max(afterLongList, seconds * SURE_SHARE - listing)));
}

export async function sweep(
  { sweepNumber, seconds, isOurCluster }: SweepOptions,
  policy: Policy,
  { serviceReads, ...ports }: DetectPorts & { readonly serviceReads: ServiceReads },
): Promise<SweepReport> {
  const { clock, location } = ports;
  const startedAt = clock.now();
  const reads = pacedReads(serviceReads, clock);
  const gaps: SweepGap[] = [];
  const detected: DetectResult[] = [];
  let isThrottled = false;
  let described = 0;

  const hasTime = (share = 1): boolean => !isThrottled && clock.now() - startedAt < seconds * 1000 * share;
  /** Undefined for what fails: the rest of the account is swept all the same, but not once AWS is busy. */
  const orGap = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (error) {
      if (error instanceof InvalidInput) {
        gaps.push({ code: "invalid", action: "ecs:DescribeTasks", because: error.message });
        return undefined;
      }
      if (!(error instanceof AwsError)) throw error;
      gaps.push({ code: error.kind, action: error.action, because: error.message });
      isThrottled ||= error.kind === "throttled";
      return undefined;
    }
  };
  /** Every page of a list, or as many as there is time for. */
  const listed = async (
    page: (nextToken?: string) => ReturnType<ServiceReads["listClusters"]>,
  ): Promise<{ readonly arns: readonly string[]; readonly isWhole: boolean }> => {
    const arns: string[] = [];
    let nextToken: string | undefined;
    while (hasTime(LISTING_SHARE)) {
      const answer = await orGap(() => page(nextToken));
      if (answer === undefined) break;
      arns.push(...answer.arns);
      nextToken = answer.nextToken;
      if (nextToken === undefined) return { arns, isWhole: true };
    }
    return { arns, isWhole: false };
  };

  const lookAt = async (service: Service): Promise<void> => {
    const task = await orGap(async () => {
      const arns = await reads.listStoppedTasks(service.clusterArn, service.name);
      const tasks = arns.length === 0 ? [] : await reads.describeTasks(service.clusterArn, arns);
      return newestStoppedTask(service, tasks);
    });
    if (task === undefined) return;
    // It is seen failing now: an attempt that has looked at this task before is no reason to leave the service down.
    const time = new Date(clock.now()).toISOString();
    const document = taskEvent(task, { ...location, clusterArn: service.clusterArn, time });
    const result = await orGap(() => detect(document, ports, policy));
    if (result !== undefined && result.kind !== "ignored") detected.push(result);
  };

  const clusters = await listed((nextToken) => reads.listClusters(nextToken));
  let isComplete = clusters.isWhole;
  const chunks: ServiceChunk[] = [];
  const ours = clusters.arns.filter(
    (arn) => isOurCluster(arn.slice(arn.lastIndexOf("/") + 1)) && clusterExcluded(arn, policy) === undefined,
  );
  // Where not all can be listed, it is not always the same clusters that are not.
  for (const clusterArn of ringFrom(ours.toSorted(), sweepNumber, 1)) {
    const { arns, isWhole } = await listed((nextToken) => reads.listServices(clusterArn, nextToken));
    isComplete &&= isWhole;
    chunks.push(...chunksOf(clusterArn, arns));
  }
  const stride = strideOf(seconds, reads.requests());
  const inOrder = chunks.toSorted((a, b) =>
    a.clusterArn < b.clusterArn ? -1 : a.clusterArn > b.clusterArn ? 1 : 0,
  );
  for (const { clusterArn, services } of ringFrom(inOrder, sweepNumber, stride)) {
    const found = hasTime() ? await orGap(() => reads.describeServices(clusterArn, services)) : undefined;
    isComplete &&= found !== undefined;
    described += found?.length ?? 0;
    for (const service of found ?? []) {
      if (!runsTooFew(service) || serviceExcluded(service, policy) !== undefined) continue;
      if (hasTime()) await lookAt(service);
      else isComplete = false;
    }
  }
  return {
    listed: chunks.reduce((sum, { services }) => sum + services.length, 0),
    described,
    detected,
    gaps,
    isComplete,
    requests: reads.requests(),
  };
}
