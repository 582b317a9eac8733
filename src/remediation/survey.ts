/**
 * Reads the world before anything is decided: the event is a hint, ECS is the authority.
 *
 * What comes out is small and JSON, so that it can be a step's result: names, digests and reasons, never a task
 * definition or an environment value.
 */

import type { FailedContainer, Ignored, PullFailure } from "../ecs-events/pull-failure-event.ts";
import { isDockerHubFront } from "../image/hosts.ts";
import type { Platform } from "../image/platform.ts";
import { type ImageReference, referenceIn, repositoryName } from "../image/reference.ts";
import { leftOutBy, matchesGlob, matchesImage } from "../substitution/glob.ts";
import { type Limit, sharesLimit } from "../substitution/ladder.ts";
import type { ImageFacts } from "../substitution/planner.ts";
import type { Policy } from "../substitution/policy.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { readMarker } from "../workload/marker.ts";
import { primaryDeployment, type Service } from "../workload/service.ts";
import {
  containersOf,
  type DescribedTaskDefinition,
  executionRoleOf,
  familyOf,
  runtimePlatformOf,
} from "../workload/task-definition.ts";
import { AwsError } from "./aws-error.ts";
import { confirm } from "./confirm.ts";
import type { Refused } from "./mirroring.ts";
import type { Ports } from "./ports.ts";
import { askingOnce, type Puller } from "./preflight.ts";
import { gone, movedOn, notAService, untouchable } from "./refusal.ts";
import { settleSecondsFor } from "./settle.ts";
import { type NamedImage, type Scene, surveyImage } from "./survey-image.ts";

export type Declined = {
  readonly kind: "declined";
  readonly because: string;
  readonly nextSteps: readonly string[];
};
export type Superseded = {
  readonly kind: "superseded";
  readonly because: string;
  /** It rests on an answer that may be an old one. */
  readonly passing?: boolean;
};

export type Survey = {
  readonly kind: "survey";
  readonly clusterArn: string;
  readonly service: string;
  /** What the service points at now: the failing revision, or one of this execution's own. */
  readonly current: string;
  /** The primary deployment's id; compared again immediately before the write. */
  readonly deploymentId?: string;
  /** Every deployment that the service showed: another one, later, is somebody else's. */
  readonly deploymentIds: readonly string[];
  readonly desiredCount: number;
  readonly runningCount: number;
  /** The failing revision. */
  readonly former: string;
  readonly family: string;
  readonly platform?: Platform;
  readonly images: readonly ImageFacts[];
  /** Revisions of other executions in place of this same one: substitutes that did not last. */
  readonly triedBefore: number;
  readonly settleSeconds: number;
  /** The role that the policy gives to tasks that have none. */
  readonly executionRole?: string;
  /** The limit that was met; `endsBy`, ISO 8601, is the latest moment at which it ends. */
  readonly limit: Limit & { readonly endsBy?: string };
};

export type SurveyRequest = {
  readonly failure: PullFailure;
  readonly policy: Policy;
  readonly execution: string;
  /** Substitutes that this execution has tried and that failed to start: not offered again. */
  readonly failed: readonly string[];
  /** Places from which the image could not be brought into ECR, with the reason. */
  readonly refused?: readonly Refused[];
};

export type SurveyResult = Survey | Ignored | Declined | Superseded;

const REVISIONS_SEEN = 5;

/** Everything that the plan needs to know, or why there is nothing to plan. */
export async function survey(request: SurveyRequest, ports: Ports): Promise<SurveyResult> {
  const confirmed = await confirm(request.failure, ports);
  if (confirmed.kind !== "confirmed") return confirmed;
  const { failure, task } = confirmed;
  const { owner, clusterArn, taskDefinitionArn: former } = failure;
  if (owner.kind !== "service") return notAService(failure);

  const service = await ports.ecs.describeService(clusterArn, owner.service);
  if (service === undefined) return gone(owner.service);
  const refusal =
    untouchable(service) ??
    leftOut(service, request.policy) ??
    (await movedOn(service, request, former, ports));
  if (refusal !== undefined) return refusal;
  const described = await ports.ecs.describeTaskDefinition(former);
  if (described === undefined) {
    return { kind: "superseded", because: `the task definition ${revisionName(former)} is gone` };
  }

  const launchType = service.launchType ?? task?.launchType ?? failure.launchType;
  const platform = platformOf(described, launchType);
  const ownRole = executionRoleOf(described.taskDefinition);
  const lent = ownRole === undefined ? request.policy.executionRole : undefined;
  const [{ classification }] = failure.failures;
  const puller: Puller = {
    launchType,
    executionRole: ownRole ?? lent,
    network: service.network,
    reached: classification.registry ?? "the registry",
  };
  const images = await surveyImages(described, failure, service, { platform, puller }, request, ports);
  if ("kind" in images) return images;
  if (!images.some(({ failing }) => failing)) {
    const because = `the container that failed is not in ${revisionName(former)}: ECS or another service added it`;
    return { kind: "ignored", because };
  }
  const family = familyOf(described.taskDefinition) ?? revisionName(former);
  const deploymentId = primaryDeployment(service)?.id;
  return {
    kind: "survey",
    clusterArn,
    service: service.name,
    current: service.taskDefinition,
    ...(deploymentId === undefined ? {} : { deploymentId }),
    deploymentIds: service.deployments.map(({ id }) => id),
    desiredCount: service.desiredCount,
    runningCount: service.runningCount,
    former,
    family,
    ...(platform === undefined ? {} : { platform }),
    images,
    triedBefore: await countTries(family, former, service, request.execution, ports),
    settleSeconds: settleSecondsFor(service),
    ...(lent === undefined ? {} : { executionRole: lent }),
    limit: limitOf(classification, request.failure),
  };
}

/**
 * The one platform that the tasks need, where there is only one. Fargate without a word means x86_64
 * (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html); a cluster of instances may mix.
 */
function platformOf(
  { taskDefinition }: DescribedTaskDefinition,
  launchType: string | undefined,
): Platform | undefined {
  const stated = runtimePlatformOf(taskDefinition);
  if (stated !== undefined) return stated;
  return launchType === "FARGATE" ? { os: "linux", architecture: "amd64" } : undefined;
}

/** A service that the policy leaves out is not touched, whatever has failed. */
function leftOut({ name, clusterArn }: Service, { clusters, services }: Policy): Declined | undefined {
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  const ofCluster = leftOutBy(clusters, "clusters", (pattern) => matchesGlob(pattern, cluster));
  if (ofCluster !== undefined) return leftAlone(`the cluster ${cluster}`, ofCluster);
  const ofService = leftOutBy(services, "services", (pattern) => matchesGlob(pattern, name));
  return ofService === undefined ? undefined : leftAlone(`the service ${name}`, ofService);
}

function leftAlone(what: string, because: string): Declined {
  return { kind: "declined", because: `${what} is left alone: ${because}`, nextSteps: [] };
}

const WINDOW_MS = 6 * 3_600_000;

/** Docker Hub's window has six hours: whatever was counted before the refusal is forgotten by then. */
function limitOf(
  { kind, limitedAs, registry }: PullFailure["failures"][0]["classification"],
  { time }: PullFailure,
): Survey["limit"] {
  const struck = time === undefined || kind !== "docker-hub-pull-limit" ? Number.NaN : Date.parse(time);
  return {
    kind,
    ...(limitedAs === undefined ? {} : { limitedAs }),
    ...(registry === undefined ? {} : { registry }),
    ...(Number.isNaN(struck) ? {} : { endsBy: new Date(struck + WINDOW_MS).toISOString() }),
  };
}

/** Every image of the task definition that comes from the registry that refused, for the next one would fail next. */
async function surveyImages(
  { taskDefinition }: DescribedTaskDefinition,
  failure: PullFailure,
  service: Service,
  { platform, puller }: { platform: Platform | undefined; puller: Puller },
  { policy, failed, refused = [] }: SurveyRequest,
  ports: Ports,
): Promise<readonly ImageFacts[] | Declined> {
  const { clusterArn: cluster, name } = service;
  const [{ classification: limit }] = failure.failures;
  const inScope: NamedImage[] = [];
  for (const named of namedImages(taskDefinition, failure)) {
    const { image, reference, failing } = named;
    if (!failing && !sharesLimit(reference.host, limit)) continue;
    const because = leftOutBy(policy.images, "images", (pattern) => matchesImage(pattern, reference));
    if (because === undefined) inScope.push(named);
    else if (failing) return leftAlone(`the image ${image}`, because);
  }
  const running = await ports.ecs.listTasks({ cluster, service: name, desiredStatus: "RUNNING" });
  const rules = policy.strategies.includes("pull-through") ? await rulesOf(ports) : [];
  const scene: Scene = {
    failure,
    service,
    running,
    policy,
    failed,
    refused,
    rules,
    puller,
    ...(platform === undefined ? {} : { platform }),
  };
  const surveyed: ImageFacts[] = [];
  const asking = askingOnce(ports);
  for (const named of inScope) surveyed.push(await surveyImage(named, scene, asking));
  return surveyed;
}

/** The pull-through rules, or why they are not known: no right to ask is no failure of the whole. */
async function rulesOf({ ecr }: Ports): Promise<Scene["rules"]> {
  try {
    return await ecr.pullThroughRules();
  } catch (error) {
    if (error instanceof AwsError && error.kind !== "throttled")
      return { because: `the account's rules cannot be read: ${error.message}` };
    throw error;
  }
}

function namedImages(
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  failure: PullFailure,
): readonly NamedImage[] {
  const byImage = Map.groupBy(containersOf(taskDefinition), ({ image }) => image ?? "");
  return [...byImage].flatMap(([image, containers]) => {
    const reference = referenceIn(image);
    if (reference === undefined) return [];
    const names = containers.map(({ name }) => name);
    const failing = failure.failures.some((failed) => concerns(failed, reference, names));
    const signedIn = containers.some(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    return [{ image, reference, containers: names, failing, signedIn }];
  });
}

/** The failed container by name; by image where only the task's own reason told. */
function concerns(
  { name, image, classification }: FailedContainer,
  reference: ImageReference,
  containers: readonly string[],
): boolean {
  if (name !== undefined) return containers.includes(name);
  const told = referenceIn(image ?? classification.image);
  if (told === undefined) return isDockerHubFront(reference.host);
  return repositoryName(told) === repositoryName(reference);
}

/** Tries are counted where the truth is: in the tags of the family's own revisions. */
async function countTries(
  family: string,
  former: string,
  service: Service,
  execution: string,
  ports: Ports,
): Promise<number> {
  const revisions = await ports.ecs.newestRevisions(family, REVISIONS_SEEN);
  return revisions.filter(({ tags }) => {
    const marker = readMarker(tags);
    return (
      marker?.former !== undefined &&
      marker.execution !== execution &&
      sameRevision(marker.former, former) &&
      marker.service === service.name
    );
  }).length;
}
