/**
 * Reads the world before anything is decided: the event is a hint, ECS is the authority.
 *
 * What comes out is small and JSON, so that it can be a step's result: names, digests and reasons, never a task
 * definition or an environment value.
 */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { managedBy } from "../../ecs/managed-by.ts";
import { rolloutOf } from "../../ecs/service/rollout-state.ts";
import { primaryDeployment, primaryTaskSet, type Service } from "../../ecs/service/service.ts";
import { isPastScaleUp } from "../../ecs/service/service-deployment.ts";
import type { Task } from "../../ecs/task/task.ts";
import { type DescribedTaskDefinition, tagsOfDefinition } from "../../ecs/task-definition/task-definition.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { isBarred } from "../../substitution/candidate.ts";
import { currentServiceDeployment, rolloutTimeoutSeconds } from "../deploy/rollout-verdict.ts";
import type { ManualDeployment } from "../gates/report-only.ts";
import type { Ports } from "../ports/ports.ts";
import { confirmFailure } from "./confirm-failure.ts";
import { serviceDeleted, staleFailureReason, unsupportedReason } from "./eligibility.ts";
import { clusterExcluded, formatCluster, serviceExcluded } from "./excluded.ts";
import { waitingFor } from "./limit-met.ts";
import { countRecentSubstitutions, NO_RECENT_SUBSTITUTIONS } from "./loop-guard.ts";
import { modeFromTags } from "./mode-override.ts";
import { optedOut } from "./opt-out.ts";
import { isWatchedByItsExecution } from "./own-revision.ts";
import { withTimeLimits } from "./probe/time-limits.ts";
import { surveyRevision } from "./revision.ts";
import { managedByWorkflowEngine, surveyTask, taggedResourcesOf } from "./standalone-task.ts";
import type { TaggedResource } from "./tagged-resource.ts";
import type { Superseded, SurveyRequest, SurveyResult } from "./types.ts";

/** Everything that the plan needs to know, or why there is nothing to plan. Ends within a minute, whatever is silent. */
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
    ...optional("deployedAt", newestCreation(service)),
    desiredCount: service.desiredCount,
    runningCount: service.runningCount,
    failingRevision: former,
    ...revision,
    // What may not be replaced at all has no tries that matter, and an ECS that does not answer is not asked once more.
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

function newestCreation({ deployments }: Service): number | undefined {
  const moments = deployments.flatMap(({ createdAt }) => createdAt ?? []);
  return moments.length === 0 ? undefined : Math.max(...moments);
}

function deletedRevision(former: string): Superseded {
  return { kind: "superseded", because: { code: "revision-deleted", revision: former } };
}

/** Whether a foreign deployment of the failing revision has not ended. A rollback of ECS's own does not count. */
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
