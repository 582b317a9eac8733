/**
 * Reads the world before anything is decided: the event is a hint, ECS is the authority.
 *
 * What comes out is small and JSON, so that it can be a step's result: names, digests and reasons, never a task
 * definition or an environment value.
 */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { type ManagedBy, managedBy } from "../../ecs/managed-by.ts";
import { rolloutOf } from "../../ecs/service/rollout-state.ts";
import { primaryDeployment, primaryTaskSet, type Service } from "../../ecs/service/service.ts";
import { isPastScaleUp } from "../../ecs/service/service-deployment.ts";
import type { Task } from "../../ecs/task/task.ts";
import { type DescribedTaskDefinition, tagsOfDefinition } from "../../ecs/task-definition/task-definition.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Platform } from "../../image/platform.ts";
import type { Limit } from "../../substitution/applicable-limits.ts";
import { isBarred } from "../../substitution/candidate.ts";
import type { ImageFacts } from "../../substitution/plan.ts";
import type { Mode, Policy } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { currentServiceDeployment, rolloutTimeoutSeconds } from "../deploy/rollout-verdict.ts";
import type { ManualDeployment } from "../gates/report-only.ts";
import type { MirrorRejected } from "../mirror/request-mirrors.ts";
import type { Ports } from "../ports/ports.ts";
import type { Reason } from "../report/outcome.ts";
import { confirmFailure } from "./confirm-failure.ts";
import { serviceDeleted, staleFailureReason, unsupportedReason } from "./eligibility.ts";
import { clusterExcluded, formatCluster, serviceExcluded } from "./excluded.ts";
import type { MeantDigests } from "./image.ts";
import { waitingFor } from "./limit-met.ts";
import { countRecentSubstitutions, NO_RECENT_SUBSTITUTIONS, type RecentSubstitutions } from "./loop-guard.ts";
import { modeFromTags } from "./mode-override.ts";
import { optedOut, type TaggedResource } from "./opt-out.ts";
import { isWatchedByItsExecution } from "./own-revision.ts";
import { withTimeLimits } from "./probe/time-limits.ts";
import { surveyRevision } from "./revision.ts";
import { managedByWorkflowEngine, surveyTask, type TaskFacts, taggedResourcesOf } from "./standalone-task.ts";

export type NotEligible = {
  readonly kind: "not-eligible";
  readonly because: string;
  readonly reason: Reason;
  readonly remedies: readonly Remedy[];
};
export type Superseded = {
  readonly kind: "superseded";
  readonly because: string;
  /** It rests on an answer that may be an old one. */
  readonly transient?: boolean;
  /** Which revision was seen in place of the one that was to be replaced. */
  readonly revision?: string;
  /** What was to be replaced runs whole, and stays. */
  readonly whole?: boolean;
};

/** What this execution deployed before runs whole by now: nothing else is to be tried. */
export type Recovered = { readonly kind: "succeeded"; readonly because: string };

export type Survey = {
  readonly kind: "survey";
  readonly clusterArn: string;
  readonly service: string;
  /** What the service points at now: the failing revision, or one of this execution's own. */
  readonly currentRevision: string;
  /** The primary deployment's id; compared again immediately before the write. */
  readonly deploymentId?: string;
  /** Every deployment that the service showed: another one, later, is somebody else's. */
  readonly deploymentIds: readonly string[];
  readonly desiredCount: number;
  readonly runningCount: number;
  /** The failing revision. */
  readonly failingRevision: string;
  readonly family: string;
  /** Every platform that its tasks may run on; none: that is not known. */
  readonly platforms: readonly Platform[];
  readonly images: readonly ImageFacts[];
  /** What other executions tried for these images before. */
  readonly recentSubstitutions: RecentSubstitutions;
  /** The primary deployment is under way, and not one that ECS itself began: somebody may be waiting for it. */
  readonly isDeploying: boolean;
  /** The stage of that deployment, once all its tasks have run: its owner's checks and traffic are under way. */
  readonly stage?: string;
  /** Who would bring the old image back. */
  readonly managedBy?: ManagedBy;
  readonly rolloutTimeoutSeconds: number;
  /** What a tag makes of the policy's mode, and which; absent where none does. */
  readonly mode?: Mode;
  readonly modeBecause?: string;
  readonly modeRemedies?: readonly Remedy[];
  /** The role that the policy gives to tasks that have none. */
  readonly executionRole?: string;
  /** The limit that was met; `endsBy`, ISO 8601, is the latest moment at which it ends. */
  readonly limit: Limit & { readonly endsBy?: string };
  /** The task that failed, where no service started it; `service` is its family then. */
  readonly task?: TaskFacts;
  /** Present where CodeDeploy alone may deploy: the plan is told, and nothing written. */
  readonly manualDeployment?: ManualDeployment;
};

export type SurveyRequest = {
  readonly failure: PullFailure;
  readonly policy: Policy;
  readonly execution: string;
  /** Substitutes that this execution has tried and that failed to start: not offered again. */
  readonly failedPlaces: readonly string[];
  /** Present where this execution has been here before: the revisions that it registered, one of which may run already. */
  readonly own?: readonly string[];
  /** What was meant, by image, where an earlier survey of this remediation has decided it: it is decided once. */
  readonly meant?: MeantDigests;
  /** Places from which the image could not be brought into ECR, with the reason. */
  readonly mirrorRejections?: readonly MirrorRejected[];
};

export type SurveyResult = Survey | Recovered | Ignored | NotEligible | Superseded;

/** Everything that the plan needs to know, or why there is nothing to plan. Ends within a minute, whoever is silent. */
export async function survey(request: SurveyRequest, world: Ports): Promise<SurveyResult> {
  const ports = withTimeLimits(world);
  const confirmed = await confirmFailure(request.failure, ports);
  if (confirmed.kind !== "confirmed") return withWaiting(confirmed, request.failure);
  const { failure, task } = confirmed;
  const { owner, clusterArn } = failure;
  if (owner.kind !== "service")
    return withWaiting(await surveyStandaloneTask(failure, task, request, ports), request.failure);

  const service = await ports.ecs.describeService(clusterArn, owner.service);
  if (service === undefined) return serviceDeleted(owner.service);
  const surveyed = await surveyService(service, { failure, task }, request, ports);
  // CodeDeploy gives a deployment up after an hour: nothing tries again when the limit is over.
  return service.controller === "CODE_DEPLOY" ? surveyed : withWaiting(surveyed, request.failure);
}

/** What is left as it is may be pulled when the limit is over. */
function withWaiting<Result extends SurveyResult>(result: Result, failure: PullFailure): Result {
  if (result.kind !== "not-eligible") return result;
  return { ...result, remedies: [...result.remedies, ...waitingFor(failure)] };
}

async function surveyService(
  service: Service,
  { failure, task }: { readonly failure: PullFailure; readonly task: Task | undefined },
  request: SurveyRequest,
  ports: Ports,
): Promise<SurveyResult> {
  const { clusterArn, taskDefinitionArn: former } = failure;
  const clusterBearer = await bearerOfCluster(clusterArn, ports);
  const isHandedOver = service.controller === "CODE_DEPLOY";
  const refusal =
    unsupportedReason(service) ??
    optedOut([clusterBearer]) ??
    serviceExcluded(service, request.policy) ??
    // ECS shows such a service's deployments as task sets: which of them replaces which, CodeDeploy alone knows.
    (isHandedOver ? undefined : await staleFailureReason(service, request, former, ports));
  if (refusal !== undefined) return refusal;
  const described = await ports.ecs.describeTaskDefinition(former);
  if (described === undefined) return deletedRevision(former);
  const definitionBearer = taggedResourceOf(former, described);
  const out =
    optedOut([definitionBearer]) ??
    (await isWatchedByItsExecution(described, failure, request.execution, ports));
  if (out !== undefined) return out;
  const launchType = service.launchType ?? task?.launchType ?? failure.launchType;
  const place = { launchType, network: service.network, service, ...optional("task", task) };
  const facts = await surveyRevision(described, failure, place, request, ports);
  if (facts.kind !== "revision") return facts;
  const { kind: _, ...revision } = facts;
  const deploymentId = primaryDeployment(service)?.id;
  const deploying = isDeploying(service, former);
  const story = deploying ? await currentServiceDeployment(service, former, ports) : undefined;
  return {
    kind: "survey",
    clusterArn,
    service: service.name,
    currentRevision: service.taskDefinition,
    ...(deploymentId === undefined ? {} : { deploymentId }),
    deploymentIds: service.deployments.map(({ id }) => id),
    desiredCount: service.desiredCount,
    runningCount: service.runningCount,
    failingRevision: former,
    ...revision,
    // What may not be replaced at all has no tries that matter, and an ECS that tells nothing is not asked once more.
    recentSubstitutions: revision.images.some(({ failing, untrusted }) => failing && isBarred(untrusted))
      ? NO_RECENT_SUBSTITUTIONS
      : await countRecentSubstitutions(
          {
            clusterArn,
            family: revision.family,
            former,
            tags: described.tags,
            service: service.name,
            images: revision.images,
            execution: request.execution,
          },
          ports,
        ),
    isDeploying: deploying,
    ...optional("stage", story !== undefined && isPastScaleUp(story) ? story.stage : undefined),
    ...modeFromTags(request.policy, [
      { name: `the service ${service.name}`, tags: service.tags, arn: service.arn },
      clusterBearer,
      definitionBearer,
    ]),
    ...optional("managedBy", managedBy(tagsOfDefinition(described), service.tags)),
    rolloutTimeoutSeconds: rolloutTimeoutSeconds(service),
    ...(isHandedOver ? { manualDeployment: manualDeploymentOf(service, former) } : {}),
  };
}

/** What a person who has CodeDeploy deploy the service needs: the AppSpec of the failing revision, else of the one in place. */
function manualDeploymentOf(service: Service, former: string): ManualDeployment {
  const failing = service.taskSets.find(({ taskDefinition }) => sameRevision(taskDefinition, former));
  const deployment = failing?.codeDeployment ?? primaryTaskSet(service)?.codeDeployment;
  return { service: service.name, ...optional("deployment", deployment) };
}

/** The same for a task that no service keeps running. */
async function surveyStandaloneTask(
  failure: PullFailure,
  task: Task | undefined,
  request: SurveyRequest,
  ports: Ports,
): Promise<SurveyResult> {
  const { clusterArn, taskDefinitionArn: former } = failure;
  const { policy } = request;
  const clusterBearer = await bearerOfCluster(clusterArn, ports);
  const refusal =
    managedByWorkflowEngine(failure, task?.startedBy) ??
    optedOut([clusterBearer]) ??
    clusterExcluded(clusterArn, policy);
  if (refusal !== undefined) return refusal;
  const described = await ports.ecs.describeTaskDefinition(former);
  if (described === undefined) return deletedRevision(former);
  const bearers: TaggedResource[] = [clusterBearer, taggedResourceOf(former, described)];
  const out =
    optedOut(bearers) ?? (await isWatchedByItsExecution(described, failure, request.execution, ports));
  if (out !== undefined) return out;
  const lone = await surveyTask(failure, described.tags, policy, ports);
  if ("kind" in lone) return lone;
  bearers.push(...(await taggedResourcesOf(failure, lone.targets, ports)));
  const outOfTask = optedOut(bearers);
  if (outOfTask !== undefined) return outOfTask;
  const launchType = task?.launchType ?? failure.launchType;
  const facts = await surveyRevision(
    described,
    failure,
    { launchType, ...optional("task", task) },
    request,
    ports,
  );
  if (facts.kind !== "revision") return facts;
  const { kind: _, ...revision } = facts;
  return {
    kind: "survey",
    clusterArn,
    service: revision.family,
    currentRevision: former,
    deploymentIds: [],
    desiredCount: 1,
    runningCount: 0,
    failingRevision: former,
    ...revision,
    recentSubstitutions: NO_RECENT_SUBSTITUTIONS,
    isDeploying: false,
    ...modeFromTags(policy, bearers),
    ...optional("managedBy", managedBy(tagsOfDefinition(described))),
    rolloutTimeoutSeconds: 0,
    task: lone,
  };
}

function deletedRevision(former: string): Superseded {
  return { kind: "superseded", because: `the task definition ${shortRevision(former)} is gone` };
}

/** Whether somebody's deployment of the failing revision has not ended. ECS's own way back is nobody's. */
function isDeploying(service: Service, former: string): boolean {
  const primary = primaryDeployment(service);
  return (
    primary !== undefined &&
    rolloutOf(service) === "in-progress" &&
    sameRevision(primary.taskDefinition, former) &&
    !/rolling back/i.test(primary.rolloutStateReason ?? "")
  );
}

function taggedResourceOf(arn: string, described: DescribedTaskDefinition): TaggedResource {
  return { name: `the task definition ${shortRevision(arn)}`, tags: tagsOfDefinition(described), arn };
}

async function bearerOfCluster(arn: string, { ecs }: Ports): Promise<TaggedResource> {
  return { name: formatCluster(arn), tags: await ecs.clusterTags(arn), arn };
}
