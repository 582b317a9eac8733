import { describe, expect, test } from "vitest";
import type { DescribedExecution, ListedExecution } from "../../../src/aws/stack/deployed-executions.ts";
import type { DeployedFunction, DeployedStack, ReadResult } from "../../../src/aws/stack/deployed-stack.ts";
import { TEST_EVENT_SOURCE } from "../../../src/aws/stack/send-test-event.ts";
import type { Check } from "../../../src/cli/doctor/check.ts";
import { probe } from "../../../src/cli/doctor/end-to-end-probe.ts";
import { taskEvent } from "../../../src/cli/doctor/rule-checks.ts";
import { runChecks } from "../../../src/cli/doctor/run-checks.ts";
import type { StackUnderTest } from "../../../src/cli/doctor/stack-under-test.ts";
import { readService } from "../../../src/ecs/service/service.ts";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { remediationName } from "../../../src/remediation/detect/execution-names.ts";
import { AwsError, type AwsErrorKind } from "../../../src/remediation/ports/aws-error.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const HOME = { account: "123456789012", region: "us-east-1", partition: "aws" };
const QUEUE = "arn:aws:sqs:us-east-1:123456789012:repull-queue";
const UNDELIVERED = "arn:aws:sqs:us-east-1:123456789012:repull-undelivered";
const DEAD = "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";
const ROLE = "arn:aws:iam::123456789012:role/web";
const PATTERN = JSON.stringify({
  detail: { clusterArn: [{ wildcard: "arn:aws:ecs:us-east-1:123456789012:cluster/prod-*" }] },
});
const NOW = Date.parse("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;

const read = <T>(value: T): ReadResult<T> => ({ kind: "read", value });
const awsError = (kind: AwsErrorKind, action: string) => new AwsError(kind, action, `${action}: ${kind}`);
const unread = (kind: AwsErrorKind, action: string): ReadResult<never> => ({
  kind: "unread",
  error: awsError(kind, action),
});
const throwing = (kind: AwsErrorKind, action: string) => async (): Promise<never> => {
  throw awsError(kind, action);
};

const deployedFunction = (name: string): DeployedFunction => ({
  arn: `arn:aws:lambda:us-east-1:123456789012:function:repull-${name}:live`,
  runtime: "nodejs24.x",
  state: "Active",
  roleArn: `arn:aws:iam::123456789012:role/repull-${name}`,
  isDurable: name !== "detect",
  environment: {
    REPULL_MODE: "remediate",
    REPULL_DEAD_LETTER_QUEUE_URL: DEAD,
    REPULL_MIRROR_PREFIX: "copies",
    REPULL_WRITES_PARAMETER: "/repull/writes",
    REPULL_DOCKER_HUB_SECRET: SECRET,
  },
});

const execution = (name: string, status: ListedExecution["status"], hoursAgo: number): ListedExecution => ({
  arn: `arn:${name}`,
  name,
  status,
  startedAt: NOW - hoursAgo * HOUR,
});

/** The event with which the dead remediations of these tests were started. */
const INPUT = taskEvent(HOME, "prod-eu", {
  group: "service:web",
  startedBy: "ecs-svc/1",
  stoppedReason:
    "CannotPullContainerError: pull access denied: toomanyrequests: You have reached your pull rate limit",
});

const service = (runningCount: number) =>
  readService({
    serviceName: "web",
    status: "ACTIVE",
    desiredCount: 2,
    runningCount,
    taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:42",
  });

const queueOf = (url: string, messages: number) => ({
  url,
  arn: QUEUE,
  messages,
  inFlight: 0,
  deadLetterArn: "dead",
});

type Ill = Partial<DeployedStack> & {
  readonly past?: readonly ListedExecution[];
  readonly died?: DescribedExecution;
};

/** A stack as it should be; a test changes what it is about. */
function patient(
  { past = [], died = { input: INPUT }, ...ill }: Ill = {},
  others: Partial<StackUnderTest> = {},
): StackUnderTest {
  return {
    stackName: "repull",
    home: HOME,
    stack: {
      functionNamed: async (name) => read(deployedFunction(name)),
      mappings: async () =>
        read([{ id: "u-1", queueArn: QUEUE, state: "Enabled", reportsBatchItemFailures: true }]),
      queue: async (name) => read(queueOf(name === QUEUE ? "https://queue" : name, 0)),
      oldestDeadLetter: async () =>
        read({ sentAt: NOW - 5 * HOUR, because: "detail.taskArn: expected an ARN" }),
      rulesInto: async () =>
        read([{ name: "repull-rule", isEnabled: true, pattern: PATTERN, undeliveredArn: UNDELIVERED }]),
      matches: async (_pattern, event) => read(JSON.stringify(event).includes("CannotPull")),
      supportsDurableFunctions: async () => read(true),
      unreservedConcurrency: async () => read(1000),
      ...ill,
    },
    executions: {
      since: async (arn) =>
        read(past.filter(({ name }) => name.startsWith(arn.includes("-remediate") ? "r-" : "m-"))),
      described: async () => read(died),
    },
    services: { describeService: async () => service(2) },
    roles: { simulate: async () => ({ kind: "allowed" }) },
    cache: {
      pullThroughRules: async () => [{ prefix: "docker-hub", upstreamHost: "registry-1.docker.io" }],
      validateRule: async () => ({ isValid: true, because: "good" }),
    },
    killSwitch: async () => "allowed",
    policyDocument: async () => "{}",
    calendar: { state: async () => ({ state: "open" }) },
    secretKeys: async () => ["username", "password", "accessToken"],
    quota: async () => ({ limit: 100, remaining: 80, source: "203.0.113.7" }),
    rolesInUse: async () => [ROLE],
    pullsInUse: async () => [{ image: "nginx:1.27", role: ROLE }],
    repositories: { policy: throwing("denied", "ecr:GetRepositoryPolicy"), tryPull: async () => {} },
    keyState: async () => "Enabled",
    now: () => NOW,
    ...others,
  };
}

const notPassed = (checks: readonly Check[]) => checks.filter(({ result }) => result !== "passed");
const without = (name: string): Partial<DeployedStack> => ({
  functionNamed: async (asked) =>
    asked === name ? unread("absent", "lambda:GetFunctionConfiguration") : read(deployedFunction(asked)),
});
const refusing = (action: string): StackUnderTest["roles"] => ({
  simulate: async (_, actions) =>
    actions.includes(action) ? { kind: "refused", action } : { kind: "allowed" },
});

test("a stack as it should be passes every check", async () => {
  const { checks, queueUrl, cluster } = await runChecks(patient());
  expect(notPassed(checks)).toEqual([]);
  expect(checks.map(({ check }) => check)).toEqual([
    "region",
    "function detect",
    "function remediate",
    "function mirror",
    "mapping",
    "queue",
    "dead letters",
    "rule",
    "rule pattern",
    "undelivered",
    "kill-switch",
    "policy",
    "concurrency",
    "rights of detect",
    "rights of remediate",
    "rights of mirror",
    "roles of the tasks",
    "Docker Hub secret",
    "pull-through rules",
    "Docker Hub quota",
    "quota of the account",
    "executions of remediate",
    "executions of mirror",
  ]);
  expect([queueUrl, cluster]).toEqual(["https://queue", "prod-repull-doctor"]);
});

test("a stack that only observes says so, and is well", async () => {
  const observing = { ...deployedFunction("detect").environment, REPULL_MODE: "observe" };
  const { checks } = await runChecks(
    patient({ functionNamed: async (name) => read({ ...deployedFunction(name), environment: observing }) }),
  );
  expect(notPassed(checks)).toEqual([]);
  expect(checks[1]?.because).toMatch(/observes/);
});

describe("what is wrong is one failed check with its remedy", () => {
  const mapped = (state: string, reportsBatchItemFailures = true) => ({
    mappings: async () => read([{ id: "u-1", queueArn: QUEUE, state, reportsBatchItemFailures }]),
  });
  const ruled = (rule: object) => ({
    rulesInto: async () =>
      read([{ name: "r", isEnabled: true, pattern: PATTERN, undeliveredArn: UNDELIVERED, ...rule }]),
  });
  const filled = (full: string) => ({
    queue: async (name: string) =>
      read(queueOf(name === QUEUE ? "https://queue" : name, name === full ? 3 : 0)),
  });
  const detectIn = (state: string, because: string) => ({
    functionNamed: async (name: string) =>
      read({ ...deployedFunction(name), ...(name === "detect" ? { state, because } : {}) }),
  });
  const timedOut = [execution("r-a-1", "timed-out", 30)];

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string, Ill, Partial<StackUnderTest>, RegExp, RegExp])[] = [
    ["no mapping",                        "mapping",                { mappings: async () => read([]) },        {}, /no queue/,                 /deploy/],
    ["a mapping that is disabled",        "mapping",                mapped("Disabled"),                        {}, /Disabled/,                 /update-event-source-mapping --enabled --uuid u-1/],
    ["a mapping of whole batches",        "mapping",                mapped("Enabled", false),                  {}, /whole batch/,              /ReportBatchItemFailures/],
    ["a function that has failed",        "function detect",        detectIn("Failed", "the key is disabled"), {}, /Failed: the key/,          /deploy/],
    ["a function that is not there",      "function mirror",        without("mirror"),                         {}, /no repull-mirror/,         /sam deploy --guided/],
    ["messages that wait",                "queue",                  filled(QUEUE),                             {}, /3 messages wait/,          /#waiting/],
    ["dead letters, and why",             "dead letters",           filled(DEAD),                              {}, /3 messages.*5 h.*taskArn/, /#dead-letters/],
    ["dead letters without a cause",      "dead letters",           { ...filled(DEAD), oldestDeadLetter: async () => read({ sentAt: NOW - 100 * HOUR }) }, {}, /4 d.*five times/, /#dead-letters/],
    ["letters that never arrived",        "undelivered",            filled(UNDELIVERED),                       {}, /3 messages/,               /#undelivered/],
    ["a rule that loses what it cannot",  "undelivered",            ruled({ undeliveredArn: undefined }),      {}, /is lost/,                  /deploy/],
    ["a disabled rule",                   "rule",                   ruled({ isEnabled: false }),               {}, /disabled/,                 /aws events enable-rule --name r/],
    ["no rule",                           "rule",                   { rulesInto: async () => read([]) },       {}, /no rule/,                  /deploy/],
    ["a pattern that misses EC2",         "rule pattern",           { matches: async (_, event) => read(String((event as { detail: JsonObject }).detail.stoppedReason ?? "").includes("CannotPull")) }, {}, /EC2's form/, /deploy/],
    ["a pattern that matches anything",   "rule pattern",           { matches: async () => read(true) },       {}, /a task that runs/,         /deploy/],
    ["a kill switch that is pulled",            "kill-switch",                  {}, { killSwitch: async () => "Ada: freeze" },      /pulled: Ada: freeze/,      /put-parameter --name \/repull\/writes .*allowed/],
    ["a kill switch that is gone",              "kill-switch",                  {}, { killSwitch: throwing("absent", "ssm:GetParameter") }, /nothing is written/, /deploy/],
    ["a right that is missing",           "rights of mirror",       {}, { roles: refusing("ecr:PutImage") },       /may not ecr:PutImage on .*repository\/copies\//, /boundary/],
    ["an outcome that cannot be sent",    "rights of remediate",    {}, { roles: refusing("events:PutEvents") },   /event-bus\/default/,       /boundary/],
    ["a role that cannot be passed on",   "roles of the tasks",     {}, { roles: refusing("iam:PassRole") },       /may not pass on .*role\/web/, /scan --roles.*PassableRoleArns/],
    ["a cache that mirror may not fill",  "pull-through rules",     {}, { roles: refusing("ecr:BatchImportUpstreamImage") }, /may not fill docker-hub/, /repository\/docker-hub\/\* .*ReadableRepositoryArns/],
    ["a rule that ECR finds wanting",     "pull-through rules",     {}, { cache: { pullThroughRules: async () => [{ prefix: "hub", upstreamHost: "registry-1.docker.io" }], validateRule: async () => ({ isValid: false, because: "the token has expired" }) } }, /has expired/, /secret/],
    ["a secret without a name",           "Docker Hub secret",      {}, { secretKeys: async () => ["password"] },  /only password/,            /policy\.md#a-docker-hub-account/],
    ["a secret with other keys",          "Docker Hub secret",      {}, { secretKeys: async () => [] },            /none of the keys/,         /policy\.md#a-docker-hub-account/],
    ["a secret that ECS cannot read",     "Docker Hub secret",      {}, { secretKeys: async () => ["username", "accessToken"] }, /no password/, /same token/],
    ["a secret that is gone",             "Docker Hub secret",      {}, { secretKeys: throwing("absent", "secretsmanager:GetSecretValue") }, /no such secret/, /DockerHubSecretArn/],
    ["a secret that is not an object",        "Docker Hub secret",      {}, { secretKeys: throwing("invalid", "secretsmanager:GetSecretValue") }, /not a JSON object/, /policy\.md/],
    ["a quota that is spent",             "Docker Hub quota",       {}, { quota: async (secret) => ({ limit: 100, remaining: secret === undefined ? 0 : 9 }) }, /0 of 100/, /wait/],
    ["an account whose quota is spent",   "quota of the account",   {}, { quota: async (secret) => ({ limit: 200, remaining: secret === undefined ? 9 : 0 }) }, /0 of 200/, /account with more/],
    ["an account that is refused",        "quota of the account",   {}, { quota: async (secret) => { if (secret === undefined) return undefined; throw new RegistryError("no", { kind: "unauthorized", host: "docker.io" }); } }, /refuses the account/, /token/],
    ["a remediation that timed out",      "executions of remediate", { past: timedOut }, { services: { describeService: async () => service(0) } }, /r-a-1 timed out and wrote no record; prod-eu\/web runs 0 of 2 tasks of web:42/, /#failed-executions/],
    ["a remediation that failed",         "executions of remediate", { past: [execution("r-a-1", "failed", 3)], died: { input: INPUT, because: "no right to checkpoint" } }, { services: { describeService: async () => service(1) } }, /failed: no right.*1 of 2/, /#failed-executions/],
    ["one about a task without service",  "executions of remediate", { past: timedOut, died: { input: taskEvent(HOME, "prod-eu", { group: "family:report", stoppedReason: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit" }) } }, {}, /a task of the family/, /#failed-executions/],
    ["one about something unknown",       "executions of remediate", { past: timedOut, died: {} },              {}, /its service is not known/,  /#failed-executions/],
    ["a remediation that is stuck",       "executions of remediate", { past: [execution("r-a-1", "running", 40)] }, {}, /has run for 40 h/,         /#stuck/],
    ["a copy that failed",                "executions of mirror",   { past: [execution("m-a-1", "failed", 2)], died: { because: "denied" } }, {}, /m-a-1 failed: denied/, /#failed-executions/],
  ];
  for (const [sentence, check, ill, others, words, remedy] of table) {
    test(sentence, async () => {
      const { checks } = await runChecks(patient(ill, others));
      const failures = checks.filter(({ result }) => result === "failed");
      expect(failures).toEqual([
        {
          check,
          result: "failed",
          because: expect.stringMatching(words),
          remedy: expect.stringMatching(remedy),
        },
      ]);
    });
  }

  test("a region without durable functions, before anything is deployed", async () => {
    const nothing = async () => unread("absent", "lambda:GetFunctionConfiguration");
    const { checks } = await runChecks(
      patient({ functionNamed: nothing, supportsDurableFunctions: async () => read(false) }),
    );
    expect(checks[0]).toMatchObject({
      check: "region",
      result: "failed",
      remedy: expect.stringMatching(/durable functions/),
    });
  });
});

describe("executions that need no attention", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly ListedExecution[], RegExp])[] = [
    ["one that timed out, whose service runs again", [execution("r-a-1", "timed-out", 30)], /none left alone; r-a-1 timed out.*2 of 2/],
    ["one that a later attempt has made good",       [execution("r-a-2", "succeeded", 1), execution("r-a-1", "failed", 3)], /^1 in 7 days, 0 running, none left alone$/],
    ["one that waits for a limit's window",          [execution("r-a-1", "running", 6)], /1 running, none left alone/],
    ["one that was stopped by hand",                 [execution("r-a-1", "stopped", 2)], /none left alone$/],
  ];
  for (const [sentence, past, words] of table) {
    test(sentence, async () => {
      const { checks } = await runChecks(patient({ past }));
      expect(notPassed(checks)).toEqual([]);
      expect(checks.find(({ check }) => check === "executions of remediate")?.because).toMatch(words);
    });
  }
});

describe("what could not be looked at is not checked, and no failure", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Ill, Partial<StackUnderTest>, string])[] = [
    ["function detect",    { functionNamed: async () => unread("denied", "lambda:GetFunctionConfiguration") }, {}, "allow yourself lambda:GetFunctionConfiguration"],
    ["mapping",            { mappings: async () => unread("denied", "lambda:ListEventSourceMappings") },       {}, "allow yourself lambda:ListEventSourceMappings"],
    ["queue",              { queue: async () => unread("denied", "sqs:GetQueueAttributes") },                  {}, "allow yourself sqs:GetQueueAttributes"],
    ["rule",               { rulesInto: async () => unread("denied", "events:ListRuleNamesByTarget") },        {}, "allow yourself events:ListRuleNamesByTarget"],
    ["rule pattern",       { matches: async () => unread("denied", "events:TestEventPattern") },               {}, "allow yourself events:TestEventPattern"],
    ["kill-switch",              {}, { killSwitch: throwing("denied", "ssm:GetParameter") },                                  "allow yourself ssm:GetParameter"],
    ["roles of the tasks", {}, { rolesInUse: throwing("denied", "ecs:ListClusters") },                             "allow yourself ecs:ListClusters"],
    ["Docker Hub secret",  {}, { secretKeys: throwing("denied", "secretsmanager:GetSecretValue") },                "allow yourself secretsmanager:GetSecretValue"],
    ["pull-through rules", {}, { cache: { pullThroughRules: throwing("denied", "ecr:DescribePullThroughCacheRules"), validateRule: throwing("denied", "x") } }, "allow yourself ecr:DescribePullThroughCacheRules"],
    ["executions of remediate", {}, { executions: { since: async () => unread("denied", "lambda:ListDurableExecutionsByFunction"), described: async () => read({}) } }, "allow yourself lambda:ListDurableExecutionsByFunction"],
  ];
  for (const [check, ill, others, remedy] of table) {
    test(check, async () => {
      const { checks } = await runChecks(patient(ill, others));
      expect(checks.filter(({ result }) => result === "failed")).toEqual([]);
      expect(checks.find((one) => one.check === check)).toMatchObject({ result: "not checked", remedy });
    });
  }

  test("a service that is down is not reported as a missing right", async () => {
    const down = throwing("unavailable", "ecr:DescribePullThroughCacheRules");
    const { checks } = await runChecks(
      patient({}, { cache: { pullThroughRules: down, validateRule: down } }),
    );
    const check = checks.find((one) => one.check === "pull-through rules");
    expect(check?.result).toBe("not checked");
    expect(check).not.toHaveProperty("remedy");
  });

  test("permissions, where IAM does not answer; the quota, where no answer comes", async () => {
    const roles: StackUnderTest["roles"] = {
      simulate: async () => ({ kind: "unknown", because: "iam:SimulatePrincipalPolicy: denied" }),
    };
    const quota = async () => {
      throw new Error("no route to Docker Hub");
    };
    const { checks } = await runChecks(patient({}, { roles, quota }));
    expect(notPassed(checks).map(({ check, result }) => [check, result])).toEqual([
      ["rights of detect", "not checked"],
      ["rights of remediate", "not checked"],
      ["rights of mirror", "not checked"],
      ["roles of the tasks", "not checked"],
      ["Docker Hub quota", "not checked"],
      ["quota of the account", "not checked"],
    ]);
  });
});

describe("a stack that observes", () => {
  const READS = /:(?:Describe|Get|List)|^(?:sqs|events):|^lambda:InvokeFunction$/;
  test("is well with the rights to read", async () => {
    const observing = (name: string): DeployedFunction => {
      const deployed = deployedFunction(name);
      return { ...deployed, environment: { ...deployed.environment, REPULL_MODE: "observe" } };
    };
    const mayRead: StackUnderTest["roles"]["simulate"] = async (_role, actions, on) => {
      const refused = actions.find((action) => !READS.test(action) || String(on).includes("repull-mirror"));
      return refused === undefined ? { kind: "allowed" } : { kind: "refused", action: refused };
    };
    const { checks } = await runChecks(
      patient({ functionNamed: async (name) => read(observing(name)) }, { roles: { simulate: mayRead } }),
    );
    expect(notPassed(checks)).toEqual([]);
  });
});

test("the doctor's own rule is not taken for the one that brings ECS's events", async () => {
  const own = {
    name: "repull-probe",
    isEnabled: true,
    pattern: JSON.stringify({ source: [TEST_EVENT_SOURCE] }),
    undeliveredArn: UNDELIVERED,
  };
  const ecs = { name: "repull-rule", isEnabled: false, pattern: PATTERN, undeliveredArn: UNDELIVERED };
  const { checks, cluster } = await runChecks(patient({ rulesInto: async () => read([own, ecs]) }));
  expect(cluster).toBe("prod-repull-doctor");
  expect(notPassed(checks)).toMatchObject([{ check: "rule", result: "failed" }]);
});

describe("the probe", () => {
  const examined = {
    cluster: "prod-x",
    queueUrl: "https://queue",
    remediateArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:live",
  };
  const record = {
    schemaVersion: "1",
    outcome: "not-eligible",
    summary: "not eligible: there is no such service",
    because: "there is no such service",
    execution: "r-1",
    images: [],
    nextSteps: [],
  };

  /** A time that passes by being waited for. */
  const skipping = (): Clock => {
    let now = NOW;
    return {
      now: () => now,
      sleep: async (milliseconds) => {
        now += milliseconds;
      },
    };
  };

  /** A path on which what is put becomes an execution that ends so; undefined: it becomes none. */
  const path = (status: ListedExecution["status"] | undefined, died: DescribedExecution) => {
    const started: ListedExecution[] = [execution("r-of-another-1", "running", 0)];
    return {
      put: async (document: JsonObject) => {
        const failure = readEvent(document, HOME);
        if (failure.kind === "pull-failure" && status !== undefined)
          started.push(execution(remediationName("repull-remediate", failure, 1), status, 0));
      },
      executions: { since: async () => read(started), described: async () => read(died) },
    };
  };

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, ListedExecution["status"] | undefined, DescribedExecution, Check["result"], RegExp])[] = [
    ["passes with the record's own words",       "succeeded", { result: record },    "passed", /to its record.*not-eligible, there is no such service/],
    ["fails where the execution left no record", "succeeded", { result: "done" },    "failed", /without a record/],
    ["fails with the execution, and says why",   "failed",    { because: "boom" },   "failed", /failed: boom/],
    ["fails after two minutes of nothing",       undefined,   {},                    "failed", /within 120 s/],
    ["fails while it does not end",              "running",   {},                    "failed", /within 120 s/],
  ];
  for (const [sentence, status, died, result, words] of table) {
    test(sentence, async () => {
      expect(await probe(examined, HOME, path(status, died), skipping())).toMatchObject({
        check: "the whole path",
        result,
        because: expect.stringMatching(words),
      });
    });
  }

  test("is not sent where there is no queue", async () => {
    const { queueUrl: _, ...nowhere } = examined;
    expect(await probe(nowhere, HOME, path("succeeded", {}), skipping())).toMatchObject({
      result: "not checked",
    });
  });
});

describe("the policy document and the concurrency", () => {
  const withDocument = (text: string, others: Partial<StackUnderTest> = {}, ill: Ill = {}) => {
    const environment = {
      ...deployedFunction("remediate").environment,
      REPULL_POLICY_PARAMETER: "/repull/policy",
    };
    return patient(
      { functionNamed: async (name) => read({ ...deployedFunction(name), environment }), ...ill },
      { policyDocument: async () => text, ...others },
    );
  };
  const FREEZE = '{"changeCalendar":["freeze"]}';
  const closed: StackUnderTest["calendar"] = { state: async () => ({ state: "closed", opensAt: NOW }) };
  const unread = (kind: "denied" | "absent") => ({ state: throwing(kind, "ssm:GetCalendarState") });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, tested: StackUnderTest, check: string, result: string])[] = [
    ["there is no document",                       patient(),                                                             "policy",      "passed"],
    ["the document is a policy",                   withDocument("{}"),                                                    "policy",      "passed"],
    ["the document is not a policy",               withDocument('{"modes":1}'),                                           "policy",      "failed"],
    ["there is no such parameter",                 withDocument("", { policyDocument: throwing("absent", "ssm:GetParameter") }), "policy", "failed"],
    ["the parameter may not be read",              withDocument("", { policyDocument: throwing("denied", "ssm:GetParameter") }), "policy", "not checked"],
    ["its calendar is closed, which is not a fault",  withDocument(FREEZE, { calendar: closed }),                            "policy",      "passed"],
    ["there is no such calendar",                  withDocument(FREEZE, { calendar: unread("absent") }),                  "policy",      "failed"],
    ["you may not read the calendar",              withDocument(FREEZE, { calendar: unread("denied") }),                  "policy",      "not checked"],
    ["a young account runs ten at a time",         patient({ unreservedConcurrency: async () => read(10) }),              "concurrency", "not checked"],
    ["an account runs a thousand",                 patient(),                                                             "concurrency", "passed"],
  ];
  for (const [when, tested, check, result] of table)
    test(`${check} is ${result} where ${when}`, async () => {
      const { checks } = await runChecks(tested);
      expect(checks.find((one) => one.check === check)?.result).toBe(result);
    });
});
