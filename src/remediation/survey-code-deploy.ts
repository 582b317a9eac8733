/**
 * Looks for the way on which CodeDeploy would bring a service another revision.
 *
 * A deployment of CodeDeploy carries the service's own settings in its AppSpec: container and port, platform, network,
 * capacity, hooks. The AppSpec of the failing revision's deployment is the pattern of ours. What is not found there is
 * not made up: then the plan is handed over.
 */

import type { Ignored, PullFailure } from "../ecs-events/pull-failure-event.ts";
import { taskDefinitionIn } from "../workload/app-spec.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { readMarker } from "../workload/marker.ts";
import { present } from "../workload/members.ts";
import { primaryTaskSet, type Service } from "../workload/service.ts";
import { type CodeDeployGroup, type CodeDeployment, isUnderWay } from "./code-deploy-port.ts";
import type { Ports } from "./ports.ts";
import type { Superseded } from "./survey.ts";

export type CodeDeployRoad = CodeDeployGroup & {
  /** The deployment whose AppSpec ours takes over. */
  readonly pattern: string;
  /** The newest of the group: another one, later, is somebody else's. */
  readonly newest?: string;
  /** One of somebody else's that is under way: CodeDeploy takes no second. */
  readonly running?: string;
};

export type NoRoad = { readonly kind: "no-road"; readonly because: string };

/** Long enough for the longest wait of ours, and for what a group does in that time. */
export const SEEN_MS = 24 * 3_600_000;

/** The road, or why there is none. */
export async function surveyCodeDeploy(
  service: Service,
  { taskDefinitionArn: former }: PullFailure,
  execution: string,
  ports: Ports,
): Promise<CodeDeployRoad | NoRoad | Ignored | Superseded> {
  const primary = primaryTaskSet(service);
  const failing = service.taskSets.find(({ taskDefinition }) => sameRevision(taskDefinition, former));
  const id = failing?.codeDeployment ?? primary?.codeDeployment;
  const known = id === undefined ? undefined : await ports.codeDeploy.deployment(id);
  if (known === undefined)
    return noRoad(`ECS names no deployment of CodeDeploy for the service ${service.name}`);
  const { application, group } = known;
  const recent = await ports.codeDeploy.deployments({ application, group }, ports.clock.now() - SEEN_MS);

  // CodeDeploy keeps tasks for a while that it has taken the traffic from: they are on their way out, and not to be healed.
  const latest = recent.find(({ isRollback }) => !isRollback);
  const isAwaited = failing === primary || (latest !== undefined && brings(latest, former));
  const isPast = failing === undefined || !isAwaited;
  const gone = isPast ? await goneFor(former, service, latest, ports) : undefined;
  if (gone !== undefined) return gone;
  // Once it has failed, its tasks are gone from ECS, and only CodeDeploy still knows it.
  const pattern = failing === undefined ? recent.find((one) => brings(one, former)) : known;
  if (pattern?.appSpec === undefined)
    return noRoad(`the AppSpec of ${pattern?.id ?? "its deployment"} lies in a bucket, and is not read`);
  if (!brings(pattern, former))
    return noRoad(`the AppSpec of ${pattern.id} does not say plainly that it brings ${revisionName(former)}`);
  const running = recent.find(isUnderWay);
  const newest = recent[0]?.id;
  const road = { application, group, pattern: pattern.id, ...present("newest", newest) };
  if (running === undefined) return road;
  const maker = await makerOf(running, former, ports);
  if (maker === execution) return road;
  if (maker !== undefined)
    return { kind: "ignored", because: `already under way: ${maker} has begun ${running.id}` };
  return { ...road, running: running.id };
}

/** Why the failing revision, which has no traffic and is not on its way to any, is no longer the one to heal. */
async function goneFor(
  former: string,
  service: Service,
  newest: CodeDeployment | undefined,
  ports: Ports,
): Promise<Ignored | Superseded | undefined> {
  const current = primaryTaskSet(service)?.taskDefinition ?? service.taskDefinition;
  const marker = readMarker((await ports.ecs.describeTaskDefinition(current))?.tags ?? []);
  if (marker?.former !== undefined && sameRevision(marker.former, former)) {
    const because = `already done: the service ${service.name} was moved from ${revisionName(former)} to ${revisionName(current)} by ${marker.execution}`;
    return { kind: "ignored", because };
  }
  if (newest !== undefined && brings(newest, former) && newest.status === "Failed") return undefined;
  const stopped = newest !== undefined && brings(newest, former) && newest.status === "Stopped";
  return {
    kind: "superseded",
    because: stopped
      ? `somebody stopped ${newest.id}, the deployment of ${revisionName(former)}`
      : `the service ${service.name} is on ${revisionName(current)}, no longer on ${revisionName(former)}`,
  };
}

/** Whether a deployment brings a revision, as its AppSpec says. */
export function brings({ appSpec }: CodeDeployment, revision: string): boolean {
  const named = appSpec === undefined ? undefined : taskDefinitionIn(appSpec);
  return named !== undefined && sameRevision(named, revision);
}

/** The execution that made what a deployment brings in place of the failing revision. */
async function makerOf(
  { appSpec }: CodeDeployment,
  former: string,
  { ecs }: Ports,
): Promise<string | undefined> {
  const named = appSpec === undefined ? undefined : taskDefinitionIn(appSpec);
  const described = named === undefined ? undefined : await ecs.describeTaskDefinition(named);
  const marker = readMarker(described?.tags ?? []);
  const isOfIt = marker?.former !== undefined && sameRevision(marker.former, former);
  return isOfIt ? marker.execution : undefined;
}

function noRoad(because: string): NoRoad {
  return { kind: "no-road", because };
}
