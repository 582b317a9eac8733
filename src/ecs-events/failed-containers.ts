/**
 * Which containers of a task failed to pull, and which text says so.
 *
 * On EC2 the container carries its own reason; on Fargate the task carries one for all, and names a repository in a URL at
 * best: then it means the container with that image. When none or several fit, no container is named.
 */

import { type ImageReference, tryParseReference } from "../image/reference.ts";
import { canonicalHost, registryOwner } from "../image/registry-owner.ts";
import { classify, isPullFailureText } from "../pull-failure/classify.ts";
import type { Classification, PullFailureKind } from "../pull-failure/types.ts";
import type { EventContainer, TaskDetail } from "./envelope.ts";
import type { FailedContainer } from "./pull-failure.ts";

/** Containers that ECS and GuardDuty add to a task; they are in no task definition. */
const AGENT = /^(?:ecs-service-connect-|aws-guardduty-agent-|~internal~)/;

/** The clearest case first: what can be healed, then what can be explained. */
const CLARITY: readonly PullFailureKind[] = [
  "docker-hub-pull-limit",
  "docker-hub-abuse-limit",
  "registry-limit",
  "unauthorized",
  "not-found",
  "network",
  "other",
];

/** Every container of the task that failed to pull, the clearest case first; empty where none did. */
export function failedContainers(detail: TaskDetail): readonly FailedContainer[] {
  const inTask = detail.containers.filter(
    ({ taskArn }) => taskArn === undefined || detail.taskArn === undefined || taskArn === detail.taskArn,
  );
  const ours = inTask.filter(({ name }) => name === undefined || !AGENT.test(name));
  const agents = inTask.filter((container) => !ours.includes(container));

  const failures: FailedContainer[] = [];
  const silent: EventContainer[] = [];
  for (const container of ours) {
    const { reason, image } = container;
    if (reason !== undefined && isPullFailureText(reason))
      failures.push(failed(container, classify(reason, image)));
    else silent.push(container);
  }
  const told = failureOfTask(detail, silent, agents, failures.length > 0);
  return [...failures, ...(told ? [told] : [])].sort(byClarity);
}

/** What the task's own reason says, where a person did not write it. */
function failureOfTask(
  { stoppedReason, stopCode }: TaskDetail,
  containers: readonly EventContainer[],
  agents: readonly EventContainer[],
  othersFailed: boolean,
): FailedContainer | undefined {
  // StopTask's reason is free text of its caller.
  if (stoppedReason === undefined || stopCode === "UserInitiated" || !isPullFailureText(stoppedReason))
    return undefined;
  const alone = classify(stoppedReason);
  const named = tryParseReference(alone.image);
  const meant = containersMeant(alone, named, containers);

  if (meant.length === 0 && named !== undefined && agents.some((agent) => isOf(agent, named)))
    return undefined;
  // A reason that only sums up what a container has said already names no other container.
  if (othersFailed && (meant.length !== 1 || named === undefined)) return undefined;

  const [first, ...rest] = meant;
  if (first === undefined) return { classification: alone };
  if (rest.length === 0) return failed(first, classify(stoppedReason, first.image));
  const { image } = first;
  const isShared = image !== undefined && rest.every((other) => other.image === image);
  return isShared ? { image, classification: classify(stoppedReason, image) } : { classification: alone };
}

function containersMeant(
  alone: Classification,
  named: ImageReference | undefined,
  containers: readonly EventContainer[],
): readonly EventContainer[] {
  const [only, ...more] = containers;
  if (only === undefined) return [];
  const isOnly = more.length === 0;
  if (named !== undefined) {
    const fitting = containers.filter((container) => isOf(container, named));
    const tagged = fitting.filter(
      ({ image }) => named.tag !== undefined && tryParseReference(image)?.tag === named.tag,
    );
    if (tagged.length > 0) return tagged;
    if (fitting.length > 0) return fitting;
    if (isOnly && (only.image === undefined || tryParseReference(only.image) === undefined)) return [only];
    // Where every image is known to come from elsewhere, the words cannot be about the registry that they name.
    return isOnly && isElsewhere(only) ? [only] : [];
  }
  if (isOnly) return [only];
  const { registry } = alone;
  return registry === undefined ? [] : containers.filter((container) => mayComeFrom(container, registry));
}

/** Whether a container runs an image of the repository, Docker Hub's under a name of its own included. */
function isOf({ image }: EventContainer, named: ImageReference): boolean {
  const reference = tryParseReference(image);
  if (reference?.path !== named.path) return false;
  return hostFits(reference.host, canonicalHost(named.host));
}

function mayComeFrom({ image }: EventContainer, registry: string): boolean {
  const reference = tryParseReference(image);
  return reference !== undefined && hostFits(reference.host, registry);
}

function hostFits(host: string, registry: string): boolean {
  if (canonicalHost(host) === registry) return true;
  return registryOwner(registry) === "docker-hub" && registryOwner(host) !== "other";
}

function isElsewhere({ image }: EventContainer): boolean {
  const reference = tryParseReference(image);
  return reference !== undefined && registryOwner(reference.host) === "other";
}

function failed({ name, image }: EventContainer, classification: Classification): FailedContainer {
  return {
    ...(name === undefined ? {} : { name }),
    ...(image === undefined ? {} : { image }),
    classification,
  };
}

function byClarity(a: FailedContainer, b: FailedContainer): number {
  return rank(a.classification) - rank(b.classification);
}

function rank({ kind, confidence }: Classification): number {
  return CLARITY.indexOf(kind) * 2 + (confidence === "certain" ? 0 : 1);
}
