/** What a stack of Repull has in addition to its functions: the queues, and the two rules that write into the first of them. */

import type { JsonObject } from "../../runtime/json.ts";
import type { AwsLocation } from "../example-location.ts";
import type { InstalledStack } from "./call.ts";

export type StackQueue = { readonly name: string; readonly deadLetters?: string };
export type StackRule = { readonly name: string; readonly pattern: JsonObject };

/** None where no stack is installed. `deadLetters` is the queue for what is received five times. */
export function queuesOf(stack: InstalledStack | undefined): readonly StackQueue[] {
  if (stack === undefined) return [];
  const { name } = stack;
  return [
    { name: `${name}-PullFailureQueue`, deadLetters: `${name}-UnhandledQueue` },
    { name: `${name}-UnhandledQueue` },
    { name: `${name}-UndeliveredQueue` },
  ];
}

/** As the template has them: PullFailureRule and ProbeRule. */
export function rulesOfStack({ name }: InstalledStack, home: AwsLocation): readonly StackRule[] {
  const { partition, region, account } = home;
  const here = { account: [account], region: [region] };
  return [
    {
      name: `${name}-PullFailureRule`,
      pattern: {
        source: ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        ...here,
        detail: {
          clusterArn: [{ wildcard: `arn:${partition}:ecs:${region}:${account}:cluster/*` }],
          $or: [
            { stoppedReason: [{ wildcard: "*CannotPull*" }] },
            { containers: { reason: [{ wildcard: "*CannotPull*" }] } },
          ],
        },
      },
    },
    {
      name: `${name}-ProbeRule`,
      pattern: {
        source: ["repull.doctor"],
        "detail-type": ["Repull Probe"],
        ...here,
        detail: {
          stack: [name],
          event: {
            source: ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            detail: { group: ["service:repull-doctor"] },
          },
        },
      },
    },
  ];
}

export function queueArn(name: string, { partition, region, account }: AwsLocation): string {
  return `arn:${partition}:sqs:${region}:${account}:${name}`;
}

export function queueUrl(name: string, { region, account }: AwsLocation): string {
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
