/**
 * What the doctor looks at, in the order in which an event goes: rule, queue, detect, remediate, mirror.
 *
 * Each check passes, fails with a remedy, or says why it was not made: a right that the caller lacks is no fault of the
 * stack. Nothing here writes, and nothing here knows AWS.
 */

import type { DeployedFunction, DeployedQueue, DeployedStack, Part } from "../aws/deployed-stack.ts";
import type { Quota } from "../oci/rate-limit.ts";
import type { Roles } from "../remediation/ports.ts";
import type { JsonObject } from "../runtime/json.ts";
import { isObject } from "../workload/members.ts";

export type Check = {
  readonly check: string;
  readonly result: "passed" | "failed" | "not checked";
  readonly because: string;
  readonly remedy?: string;
};

export type Patient = {
  readonly stackName: string;
  readonly home: { readonly account: string; readonly region: string; readonly partition: string };
  readonly stack: DeployedStack;
  readonly roles: Roles;
  /** What Docker Hub says of the address that asks. Undefined: it names no limit. */
  quota(): Promise<Quota | undefined>;
};

export type Examined = {
  readonly checks: readonly Check[];
  /** What a probe needs, where it was found. */
  readonly queueUrl?: string;
  readonly remediateArn?: string;
  readonly mirrorArn?: string;
  /** A cluster's name that the rule would let through. */
  readonly cluster: string;
};

const FUNCTIONS = ["detect", "remediate", "mirror"] as const;
type Name = (typeof FUNCTIONS)[number];

/** Examines a stack from end to end. Failures of the world become checks. */
export async function examine(patient: Patient): Promise<Examined> {
  const { stack, home } = patient;
  const found = new Map<Name, Part<DeployedFunction>>();
  for (const name of FUNCTIONS) found.set(name, await stack.functionNamed(name));
  const deployedAs = (name: Name): DeployedFunction | undefined => {
    const part = found.get(name);
    return part?.kind === "read" ? part.value : undefined;
  };
  const checks: Check[] = FUNCTIONS.map((name) => functionCheck(name, found.get(name), patient));

  const detect = deployedAs("detect");
  const wired = detect === undefined ? undefined : await wiring(detect, patient);
  checks.push(...(wired?.checks ?? [skipped("mapping", "detect was not found")]));
  const queueArn = wired?.queue?.arn;
  const ruled = queueArn === undefined ? undefined : await ruling(queueArn, patient);
  checks.push(...(ruled?.checks ?? [skipped("rule", "the queue was not found")]));
  const cluster = ruled?.cluster ?? "repull-doctor";
  const [remediate, mirror] = [deployedAs("remediate"), deployedAs("mirror")];
  checks.push(...(await rights({ detect, remediate, mirror }, queueArn, cluster, patient)));
  checks.push(await quotaCheck(patient));
  const url = wired?.queue?.url;
  return {
    checks,
    cluster,
    ...(url === undefined ? {} : { queueUrl: url }),
    ...(remediate === undefined ? {} : { remediateArn: remediate.arn }),
    ...(mirror === undefined ? {} : { mirrorArn: mirror.arn }),
  };

  async function wiring(
    { arn, environment }: DeployedFunction,
    { stack: deployed }: Patient,
  ): Promise<{ checks: readonly Check[]; queue?: DeployedQueue }> {
    const mappings = await deployed.mappings(arn);
    if (mappings.kind === "unread") return { checks: [unread("mapping", mappings)] };
    const [mapping] = mappings.value;
    if (mapping === undefined)
      return { checks: [failed("mapping", "no queue brings messages to detect", "deploy the stack again")] };
    const mapped =
      mapping.state !== "Enabled"
        ? failed(
            "mapping",
            `the mapping from the queue to detect is ${mapping.state}`,
            "enable it: aws lambda update-event-source-mapping --enabled",
          )
        : mapping.reportsBatchItemFailures
          ? passed("mapping", "the queue brings messages to detect, and single failures come back alone")
          : failed(
              "mapping",
              "one message that fails brings its whole batch back",
              "set FunctionResponseTypes to ReportBatchItemFailures, or deploy the stack again",
            );
    const queue = await deployed.queue(mapping.queueArn);
    const deadLetters = await deployed.queue(environment.REPULL_DEAD_LETTER_QUEUE_URL ?? "");
    return {
      checks: [mapped, queueCheck(queue), deadLetterCheck(deadLetters)],
      ...(queue.kind === "read" ? { queue: queue.value } : {}),
    };
  }

  async function ruling(
    queueArn: string,
    { stack: deployed }: Patient,
  ): Promise<{ checks: readonly Check[]; cluster?: string }> {
    const rules = await deployed.rulesInto(queueArn);
    if (rules.kind === "unread") return { checks: [unread("rule", rules)] };
    const rule = rules.value.find(({ isEnabled }) => isEnabled) ?? rules.value[0];
    if (rule === undefined)
      return { checks: [failed("rule", "no rule writes to the queue", "deploy the stack again")] };
    const clusters = clusterPattern(rule.pattern);
    const cluster = clusters?.replaceAll("*", "repull-doctor");
    return {
      checks: [
        rule.isEnabled
          ? passed(
              "rule",
              `${rule.name} is enabled, for the clusters ${clusters ?? "of a pattern of its own"}`,
            )
          : failed("rule", `${rule.name} is disabled`, `aws events enable-rule --name ${rule.name}`),
        await patternCheck(rule.pattern, cluster ?? "default", deployed),
      ],
      ...(cluster === undefined ? {} : { cluster }),
    };
  }

  async function patternCheck(pattern: string, cluster: string, deployed: DeployedStack): Promise<Check> {
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
      const matches = await deployed.matches(pattern, event);
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
}

function functionCheck(
  name: Name,
  part: Part<DeployedFunction> | undefined,
  { stackName, home }: Patient,
): Check {
  const check = `function ${name}`;
  if (part === undefined || part.kind === "unread") {
    if (part?.error.kind !== "absent")
      return part === undefined ? skipped(check, "not read") : unread(check, part);
    return failed(
      check,
      `there is no ${stackName}-${name} with an alias live in ${home.region}`,
      "deploy the stack here (sam deploy --guided), or name it: --stack NAME",
    );
  }
  const { state, isDurable, runtime, environment } = part.value;
  if (state !== "Active" && state !== "Inactive")
    return failed(check, `its state is ${state}`, "look at its StateReason in the Lambda console");
  if (name !== "detect" && !isDurable)
    return failed(
      check,
      "it is not durable, and can only become so when it is made",
      "remove the stack and deploy it again; where that fails, the region has no durable functions",
    );
  const mode = environment.REPULL_MODE === "observe" ? "; it observes, and writes nothing" : "";
  return passed(check, `${state}, ${runtime}${name === "detect" ? "" : ", durable"}${mode}`);
}

function queueCheck(part: Part<DeployedQueue>): Check {
  if (part.kind === "unread") return unread("queue", part);
  const { messages, inFlight, deadLetterArn } = part.value;
  if (deadLetterArn === undefined)
    return failed("queue", "what fails is lost: it has no dead-letter queue", "deploy the stack again");
  return messages > 0
    ? failed(
        "queue",
        `${messages} messages wait, ${inFlight} are being handled`,
        "look at detect's log: docs/operating.md#waiting",
      )
    : passed("queue", `empty, ${inFlight} messages are being handled`);
}

function deadLetterCheck(part: Part<DeployedQueue>): Check {
  if (part.kind === "unread") return unread("dead letters", part);
  const { messages, url } = part.value;
  return messages > 0
    ? failed(
        "dead letters",
        `${messages} messages lie in ${url}`,
        "docs/operating.md#dead-letters says what they are",
      )
    : passed("dead letters", "none");
}

type Functions = Readonly<Record<Name, DeployedFunction | undefined>>;

/** The rights that no condition guards: IAM's simulator judges these without being told of a request. */
async function rights(
  functions: Functions,
  queueArn: string | undefined,
  cluster: string,
  { home, roles }: Patient,
): Promise<readonly Check[]> {
  const { partition, region, account } = home;
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const prefix = functions.mirror?.environment.REPULL_MIRROR_PREFIX ?? "repull";
  const wanted: readonly (readonly [Name, readonly string[], string | undefined])[] = [
    ["detect", ["sqs:ReceiveMessage", "sqs:DeleteMessage"], queueArn],
    ["detect", ["lambda:InvokeFunction"], functions.remediate?.arn],
    ["remediate", ["ecs:DescribeServices", "ecs:UpdateService"], arn("ecs", `service/${cluster}/any`)],
    ["remediate", ["ecs:RegisterTaskDefinition"], arn("ecs", "task-definition/any:1")],
    ["remediate", ["lambda:InvokeFunction"], functions.mirror?.arn],
    [
      "mirror",
      ["ecr:CreateRepository", "ecr:InitiateLayerUpload", "ecr:PutImage"],
      arn("ecr", `repository/${prefix}/any`),
    ],
  ];
  const checks: Check[] = [];
  for (const name of FUNCTIONS) {
    const role = functions[name]?.roleArn;
    const check = `rights of ${name}`;
    if (role === undefined) {
      checks.push(skipped(check, `${name} was not found`));
      continue;
    }
    let verdict: Check = passed(check, `${role.slice(role.lastIndexOf("/") + 1)} may do what it needs`);
    for (const [whose, actions, resource] of wanted) {
      if (whose !== name || resource === undefined) continue;
      const answer = await roles.mayDo(role, actions, resource);
      if (answer.kind === "allowed") continue;
      verdict =
        answer.kind === "refused"
          ? failed(
              check,
              `${role} may not ${answer.action} on ${resource}`,
              "a boundary or an organisation's policy forbids it, or the stack is old: deploy it again",
            )
          : skipped(check, answer.because, "allow yourself iam:SimulatePrincipalPolicy");
      break;
    }
    checks.push(verdict);
  }
  return checks;
}

async function quotaCheck({ quota }: Patient): Promise<Check> {
  const check = "Docker Hub quota";
  try {
    const found = await quota();
    if (found === undefined) return passed(check, "Docker Hub names no limit for this machine");
    const { remaining, limit, source } = found;
    const words = `${remaining} of ${limit} pulls left for ${source ?? "this machine"}; the functions and the tasks call from other addresses`;
    return remaining > 0
      ? passed(check, words)
      : failed(check, words, "sign in with docker login, or wait for the window to pass");
  } catch (error) {
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}

/** An ECS task event of this account, in the named cluster. */
export function taskEvent(
  { account, region, partition }: Patient["home"],
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

function passed(check: string, because: string): Check {
  return { check, result: "passed", because };
}

function failed(check: string, because: string, remedy: string): Check {
  return { check, result: "failed", because, remedy };
}

function skipped(check: string, because: string, remedy?: string): Check {
  return { check, result: "not checked", because, ...(remedy === undefined ? {} : { remedy }) };
}

/** A refusal is the caller's lack; what is absent is the stack's. */
function unread(check: string, { error }: Extract<Part<unknown>, { kind: "unread" }>): Check {
  if (error.kind === "absent") return failed(check, error.message, "deploy the stack again");
  return skipped(
    check,
    error.message,
    error.kind === "denied" ? `allow yourself ${error.action}` : undefined,
  );
}
