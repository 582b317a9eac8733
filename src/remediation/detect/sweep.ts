/**
 * Finds services that a registry's limit keeps down and that no event has reported: after a pause, after observing, after
 * a lost event. What it finds goes the way of an event, through `detect`, and so under the same names, attempts and pauses.
 *
 * It reads, slowly and for a bounded time. An account that is larger than one sweep is walked in several.
 */

import type { Service } from "../../ecs/service/service.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { ArnPage, ServiceReads } from "../ports/service-reads.ts";
import { clusterExcluded, serviceExcluded } from "../survey/excluded.ts";
import { type DetectPorts, type DetectResult, detect } from "./detect.ts";
import { limitKeepingDown, runsTooFew } from "./limit-keeping-down.ts";
import { type PacedReads, pacedReads } from "./paced-reads.ts";
import { createSweepBudget, type SweepBudget, type SweepGap } from "./sweep-budget.ts";
import { chunksOf, ringFrom, type ServiceChunk } from "./sweep-selection.ts";

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

type SweepPorts = DetectPorts & { readonly serviceReads: ServiceReads };

/** What the parts of one sweep share. */
type Sweeping = {
  readonly budget: SweepBudget;
  readonly reads: PacedReads;
  readonly policy: Policy;
  readonly ports: DetectPorts;
};

export async function sweep(
  { sweepNumber, seconds, isOurCluster }: SweepOptions,
  policy: Policy,
  { serviceReads, ...ports }: SweepPorts,
): Promise<SweepReport> {
  const budget = createSweepBudget(seconds, ports.clock);
  const reads = pacedReads(serviceReads, ports.clock);
  const sweeping = { budget, reads, policy, ports };
  const listed = await listChunks(sweepNumber, isOurCluster, sweeping);
  const stride = strideOf(seconds, reads.requests());
  const detected: DetectResult[] = [];
  let described = 0;
  let { isWhole } = listed;
  for (const { clusterArn, services } of ringFrom(listed.chunks, sweepNumber, stride)) {
    isWhole &&= budget.hasTime();
    if (!budget.hasTime()) break;
    const found = (await budget.orGap(() => reads.describeServices(clusterArn, services))) ?? [];
    described += found.length;
    for (const service of found.filter((one) => isWanting(one, policy))) {
      isWhole &&= budget.hasTime();
      const result = budget.hasTime() ? await detectFailureOf(service, sweeping) : undefined;
      if (result !== undefined) detected.push(result);
    }
  }
  return {
    listed: listed.chunks.reduce((sum, { services }) => sum + services.length, 0),
    described,
    detected,
    gaps: budget.gaps,
    isComplete: isWhole && budget.gaps.length === 0,
    requests: reads.requests(),
  };
}

/** Chunks that a sweep is sure to describe, at a request a second, after so many requests for its lists. */
function strideOf(seconds: number, listing: number): number {
  const afterLongList = seconds * (1 - LISTING_SHARE) * SURE_SHARE;
  return Math.max(1, Math.floor(Math.max(afterLongList, seconds * SURE_SHARE - listing)));
}

function isWanting(service: Service, policy: Policy): boolean {
  return runsTooFew(service) && serviceExcluded(service, policy) === undefined;
}

/** The services of every cluster in scope, in the order of their ARNs. */
async function listChunks(
  sweepNumber: number,
  isOurCluster: SweepOptions["isOurCluster"],
  { budget, reads, policy }: Sweeping,
): Promise<{ readonly chunks: readonly ServiceChunk[]; readonly isWhole: boolean }> {
  const clusters = await readPages((nextToken) => reads.listClusters(nextToken), budget);
  const ours = clusters.arns.filter(
    (arn) => isOurCluster(arn.slice(arn.lastIndexOf("/") + 1)) && clusterExcluded(arn, policy) === undefined,
  );
  const byCluster = new Map<string, readonly ServiceChunk[]>();
  let { isWhole } = clusters;
  // Where not all can be listed, it is not always the same clusters that are not.
  for (const clusterArn of ringFrom(ours.toSorted(), sweepNumber, 1)) {
    const services = await readPages((nextToken) => reads.listServices(clusterArn, nextToken), budget);
    isWhole &&= services.isWhole;
    byCluster.set(clusterArn, chunksOf(clusterArn, services.arns));
  }
  return { chunks: ours.toSorted().flatMap((arn) => byCluster.get(arn) ?? []), isWhole };
}

/** Every page of a list, or as many as there is time for. */
async function readPages(
  page: (nextToken?: string) => Promise<ArnPage>,
  budget: SweepBudget,
): Promise<{ readonly arns: readonly string[]; readonly isWhole: boolean }> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  while (budget.hasTime(LISTING_SHARE)) {
    const answer = await budget.orGap(() => page(nextToken));
    if (answer === undefined) break;
    arns.push(...answer.arns);
    nextToken = answer.nextToken;
    if (nextToken === undefined) return { arns, isWhole: true };
  }
  return { arns, isWhole: false };
}

/** Hands the newest stopped task of a service to `detect`; undefined where it names no limit, or cannot be read. */
async function detectFailureOf(
  service: Service,
  { budget, reads, policy, ports }: Sweeping,
): Promise<DetectResult | undefined> {
  const { clusterArn, name } = service;
  // The service fails now: an earlier attempt that has seen this task does not close the matter.
  const now = new Date(ports.clock.now()).toISOString();
  const limit = await budget.orGap(() =>
    limitKeepingDown(
      service,
      async () => {
        const arns = await reads.listStoppedTasks(clusterArn, name);
        return arns.length === 0 ? [] : await reads.describeTasks(clusterArn, arns);
      },
      now,
    ),
  );
  if (limit === undefined) return undefined;
  const result = await budget.orGap(() => detect(limit.document, ports, policy));
  return result?.kind === "ignored" ? undefined : result;
}
