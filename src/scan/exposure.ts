/**
 * How far a workload depends on Docker Hub, before anything has failed.
 *
 * Which of its images come from there, as whom they are pulled, how many pulls the worst six hours take, and where Repull would
 * look for the same bytes. Nothing is asked of a registry.
 */

import { getString, getStrings, optional } from "../ecs/json-fields.ts";
import { runsIn } from "../ecs/schedule/schedule-frequency.ts";
import type { Service } from "../ecs/service/service.ts";
import type { StandaloneTasks } from "../ecs/task/standalone-tasks.ts";
import {
  containersOf,
  type DescribedTaskDefinition,
  executionRoleOf,
  tagsOfDefinition,
} from "../ecs/task-definition/task-definition.ts";
import { familiarName, tryParseReference } from "../image/reference.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import { ineligibleReason } from "../remediation/survey/eligibility.ts";
import { modeFromTags } from "../remediation/survey/mode-override.ts";
import { optedOut } from "../remediation/survey/opt-out.ts";
import type { TaggedResource } from "../remediation/survey/tagged-resource.ts";
import { excludedBy, matchesGlob, matchesImage } from "../substitution/glob.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import { counted } from "../text/counted.ts";
import type { ScheduledTask } from "./account-inventory.ts";
import { type LikelySubstitutes, likelySubstitutes, type ScanFacts } from "./likely-substitutes.ts";

/** Docker Hub counts the pulls of six hours: what starts again and again is counted over all of them. (docs.docker.com/docker-hub/usage/pulls, read 2026-11) */
export const WINDOW_HOURS = 6;

export type ExposedImage = LikelySubstitutes & {
  readonly image: string;
  readonly containers: readonly string[];
  /** `account`: the containers show a secret; `anonymous`: they share what their address has. */
  readonly pulledAs: "anonymous" | "account";
  /** The policy's reason for leaving it alone. */
  readonly excludedBecause?: string;
};

export type Exposure = {
  /** `pod`: the pods of a workload of a Kubernetes cluster, whose name is `namespace/kind/name`. */
  readonly kind: "service" | "scheduled" | "standalone" | "pod";
  /** Of a scan of several accounts: whose it is, and by which profile it was read. */
  readonly profile?: string;
  /** Of an organisation: the account's name, and the role by which it was read. */
  readonly accountName?: string;
  readonly assumedRole?: string;
  /** Of a scan of an account and a cluster: whose cluster it is in. */
  readonly platform?: "ecs" | "kubernetes";
  readonly account?: string;
  readonly region?: string;
  readonly cluster: string;
  readonly name: string;
  /** Absent for pods. */
  readonly taskDefinition?: string;
  /** Tasks, or pods, that start in the worst six hours: each task of a service once, those of a schedule as often as it fires. */
  readonly expectedStarts: number;
  /** How that comes about, where it is more than a service's tasks. */
  readonly expectedStartsBecause?: string;
  readonly images: readonly ExposedImage[];
  /** One for each start and image that is pulled without an account. */
  readonly anonymousPulls: number;
  readonly accountPulls: number;
  /** Who pulls: the task by its own interface, or its host. */
  readonly pulledBy: "task" | "host";
  readonly network?: NonNullable<Service["network"]>;
  /** Why a limit would find it unprotected; absent where Repull would act. */
  readonly notRemediatedBecause?: string;
  readonly roles: readonly string[];
  /** Among them the one that pulls from ECR, where the tasks have one. */
  readonly executionRole?: string;
};

/** What all kinds of workload are reduced to before their images are looked at. */
type Workload = Pick<Exposure, "kind" | "name" | "expectedStarts" | "expectedStartsBecause" | "network"> & {
  readonly clusterArn: string;
  readonly taskDefinition: string;
  readonly launchType?: string;
  readonly untouchable?: string;
};

/** The exposure of a service; undefined where none of its images comes from Docker Hub. */
export function serviceExposure(
  service: Service,
  described: DescribedTaskDefinition,
  seen: ScanFacts,
): Exposure | undefined {
  const { name, clusterArn, taskDefinition, desiredCount, launchType, network } = service;
  const workload: Workload = {
    kind: "service",
    name,
    clusterArn,
    taskDefinition,
    expectedStarts: desiredCount,
    ...optional("launchType", launchType),
    ...optional("network", network),
    ...optional("untouchable", excludedReason(service, seen.policy)),
  };
  return exposed(workload, described, seen);
}

function excludedReason(service: Service, policy: Policy): string | undefined {
  const { name, tags } = service;
  const refusal = ineligibleReason(service);
  if (refusal !== undefined) return refusal.because;
  const leftOut = excludedBy(policy.scope.services, "services", (pattern) => matchesGlob(pattern, name));
  if (leftOut !== undefined) return leftOut;
  const { mode, modeBecause } = modeFromTags(policy, [{ name, tags }]);
  return mode === "observe" ? modeBecause : undefined;
}

/** The exposure of what a rule or a schedule starts. */
export function scheduledTaskExposure(
  run: ScheduledTask,
  described: DescribedTaskDefinition,
  seen: ScanFacts,
): Exposure | undefined {
  const { kind, name, clusterArn, taskDefinition, isEnabled, expression, taskCount } = run;
  const firings = runsIn(WINDOW_HOURS, expression);
  const often =
    expression === undefined
      ? "an event starts it: once is counted"
      : `${expression}: ${counted(firings ?? 1, "run")} in its busiest ${WINDOW_HOURS} hours`;
  const starts = isEnabled ? taskCount * (firings ?? 1) : 0;
  const untouchable =
    seen.policy.schedules === "report"
      ? "the stack only reports tasks of schedules (no ScheduleRoleArns)"
      : undefined;
  return exposed(
    {
      kind: "scheduled",
      name: `${kind} ${name}`,
      clusterArn,
      taskDefinition,
      expectedStarts: starts,
      expectedStartsBecause: isEnabled ? `${often}, ${counted(taskCount, "task")} each` : "it is disabled",
      ...optional("launchType", run.launchType),
      ...optional("network", run.network),
      ...optional("untouchable", untouchable),
    },
    described,
    seen,
  );
}

/** The exposure of standalone tasks: a person or another program runs them. */
export function standaloneTaskExposure(
  tasks: StandaloneTasks,
  described: DescribedTaskDefinition,
  seen: ScanFacts,
): Exposure | undefined {
  const { clusterArn, taskDefinition, count, launchType, network } = tasks;
  const untouchable =
    seen.policy.standaloneTasks === "report"
      ? "the stack only reports such tasks (StandaloneTasks=report)"
      : undefined;
  const family = getString(described.taskDefinition, "family") ?? taskDefinition;
  return exposed(
    {
      kind: "standalone",
      name: family,
      clusterArn,
      taskDefinition,
      expectedStarts: count,
      expectedStartsBecause: "those that run now, once each",
      ...optional("launchType", launchType),
      ...optional("network", network),
      ...optional("untouchable", untouchable),
    },
    described,
    seen,
  );
}

function exposed(
  { clusterArn, launchType, untouchable: alone, ...workload }: Workload,
  described: DescribedTaskDefinition,
  seen: ScanFacts,
): Exposure | undefined {
  const { taskDefinition } = described;
  const images = imagesOf(taskDefinition, seen);
  if (images.length === 0) return undefined;
  const pulls = (as: ExposedImage["pulledAs"]): number =>
    workload.expectedStarts * images.filter(({ pulledAs }) => pulledAs === as).length;
  const requires = getStrings(taskDefinition, "requiresCompatibilities");
  const isFargate = (launchType ?? (requires.length === 1 ? requires[0] : undefined)) === "FARGATE";
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  const unprotected =
    alone ??
    blockedByTags({ name: "its task definition", tags: tagsOfDefinition(described) }, seen.policy) ??
    blockedByPolicy(cluster, seen.policy) ??
    notRemediatedReason(taskDefinition, images, isFargate);
  return {
    ...workload,
    cluster,
    images,
    anonymousPulls: pulls("anonymous"),
    accountPulls: pulls("account"),
    // Instances pull by their own interface, whatever the network of the task is.
    pulledBy: isFargate ? "task" : "host",
    ...optional("notRemediatedBecause", unprotected),
    ...optional("executionRole", executionRoleOf(taskDefinition)),
    roles: [getString(taskDefinition, "taskRoleArn"), executionRoleOf(taskDefinition)].filter(
      (role) => role !== undefined,
    ),
  };
}

function blockedByTags(bearer: TaggedResource, policy: Policy): string | undefined {
  const { mode, modeBecause } = modeFromTags(policy, [bearer]);
  return optedOut([bearer])?.because ?? (mode === "observe" ? modeBecause : undefined);
}

/** What the policy says of every workload of a cluster. */
function blockedByPolicy(cluster: string, { scope: { clusters }, mode }: Policy): string | undefined {
  const leftOut = excludedBy(clusters, "clusters", (pattern) => matchesGlob(pattern, cluster));
  return leftOut ?? (mode === "observe" ? "the policy says observe" : undefined);
}

function imagesOf(
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  seen: ScanFacts,
): readonly ExposedImage[] {
  const byImage = Map.groupBy(containersOf(taskDefinition), ({ image }) => image ?? "");
  return [...byImage].flatMap(([image, containers]) => {
    const reference = tryParseReference(image);
    if (reference === undefined || !isDockerHubFront(reference.host)) return [];
    const signedIn = containers.every(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    return {
      image,
      containers: containers.map(({ name }) => name),
      pulledAs: signedIn ? "account" : "anonymous",
      ...optional(
        "excludedBecause",
        excludedBy(seen.policy.scope.images, "images", (pattern) => matchesImage(pattern, reference)),
      ),
      ...likelySubstitutes(reference, signedIn, seen),
    };
  });
}

function notRemediatedReason(
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  images: readonly ExposedImage[],
  isFargate: boolean,
): string | undefined {
  const leftOut = images.find((image) => image.excludedBecause !== undefined);
  if (leftOut !== undefined) return `${leftOut.image}: ${leftOut.excludedBecause}`;
  const nowhere = images.find(({ first }) => first === undefined);
  if (nowhere !== undefined) {
    const reference = tryParseReference(nowhere.image);
    const name = reference === undefined ? nowhere.image : familiarName(reference);
    return nowhere.isVerified
      ? `no place was found that holds ${name} with enough proof`
      : `the policy names no place for ${name}`;
  }
  const needsRole = isFargate && executionRoleOf(taskDefinition) === undefined;
  const onlyEcr = images.find(({ first }) => first !== undefined && first.strategy !== "ecr-public");
  if (needsRole && onlyEcr !== undefined)
    return `without an execution role its tasks cannot pull ${onlyEcr.image} from ECR`;
  return undefined;
}

/** The roles of these workloads, once each: what a revision of them would pass on. */
export function rolesOf(exposures: readonly Exposure[]): readonly string[] {
  return [...new Set(exposures.flatMap(({ roles }) => roles))].toSorted();
}
