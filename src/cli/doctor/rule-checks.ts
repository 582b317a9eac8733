/** The rule that brings ECS's events: there, enabled, and matching what AWS's own matcher is shown. */

import type { DeployedRule, DeployedStack } from "../../aws/stack/deployed-stack.ts";
import { TEST_EVENT_SOURCE } from "../../aws/stack/send-test-event.ts";
import { isObject } from "../../ecs/json-fields.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { type Check, failed, passed, skipped, unread } from "./check.ts";
import { deadLettersCheck } from "./queue-checks.ts";
import type { StackUnderTest } from "./stack-under-test.ts";

/** A cluster's name that most rules let through. */
const SOME_CLUSTER = "repull-doctor";

export type Ruled = {
  readonly checks: readonly Check[];
  /** A cluster's name that the rule would let through. */
  readonly cluster: string;
};

export async function ruleChecks(queueArn: string | undefined, tested: StackUnderTest): Promise<Ruled> {
  const cluster = SOME_CLUSTER;
  if (queueArn === undefined) return { checks: [skipped("rule", "the queue was not found")], cluster };
  const rules = await tested.stack.rulesInto(queueArn);
  if (rules.kind === "unread") return { checks: [unread("rule", rules)], cluster };
  const forEcs = rules.value.filter(({ pattern }) => !pattern.includes(`"${TEST_EVENT_SOURCE}"`));
  const rule = forEcs.find(({ isEnabled }) => isEnabled) ?? forEcs[0];
  if (rule === undefined)
    return { checks: [failed("rule", "no rule writes to the queue", "deploy the stack again")], cluster };
  const clusters = clusterPattern(rule.pattern);
  const one = clusters?.replaceAll("*", SOME_CLUSTER);
  return {
    checks: [
      rule.isEnabled
        ? passed("rule", `${rule.name} is enabled, for the clusters ${clusters ?? "of a pattern of its own"}`)
        : failed("rule", `${rule.name} is disabled`, `aws events enable-rule --name ${rule.name}`),
      await patternCheck(rule.pattern, one ?? "default", tested),
      await undeliveredCheck(rule, tested),
    ],
    cluster: one ?? cluster,
  };
}

async function undeliveredCheck({ undeliveredArn }: DeployedRule, tested: StackUnderTest): Promise<Check> {
  const check = "undelivered";
  if (undeliveredArn === undefined)
    return failed(check, "what the rule cannot deliver is lost: no queue for it", "deploy the stack again");
  const queue = await tested.stack.queue(undeliveredArn);
  return await deadLettersCheck(check, "docs/operating.md#undelivered", queue, tested);
}

async function patternCheck(
  pattern: string,
  cluster: string,
  { stack, home }: { readonly stack: DeployedStack; readonly home: StackUnderTest["home"] },
): Promise<Check> {
  const reason = "CannotPullContainerError: ref pull has been retried 1 time(s): 429 Too Many Requests";
  const forms = [
    {
      what: "Fargate's form of a failed pull",
      event: taskEvent(home, cluster, { stoppedReason: reason }),
      wanted: true,
    },
    {
      what: "EC2's form of a failed pull",
      event: taskEvent(home, cluster, {
        stoppedReason: "Task failed to start",
        containers: [{ name: "app" }, { name: "web", reason }],
      }),
      wanted: true,
    },
    { what: "a task that runs", event: taskEvent(home, cluster, { lastStatus: "RUNNING" }), wanted: false },
  ];
  for (const { what, event, wanted } of forms) {
    const matches = await stack.matches(pattern, event);
    if (matches.kind === "unread") return unread("rule pattern", matches);
    if (matches.value !== wanted)
      return failed(
        "rule pattern",
        `EventBridge says that it ${wanted ? "does not match" : "matches"} ${what}`,
        "deploy the stack again: its pattern was changed",
      );
  }
  return passed("rule pattern", "EventBridge matches both forms of a failed pull, and no running task");
}

/** An ECS task event of this account, in the named cluster. */
export function taskEvent(
  { account, region, partition }: StackUnderTest["home"],
  cluster: string,
  detail: JsonObject,
): JsonObject {
  const arn = (resource: string) => `arn:${partition}:ecs:${region}:${account}:${resource}`;
  const task = arn(`task/${cluster}/00000000000000000000000000000000`);
  return {
    version: "0",
    id: "00000000-0000-0000-0000-000000000000",
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account,
    time: "2026-01-01T00:00:00Z",
    region,
    resources: [task],
    detail: {
      clusterArn: arn(`cluster/${cluster}`),
      taskArn: task,
      taskDefinitionArn: arn("task-definition/repull-doctor:1"),
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      version: 1,
      containers: [{ name: "web", image: "nginx:1" }],
      ...detail,
    },
  };
}

/** The clusters of a rule's pattern: `prod-*` of `arn:…:cluster/prod-*`. */
function clusterPattern(pattern: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(pattern);
  } catch {
    return undefined;
  }
  const { detail } = document as JsonObject;
  const [first] = isObject(detail) && Array.isArray(detail.clusterArn) ? detail.clusterArn : [];
  const text = isObject(first) ? first.wildcard : first;
  return typeof text === "string" ? /:cluster\/(.+)$/.exec(text)?.[1] : undefined;
}
