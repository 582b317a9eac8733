/**
 * What a task's state change means to us: a pull that failed, or nothing.
 *
 * The reason is already on the event before STOPPED, and every event may come twice; so any state counts, and the consumer
 * must accept the same failure again.
 */

import { parseArn, parseEcsArn } from "../ecs/arn.ts";
import { taskOwnerOf } from "../ecs/task/task-owner.ts";
import { partitionOf } from "../image/ecr-hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { type Envelope, readTaskDetail, type TaskDetail } from "./envelope.ts";
import { failedContainers } from "./failed-containers.ts";
import type { AwsLocation, Ignored, PullFailure } from "./pull-failure.ts";

/** Reads a task's state change. Throws InvalidInput where a failure lacks what it takes to act on it. */
export function readTaskStateChange(
  envelope: Envelope,
  home: AwsLocation | undefined,
): PullFailure | Ignored {
  const detail = readTaskDetail(envelope);
  const [first, ...others] = failedContainers(detail);
  if (first === undefined) return { kind: "ignored", because: whyNoFailure(detail) };

  const taskArn = detail.taskArn ?? envelope.resources.find((one) => parseEcsArn(one)?.kind === "task");
  if (taskArn === undefined) throw new InvalidInput("detail.taskArn", "the task's ARN");
  const { taskDefinitionArn } = detail;
  if (taskDefinitionArn === undefined)
    throw new InvalidInput("detail.taskDefinitionArn", "the ARN of the task definition");
  const arn = parseArn(taskArn);
  const account = envelope.account ?? arn?.account;
  const region = envelope.region ?? arn?.region;
  if (!account) throw new InvalidInput("account", "an account id");
  if (!region) throw new InvalidInput("region", "a region");
  const partition = arn?.partition ?? partitionOf(region);
  const clusterArn = detail.clusterArn ?? clusterOf(taskArn, partition, region, account);
  if (clusterArn === undefined) throw new InvalidInput("detail.clusterArn", "the cluster's ARN");

  // The envelope is EventBridge's word, the ARNs are the detail's: neither may lead elsewhere.
  const stranger = home && [taskArn, clusterArn, taskDefinitionArn].find((one) => !isAtHome(one, home));
  if (stranger !== undefined)
    return { kind: "ignored", because: `${stranger.slice(0, 200)} is not of this account and region` };

  const { group, startedBy, version, launchType } = detail;
  const { id: eventId, time } = envelope;
  return {
    kind: "pull-failure",
    ...(eventId === undefined ? {} : { eventId }),
    account,
    region,
    partition,
    clusterArn,
    taskArn,
    taskDefinitionArn,
    owner: taskOwnerOf({ group, startedBy, clusterArn, taskDefinitionArn }),
    ...(version === undefined ? {} : { version }),
    ...(time === undefined ? {} : { time }),
    ...(launchType === undefined ? {} : { launchType }),
    failures: [first, ...others],
  };
}

function whyNoFailure({ stopCode, lastStatus, stoppedReason, containers }: TaskDetail): string {
  if (stopCode === "UserInitiated") return "a user stopped the task: its reason is free text";
  const hasReason = stoppedReason !== undefined || containers.some(({ reason }) => reason !== undefined);
  if (!hasReason) return `the task is ${lastStatus ?? "in an unknown state"} and reports no failure`;
  return "the task ended, but its reasons name no pull that failed";
}

/** The cluster that a task's ARN of the newer format names. */
function clusterOf(taskArn: string, partition: string, region: string, account: string): string | undefined {
  const arn = parseEcsArn(taskArn);
  return arn?.kind === "task" && arn.cluster !== undefined
    ? `arn:${partition}:ecs:${region}:${account}:cluster/${arn.cluster}`
    : undefined;
}

function isAtHome(text: string, home: AwsLocation): boolean {
  const arn = parseArn(text);
  return arn === undefined || (arn.account === home.account && arn.region === home.region);
}
