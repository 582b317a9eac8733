/**
 * How far a service depends on Docker Hub, before anything has failed.
 *
 * Which of its images come from there, as whom they are pulled, how many pulls it takes to replace every task, and
 * where Repull would look for the same bytes. Nothing is asked of a registry: it is read from ECS alone.
 */

import { isDockerHubFront } from "../image/hosts.ts";
import { familiarName, type ImageReference, referenceIn } from "../image/reference.ts";
import { unfit } from "../substitution/ladder.ts";
import type { Policy, StrategyName } from "../substitution/policy.ts";
import { STRATEGIES } from "../substitution/strategies/index.ts";
import { textIn } from "../workload/members.ts";
import type { Service } from "../workload/service.ts";
import { containersOf, type DescribedTaskDefinition, executionRoleOf } from "../workload/task-definition.ts";
import { untouchable } from "./refusal.ts";

export type ExposedImage = {
  readonly image: string;
  readonly containers: readonly string[];
  /** `account`: the containers show a secret; `anonymous`: they share what their address has. */
  readonly pulledAs: "anonymous" | "account";
  /** In the policy's order. */
  readonly places: readonly { readonly strategy: StrategyName; readonly place: string }[];
};

export type Exposure = {
  readonly cluster: string;
  readonly service: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly images: readonly ExposedImage[];
  /** Anonymous pulls that a deployment, or the loss of all its hosts, takes: one for each task and image. */
  readonly anonymousPulls: number;
  /** Why a limit would find it unprotected; absent where Repull would act. */
  readonly unprotected?: string;
  readonly roles: readonly string[];
};

const ANONYMOUS_LIMIT = {
  kind: "docker-hub-pull-limit",
  limitedAs: "anonymous",
  registry: "docker.io",
} as const;

/** The exposure of a service; undefined where none of its images comes from Docker Hub. */
export function exposureOf(
  service: Service,
  { taskDefinition }: DescribedTaskDefinition,
  policy: Policy,
  ecrHost: string,
): Exposure | undefined {
  const images = imagesOf(taskDefinition, policy, ecrHost);
  if (images.length === 0) return undefined;
  const anonymous = images.filter(({ pulledAs }) => pulledAs === "anonymous");
  const { name, clusterArn, desiredCount } = service;
  const unprotected = whyUnprotected(service, taskDefinition, images);
  return {
    cluster: clusterArn.slice(clusterArn.lastIndexOf("/") + 1),
    service: name,
    taskDefinition: service.taskDefinition,
    desiredCount,
    images,
    anonymousPulls: desiredCount * anonymous.length,
    ...(unprotected === undefined ? {} : { unprotected }),
    roles: [textIn(taskDefinition, "taskRoleArn"), executionRoleOf(taskDefinition)].filter(
      (role) => role !== undefined,
    ),
  };
}

function imagesOf(
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  policy: Policy,
  ecrHost: string,
): readonly ExposedImage[] {
  const byImage = Map.groupBy(containersOf(taskDefinition), ({ image }) => image ?? "");
  return [...byImage].flatMap(([image, containers]) => {
    const reference = referenceIn(image);
    if (reference === undefined || !isDockerHubFront(reference.host)) return [];
    const signedIn = containers.every(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    return {
      image,
      containers: containers.map(({ name }) => name),
      pulledAs: signedIn ? "account" : "anonymous",
      places: placesOf(reference, signedIn, policy, ecrHost),
    };
  });
}

/** Pull-through rules are the account's to know; what they would add is not counted on here. */
function placesOf(
  reference: ImageReference,
  signedIn: boolean,
  policy: Policy,
  ecrHost: string,
): ExposedImage["places"] {
  return policy.strategies.flatMap((strategy) => {
    if (strategy === "pull-through" || unfit(strategy, ANONYMOUS_LIMIT) !== undefined) return [];
    const offered = STRATEGIES[strategy].candidates(reference, {
      ecrHost,
      policy,
      rules: [],
      signedIn,
      ...(reference.digest === undefined ? {} : { trusted: reference.digest }),
    });
    if ("because" in offered) return [];
    return offered.map(({ image, source }) => ({ strategy, place: source ?? image }));
  });
}

function whyUnprotected(
  service: Service,
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  images: readonly ExposedImage[],
): string | undefined {
  const refusal = untouchable(service);
  if (refusal !== undefined) return refusal.because;
  const nowhere = images.find(({ places }) => places.length === 0);
  if (nowhere !== undefined) {
    const reference = referenceIn(nowhere.image);
    return `the policy names no place for ${reference === undefined ? nowhere.image : familiarName(reference)}`;
  }
  const needsRole = service.launchType === "FARGATE" && executionRoleOf(taskDefinition) === undefined;
  const onlyEcr = images.find(({ places }) => places.every(({ strategy }) => strategy !== "public-mirror"));
  if (needsRole && onlyEcr !== undefined)
    return `without an execution role its tasks cannot pull ${onlyEcr.image} from ECR`;
  return undefined;
}

/** The roles of these services, once each: what a revision of them would pass on. */
export function rolesOf(exposures: readonly Exposure[]): readonly string[] {
  return [...new Set(exposures.flatMap(({ roles }) => roles))].toSorted();
}
