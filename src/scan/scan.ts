/**
 * Reads a whole account and reports what of it depends on Docker Hub: services, what schedules start, tasks run by hand.
 *
 * Each revision is described once, a few calls at a time and well below the account's limits. What may not be read is a
 * gap that is named, not a failure of the rest.
 */

import type { Account, Environment } from "../assessment/environment.ts";
import { EXPECTED_LIMIT } from "../assessment/offers.ts";
import { optional } from "../ecs/json-fields.ts";
import type { Service } from "../ecs/service/service.ts";
import type { StandaloneTasks } from "../ecs/task/standalone-tasks.ts";
import type { DescribedTaskDefinition } from "../ecs/task-definition/task-definition.ts";
import { egressOf } from "../network/egress.ts";
import { isUnread, type Unread } from "../network/facts.ts";
import { AwsError } from "../remediation/ports/aws-error.ts";
import type { ContainerInstance, Ecs } from "../remediation/ports/ports.ts";
import type { Clock } from "../runtime/clock.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";
import { createTokenBucket } from "../runtime/token-bucket.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import { counted } from "../text/counted.ts";
import type { AccountInventory, ContainerHost, ScheduledTask } from "./account-inventory.ts";
import { type Exposure, scheduledTaskExposure, serviceExposure, standaloneTaskExposure } from "./exposure.ts";
import { type ImageChange, imageChanges } from "./image-changes.ts";
import type { ScanFacts } from "./likely-substitutes.ts";
import type { NotScanned } from "./not-scanned.ts";
import { type EgressInfo, type EgressLoad, pullsByEgress } from "./peak-pulls.ts";
import { provedSubstitutes } from "./proved-substitutes.ts";
import { readEcr } from "./read-ecr.ts";
import type { SlippedPods } from "./slipped-pods.ts";
import { worstFirst } from "./worst-first.ts";

/** Whose workloads they are, where several accounts, or an account and a cluster, are scanned. */
export type ScannedPlace = Pick<Exposure, "profile" | "accountName" | "assumedRole"> &
  Required<Pick<Exposure, "account" | "region">>;

export type Scan = {
  /** Absent: one account, or a cluster of Kubernetes. */
  readonly accounts?: readonly ScannedPlace[];
  /** Clusters of Kubernetes that were scanned with accounts. */
  readonly kubernetes?: readonly string[];
  readonly clusters: number;
  readonly services: number;
  readonly schedules: number;
  readonly standaloneTasks: number;
  readonly taskDefinitions: number;
  /** Of a Kubernetes cluster. */
  readonly pods?: number;
  readonly workloads?: number;
  /** Of a Kubernetes cluster: pods that admission should have changed. */
  readonly slipped?: readonly SlippedPods[];
  /** The most pulls first. */
  readonly exposures: readonly Exposure[];
  readonly imageChanges: readonly ImageChange[];
  readonly addresses: readonly EgressLoad[];
  /** What could not be read, and why. */
  readonly gaps: readonly string[];
  /** Accounts and clusters that were asked for and are in no figure. */
  readonly notScanned?: readonly NotScanned[];
};

export type ScanOptions = {
  /** One cluster, by name or ARN; absent: all of the region. */
  readonly cluster?: string;
  readonly policy: Policy;
  readonly ecrHost: string;
  readonly clock: Clock;
  /** What to ask whether the places hold the same bytes; absent: no registry is asked. */
  readonly verify?: Pick<Environment, "registries" | "anonymous" | "clock"> &
    Pick<Account, "location" | "ecr">;
  /** Gets what has been read so far. */
  readonly onProgress?: (done: string) => void;
};

/** Below the fifty at once and twenty a second at which ECS begins to refuse (request-throttling.html, read 2026-11): others work there too. */
const TASK_DEFINITION_READS = { burst: 30, perSecond: 15 };
const AT_ONCE = 4;

/** What is read of one account, before it is counted up. */
export type ReadAccount = Omit<Scan, "imageChanges" | "addresses"> & { readonly ways: EgressInfo };

/** Every workload of the clusters. Throws AwsError where not even those can be listed. */
export async function scanAccount(
  view: AccountInventory,
  ecs: Pick<Ecs, "describeTaskDefinition">,
  options: ScanOptions,
): Promise<Scan> {
  return countUp(await readAccount(view, ecs, options));
}

export function countUp({ ways, ...read }: ReadAccount): Scan {
  const loads = (some: readonly Exposure[]) => pullsByEgress(some, ways);
  return {
    ...read,
    imageChanges: imageChanges(read.exposures, loads),
    addresses: loads(read.exposures),
  };
}

/** The same, to be counted up with other accounts. */
export async function readAccount(
  view: AccountInventory,
  ecs: Pick<Ecs, "describeTaskDefinition">,
  { cluster, policy, ecrHost, clock, verify, onProgress = () => {} }: ScanOptions,
): Promise<ReadAccount> {
  const gaps: string[] = [];
  const orGap = <T>(what: string, otherwise: T, read: () => Promise<T>): Promise<T> =>
    read().catch((error) => {
      if (!(error instanceof AwsError)) throw error;
      gaps.push(`${what}: ${error.message}`);
      return otherwise;
    });

  const clusters = cluster === undefined ? await view.clusters() : [cluster];
  const services: Service[] = [];
  for (const one of clusters) {
    for await (const some of view.services(one)) services.push(...some);
    onProgress(`${counted(clusters.length, "cluster")}, ${counted(services.length, "service")}`);
  }
  const runs = await orGap<readonly ScheduledTask[]>("rules and schedules", [], () =>
    view.scheduledTasks(clusters),
  );
  const loose: StandaloneTasks[] = [];
  for (const one of clusters)
    loose.push(
      ...(await orGap<readonly StandaloneTasks[]>(`the tasks of ${one}`, [], () =>
        view.standaloneTasks(one),
      )),
    );
  onProgress(
    `${counted(runs.length, "target")} of rules and schedules, ${counted(loose.length, "revision")} run by hand`,
  );

  const arns = [...services, ...runs, ...loose].map(({ taskDefinition }) => taskDefinition);
  const definitions = await describeEach([...new Set(arns)].filter(Boolean), ecs, clock, onProgress);
  const inEcr = await readEcr(definitions, view, { policy, ecrHost }, orGap);
  const verified = verify && (await verifiedBy(verify, definitions, inEcr, { gaps, onProgress }));
  const seen: ScanFacts = { ...inEcr, ...optional("verified", verified) };

  const exposed = <T extends { readonly taskDefinition: string }>(
    workloads: readonly T[],
    of: (workload: T, described: DescribedTaskDefinition, seen: ScanFacts) => Exposure | undefined,
  ): readonly Exposure[] =>
    workloads.flatMap((workload) => {
      const described = definitions.get(workload.taskDefinition);
      return (described && of(workload, described, seen)) ?? [];
    });
  const exposures = [
    ...exposed(services, serviceExposure),
    ...exposed(runs, scheduledTaskExposure),
    ...exposed(loose, standaloneTaskExposure),
  ].toSorted(worstFirst);

  const subnets = exposures.flatMap(({ network }) => network?.subnets ?? []);
  const hosts = await hostsOf(exposures, clusters, view, gaps);
  const all = new Set([...subnets, ...[...hosts.values()].flat().flatMap(({ subnet }) => subnet ?? [])]);
  const facts = await view.egress([...all]);
  const unread: Unread | undefined = [facts.subnets, facts.routeTables, facts.natGateways].flatMap((one) =>
    "unread" in one ? one : [],
  )[0];
  if (unread !== undefined) gaps.push(`the ways out: ${unread.because}`);
  const ofSubnets = new Map(
    [...all].flatMap((subnet) => {
      const egress = egressOf(subnet, facts);
      return egress === undefined ? [] : [[subnet, egress] as const];
    }),
  );
  onProgress(counted(all.size, "subnet"));
  return {
    clusters: clusters.length,
    services: services.length,
    schedules: runs.length,
    standaloneTasks: loose.reduce((sum, { count }) => sum + count, 0),
    taskDefinitions: definitions.size,
    exposures,
    ways: { ofSubnets, hosts },
    gaps,
  };
}

async function describeEach(
  arns: readonly string[],
  ecs: Pick<Ecs, "describeTaskDefinition">,
  clock: Clock,
  onProgress: (done: string) => void,
): Promise<ReadonlyMap<string, DescribedTaskDefinition>> {
  const rate = createTokenBucket(TASK_DEFINITION_READS, clock);
  const found = new Map<string, DescribedTaskDefinition>();
  let done = 0;
  await forEachConcurrently(arns, AT_ONCE, async (arn) => {
    await rate.take();
    const described = await ecs.describeTaskDefinition(arn);
    if (described !== undefined) found.set(arn, described);
    done += 1;
    if (done % 50 === 0 || done === arns.length) onProgress(`${done} of ${arns.length} task definitions`);
  });
  return found;
}

/** Asks registries of each image once. */
async function verifiedBy(
  { location, ecr, registries, anonymous, clock }: NonNullable<ScanOptions["verify"]>,
  definitions: ReadonlyMap<string, DescribedTaskDefinition>,
  { policy, rules }: ScanFacts,
  told: { readonly gaps: string[]; readonly onProgress: (done: string) => void },
): Promise<ScanFacts["verified"]> {
  const environment = {
    registries,
    ...optional("anonymous", anonymous),
    clock,
    policy,
    limit: EXPECTED_LIMIT,
    account: { location, ecr, rules },
  };
  return await provedSubstitutes(definitions.values(), environment, {
    onGap: (image, because) => told.gaps.push(`what registries say of ${image}: ${because}`),
    onProgress: (done, all) => {
      if (done % 10 === 0 || done === all) told.onProgress(`${done} of ${counted(all, "image")} verified`);
    },
  });
}

/** The machines of the clusters in which machines pull. */
async function hostsOf(
  exposures: readonly Exposure[],
  clusters: readonly string[],
  view: AccountInventory,
  gaps: string[],
): Promise<ReadonlyMap<string, readonly ContainerHost[]>> {
  const wanted = new Set(
    exposures.filter(({ pulledBy }) => pulledBy === "host").map(({ cluster }) => cluster),
  );
  const hosts = new Map<string, readonly ContainerHost[]>();
  for (const arn of clusters) {
    const name = arn.slice(arn.lastIndexOf("/") + 1);
    if (!wanted.has(name)) continue;
    const instances = await view.instances(arn);
    if (isUnread(instances)) gaps.push(`the hosts of ${name}: ${instances.because}`);
    else hosts.set(name, instances.map(hostOf));
  }
  return hosts;
}

function hostOf({ source, publicAddress }: ContainerInstance): ContainerHost {
  return { subnet: source.subnet, ...(publicAddress === undefined ? {} : { publicAddress }) };
}
