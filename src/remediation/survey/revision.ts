/**
 * Reads what is known of a failing revision of any workload: its images, the hosts that it needs, who pulls them.
 */

import { cachedUpstream, noCache } from "../../assessment/cached-upstream.ts";
import type { RequiredPlatforms } from "../../assessment/environment.ts";
import { oneRound } from "../../assessment/one-round.ts";
import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { getObjects, optional } from "../../ecs/json-fields.ts";
import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";
import { TAGS_MAX } from "../../ecs/task-definition/provenance-tags.ts";
import {
  containersOf,
  type DescribedTaskDefinition,
  executionRoleOf,
  familyOf,
  freeTags,
} from "../../ecs/task-definition/task-definition.ts";
import type { FailedContainer, Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import { type ImageReference, repositoryName, tryParseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import { sharesLimit } from "../../substitution/applicable-limits.ts";
import type { ImageFacts } from "../../substitution/plan-types.ts";
import type { StrategyContext } from "../../substitution/strategy.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { removeOwnTags } from "../report/remedies-of-refusal.ts";
import { imageExcluded } from "./excluded.ts";
import { type ImageSurveyContext, mirrorRejected, type NamedImage, surveyImage } from "./image.ts";
import { limitOf } from "./limit-met.ts";
import { preflight } from "./probe/preflight.ts";
import { answeredHosts, type PullIdentity, provesInternet } from "./probe/pull-identity.ts";
import { withRequestCache } from "./probe/request-cache.ts";
import { platformsOf } from "./task-platforms.ts";
import { witnessesOf } from "./trust/ecs-witnesses.ts";
import { unexplainedManifests } from "./trust/unexplained-manifests.ts";
import type { NotEligible, Survey, SurveyRequest } from "./types.ts";

/** What ECS asks of an instance for the definition's sake. */
function requiresAttribute({ taskDefinition }: DescribedTaskDefinition, attribute: string): boolean {
  return getObjects(taskDefinition, "requiresAttributes").some(({ name }) => name === attribute);
}

/** What a plan needs to know of a revision. */
export type RevisionFacts = Pick<Survey, "family" | "platforms" | "images" | "executionRole" | "limit"> & {
  readonly kind: "revision";
};

/** Where the revision's tasks run, and for which service. */
export type RevisionContext = {
  readonly launchType: string | undefined;
  readonly network?: PullIdentity["network"];
  readonly service?: Service;
  /** The task that failed, where ECS still has it. */
  readonly task?: Task;
};

/** Looks at the images of a failing revision, and at every place where they may be. */
export async function surveyRevision(
  described: DescribedTaskDefinition,
  failure: PullFailure,
  { launchType, network, service, task }: RevisionContext,
  request: SurveyRequest,
  ports: Ports,
): Promise<RevisionFacts | Ignored | NotEligible> {
  const { taskDefinitionArn: former } = failure;
  const { clusterArn } = failure;
  const platforms = await platformsOf(
    described,
    { clusterArn, launchType, service },
    ports.containerInstances,
  );
  const ownRole = executionRoleOf(described.taskDefinition);
  const lent = ownRole === undefined ? request.policy.executionRole : undefined;
  const [{ classification }] = failure.failures;
  const puller: PullIdentity = {
    launchType,
    clusterArn,
    executionRole: ownRole ?? lent,
    pullsByExecutionRole: requiresAttribute(described, "ecs.capability.execution-role-ecr-pull"),
    network,
    answered: answeredHosts(failure),
    reached: `${failure.preemptive ? "its tasks pull from" : "the failed task did reach"} ${classification.registry ?? "the registry"}`,
    reachesInternet: provesInternet(failure),
  };
  const images = await surveyImages(
    described,
    failure,
    { service, task },
    { platforms, puller },
    request,
    ports,
  );
  if ("kind" in images) return images;
  if (!images.some(({ failing }) => failing)) {
    const because = `the container that failed is not in ${shortRevision(former)}: ECS or another service added it`;
    return { kind: "ignored", because };
  }
  const crowded = tooManyTags(described, former, images.filter(({ failing }) => failing).length);
  if (crowded !== undefined) return crowded;
  return {
    kind: "revision",
    family: familyOf(described.taskDefinition) ?? shortRevision(former),
    platforms: platforms.kind === "known" ? platforms.platforms : [],
    images,
    ...(lent === undefined ? {} : { executionRole: lent }),
    limit: limitOf(request.failure, classification),
  };
}

/** The execution, the former revision and the service: by them Repull knows its own. */
const PROVENANCE_TAGS = 3;

/** A revision without Repull's tags would be made again and again, and never counted. */
function tooManyTags(
  { taskDefinition, tags }: DescribedTaskDefinition,
  former: string,
  failing: number,
): NotEligible | undefined {
  const [needed, room] = [PROVENANCE_TAGS + failing, freeTags(tags)];
  if (room >= needed) return undefined;
  const family = familyOf(taskDefinition) ?? "the task definition";
  return {
    kind: "not-eligible",
    reason: "too-many-tags",
    because: `${family} has ${TAGS_MAX - room} tags of the ${TAGS_MAX} that AWS allows, and Repull needs ${needed} more to find its own revisions`,
    remedies: [removeOwnTags(former, needed - room)],
  };
}

/** Times the places of each that are asked at once: a dozen questions of AWS under way, and one of each registry. */
const IMAGES_AT_ONCE = 3;

/** Every image of the task definition that comes from the registry that refused, because the next one would fail next. */
async function surveyImages(
  { taskDefinition }: DescribedTaskDefinition,
  failure: PullFailure,
  { service, task }: { readonly service: Service | undefined; readonly task: Task | undefined },
  { platforms, puller }: { platforms: RequiredPlatforms; puller: PullIdentity },
  { policy, failedPlaces, mirrorRejections = [], meant = {}, order }: SurveyRequest,
  ports: Ports,
): Promise<readonly ImageFacts[] | Ignored | NotEligible> {
  const [{ classification: limit }] = failure.failures;
  const isUpstreams = limit.mayBeUpstreams === true;
  const rules = isUpstreams || policy.strategies.includes("pull-through-cache") ? await rulesOf(ports) : [];
  const named = namedImages(taskDefinition, failure).map((one) =>
    isUpstreams
      ? { ...one, ...optional("upstream", cachedUpstream(one.reference, rules, ports.location)) }
      : one,
  );
  const failed = named.filter(({ failing }) => failing);
  if (isUpstreams && failed.length > 0 && failed.every(({ upstream }) => upstream === undefined))
    return { kind: "ignored", because: noCache(failed, rules) };
  const inScope: NamedImage[] = [];
  for (const one of named) {
    const { image, reference, failing, upstream } = one;
    const shares = isUpstreams
      ? failed.some((other) => other.upstream !== undefined && other.upstream.host === upstream?.host)
      : sharesLimit(reference.host, limit);
    // What was ordered, and nothing else: the other images stay as they are.
    const ordered = order?.images.find((wanted) => wanted.image === image);
    if (order === undefined ? !failing && !shares : ordered === undefined) continue;
    const leftOut = imageExcluded(image, ordered?.source ?? reference, policy);
    if (leftOut === undefined) inScope.push({ ...one, ...optional("ordered", ordered) });
    else if (failing) return leftOut;
  }
  const running = runningTasksOf(service, ports);
  const asking = withRequestCache(ports);
  const { owner } = failure;
  const startedBy = owner.kind === "service" ? owner.deploymentId : task?.startedBy;
  const failing = {
    clusterArn: failure.clusterArn,
    taskDefinitionArn: failure.taskDefinitionArn,
    running,
    ...optional("service", service),
    ...optional("task", task),
    ...optional("startedBy", startedBy),
  };
  const context: ImageSurveyContext = {
    failure,
    ...(mayRunOthers(service, failure.taskDefinitionArn) ? { running } : {}),
    meant,
    witnessesOf: witnessesOf(failing, asking),
    environment: oneRound({
      policy,
      platforms,
      limit,
      account: { location: ports.location, ecr: asking.ecr, rules },
      registries: ports.registries,
      ...optional("anonymous", ports.anonymous),
      clock: ports.clock,
      preflight: (candidate) => preflight(candidate, puller, asking),
      failedPlaces,
      refused: (candidate) => mirrorRejected(candidate, mirrorRejections),
    }),
  };
  return await surveyAll(inScope, context);
}

/** Asks about each image; once more about one that the text vetoes, where the text is about another of them. */
async function surveyAll(
  all: readonly NamedImage[],
  context: ImageSurveyContext,
): Promise<readonly ImageFacts[]> {
  const surveyed: ImageFacts[] = [];
  await forEachConcurrently([...all.entries()], IMAGES_AT_ONCE, async ([index, named]) => {
    surveyed[index] = await surveyImage(named, context);
  });
  const { failure } = context;
  const compared = all.flatMap(({ reference }, index) => {
    const facts = surveyed[index];
    return facts === undefined ? [] : { reference, facts };
  });
  const manifests = unexplainedManifests(failure.manifests ?? [], compared);
  if (manifests.length === (failure.manifests ?? []).length) return surveyed;
  const vetoed = [...all.entries()].filter(([index]) => surveyed[index]?.vetoedBy !== undefined);
  await forEachConcurrently(vetoed, IMAGES_AT_ONCE, async ([index, named]) => {
    surveyed[index] = await surveyImage(named, { ...context, failure: { ...failure, manifests } });
  });
  return surveyed;
}

/** Listed when they are first asked for: where ECS reports what a deployment runs, they are not. */
function runningTasksOf(service: Service | undefined, { ecs }: Ports): () => Promise<readonly Task[]> {
  let listed: Promise<readonly Task[]> | undefined;
  return async () => {
    if (service === undefined) return [];
    const { clusterArn: cluster, name } = service;
    listed ??= ecs.listTasks({ cluster, service: name, desiredStatus: "RUNNING" });
    return await listed;
  };
}

/** Whether tasks of another revision may run: a deployment of one is there, or task sets, which say nothing about it. */
function mayRunOthers(service: Service | undefined, former: string): boolean {
  if (service === undefined) return false;
  const { deployments, taskSets } = service;
  return (
    taskSets.length > 0 ||
    deployments.length === 0 ||
    deployments.some(({ taskDefinition }) => !sameRevision(taskDefinition, former))
  );
}

/** The pull-through rules, or why they are not known. A missing right to read them does not fail the survey. */
async function rulesOf({ ecr }: Ports): Promise<StrategyContext["rules"]> {
  try {
    return await ecr.pullThroughRules();
  } catch (error) {
    if (error instanceof AwsError && error.kind !== "throttled")
      return { because: `the pull-through cache rules cannot be read: ${error.message}` };
    throw error;
  }
}

function namedImages(
  taskDefinition: DescribedTaskDefinition["taskDefinition"],
  failure: PullFailure,
): readonly NamedImage[] {
  const byImage = Map.groupBy(containersOf(taskDefinition), ({ image }) => image ?? "");
  return [...byImage].flatMap(([image, containers]) => {
    const reference = tryParseReference(image);
    if (reference === undefined) return [];
    const names = containers.map(({ name }) => name);
    const failing = failure.failures.some((failed) => concerns(failed, reference, names));
    const signedIn = containers.some(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    return [{ image, reference, containers: names, failing, signedIn }];
  });
}

/** The failed container by name; by image where only the task's own reason names it. */
function concerns(
  { name, image, classification }: FailedContainer,
  reference: ImageReference,
  containers: readonly string[],
): boolean {
  if (name !== undefined) return containers.includes(name);
  const told = tryParseReference(image ?? classification.image);
  if (told === undefined) return isDockerHubFront(reference.host);
  return repositoryName(told) === repositoryName(reference);
}
