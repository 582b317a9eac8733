/**
 * The rights of each function against what its code can send: nothing missing, nothing over.
 *
 * What a function can send is derived from its bundle: which gateways of `src/aws` are in it, which SDK commands those
 * send, behind which method of a port, and whether anything in the bundle calls that method.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { readSweepRequest, SWEEP_MINUTES } from "../../src/remediation/detect/sweep-request.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { EVERYTHING, FUNCTIONS, type Name, statementsOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";
import { withoutComments } from "../support/project-files.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The IAM prefix of each client. */
const SERVICES: Readonly<Record<string, string>> = {
  "client-dynamodb": "dynamodb",
  "client-ec2": "ec2",
  "client-ecr": "ecr",
  "client-ecs": "ecs",
  "client-eventbridge": "events",
  "client-iam": "iam",
  "client-lambda": "lambda",
  "client-secrets-manager": "secretsmanager",
  "client-scheduler": "scheduler",
  "client-sqs": "sqs",
  "client-ssm": "ssm",
  "client-sts": "sts",
};
/** A call whose right has another name. */
const RIGHTS: Readonly<Record<string, string>> = { "lambda:Invoke": "lambda:InvokeFunction" };

/** Which methods of our gateways send each command: a function that calls none of them cannot send it. */
// biome-ignore format: a table is read by its columns
const METHODS: Readonly<Record<string, readonly string[]>> = {
  "ecs:ListClusters":                        ["reads.listClusters"],
  "ecs:ListServices":                        ["reads.listServices"],
  "ecs:DescribeServices":                    ["ecs.describeService", "reads.describeServices"],
  "ecs:DescribeClusters":                    ["ecs.clusterTags"],
  "ecs:DescribeTasks":                       ["ecs.describeTask", "ecs.listTasks", "ecs.listTasksStartedBy", "tasks.describe", "reads.describeTasks"],
  "ecs:DescribeContainerInstances":          ["tasks.instanceOf", "machines.kinds", "networks.instances"],
  "ecs:ListContainerInstances":              ["machines.kinds", "networks.instances"],
  "ecs:RunTask":                             ["tasks.run"],
  "ec2:DescribeNetworkInterfaces":           ["tasks.networkOf"],
  "events:ListEventBuses":                   ["schedules.targetsOf"],
  "events:ListRuleNamesByTarget":            ["schedules.targetsOf"],
  "events:ListTargetsByRule":                ["schedules.targetsOf", "schedules.move"],
  "events:ListTagsForResource":              ["schedules.tagsOf"],
  "scheduler:ListTagsForResource":           ["schedules.tagsOf"],
  "events:PutTargets":                       ["schedules.move"],
  "scheduler:ListSchedules":                 ["schedules.targetsOf"],
  "scheduler:GetSchedule":                   ["schedules.targetsOf", "schedules.move"],
  "scheduler:UpdateSchedule":                ["schedules.move"],
  "ecs:ListTasks":                           ["ecs.listTasks", "ecs.listTasksStartedBy", "reads.listStoppedTasks"],
  "ecs:ListServiceDeployments":              ["ecs.serviceDeployment", "ecs.listServiceDeployments"],
  "ecs:DescribeServiceRevisions":            ["ecs.serviceDeployment", "ecs.describeServiceRevisions"],
  "ecs:DescribeServiceDeployments":          ["ecs.serviceDeployment", "ecs.ecsRollbacks"],
  "ecs:DescribeTaskDefinition":              ["ecs.describeTaskDefinition", "ecs.newestRevisions"],
  "ecs:ListTaskDefinitions":                 ["ecs.newestRevisions"],
  "ecs:RegisterTaskDefinition":              ["ecs.registerTaskDefinition"],
  "ecs:UpdateService":                       ["ecs.updateService"],
  "ecs:StopServiceDeployment":               ["ecs.rollBackDeployment"],
  "ecr:CreateRepository":                    ["ecr.ensureRepository"],
  "ecr:DescribeImages":                      ["ecr.imageStatus"],
  "ecr:GetAuthorizationToken":               ["ecr.authorization"],
  "ecr:DescribePullThroughCacheRules":       ["ecr.pullThroughRules"],
  "ecr:ValidatePullThroughCacheRule":        ["ecr.validateRule"],
  "ecr:BatchGetImage":                       ["ecr.importImage"],
  "ecr:BatchCheckLayerAvailability":         ["ecr.missingLayers"],
  "ecr:GetDownloadUrlForLayer":              ["ecr.fetchLayer"],
  "iam:SimulatePrincipalPolicy":             ["roles.simulate"],
  "iam:GetInstanceProfile":                  ["roles.ofInstanceProfile"],
  "ec2:DescribeDhcpOptions":                 ["networks.describe"],
  "ec2:DescribeInstances":                   ["networks.instances"],
  "ec2:DescribeNatGateways":                 ["networks.describe"],
  "ec2:DescribeNetworkAcls":                 ["networks.describe"],
  "ec2:DescribeRouteTables":                 ["networks.describe"],
  "ec2:DescribeSecurityGroups":              ["networks.describe"],
  "ec2:DescribeSubnets":                     ["networks.describe"],
  "ec2:DescribeVpcAttribute":                ["networks.describe"],
  "ec2:DescribeVpcEndpoints":                ["networks.describe"],
  "ec2:DescribeVpcs":                        ["networks.describe"],
  "ec2:GetManagedPrefixListEntries":         ["networks.describe"],
  "secretsmanager:DescribeSecret":           ["roles.keyOfSecret"],
  "secretsmanager:GetSecretValue":           ["hub.credentials"],
  "ssm:GetCalendarState":                    ["changeCalendar.state"],
  "ssm:GetParameter":                        ["parameters.read"],
  "events:PutEvents":                        ["bus.publish"],
  "dynamodb:UpdateItem":                     ["quotaStore.acquire", "quotaStore.claimNotification"],
  "dynamodb:GetItem":                        ["quotaStore.used"],
  "lambda:Invoke":                           ["executions.start"],
  "lambda:ListDurableExecutionsByFunction":  ["executions.start", "executions.status", "endedBadly.count"],
  "lambda:GetDurableExecution":              ["executions.status"],
  "sqs:SendMessage":                         ["deadLetters.reject"],
};

/** Rights that no SDK command shows, each with who needs it. */
// biome-ignore format: a table is read by its columns
const WITHOUT_A_COMMAND: readonly (readonly [functions: readonly Name[], right: string, caller: string])[] = [
  [["detect", "remediate", "mirror"], "logs:CreateLogStream",              "the Lambda runtime"],
  [["detect", "remediate", "mirror"], "logs:PutLogEvents",                 "the Lambda runtime"],
  [["detect", "remediate", "mirror"], "kms:Decrypt",                       "SQS, with a customer managed key"],
  [["detect", "remediate", "mirror"], "kms:GenerateDataKey",               "SQS, with a customer managed key"],
  [["detect"],                        "sqs:ReceiveMessage",                "the event source mapping"],
  [["detect"],                        "sqs:DeleteMessage",                 "the event source mapping"],
  [["detect"],                        "sqs:GetQueueAttributes",            "the event source mapping"],
  [["detect"],                        "sqs:ChangeMessageVisibility",       "the event source mapping"],
  [["remediate", "mirror"],           "sqs:SendMessage",                   "Lambda, for an asynchronous event that it gives up"],
  [["remediate", "mirror"],           "lambda:CheckpointDurableExecution", "the durable SDK"],
  [["remediate", "mirror"],           "lambda:GetDurableExecutionState",   "the durable SDK"],
  [["remediate"],                     "iam:PassRole",                      "RegisterTaskDefinition, for the roles that a revision keeps"],
  [["remediate"],                     "ecs:TagResource",                   "RegisterTaskDefinition, for its tags"],
  [["mirror"],                        "ecr:TagResource",                   "CreateRepository, for its tags"],
  [["remediate", "mirror"],           "ecr:BatchGetImage",                 "the registry's GET and HEAD of a manifest"],
  [["remediate", "mirror"],           "ecr:GetDownloadUrlForLayer",        "the registry's GET of a blob, and its mount"],
  [["mirror"],                        "ecr:BatchCheckLayerAvailability",   "the registry's HEAD of a blob"],
  [["mirror"],                        "ecr:BatchImportUpstreamImage",      "BatchGetImage where a pull-through rule leads"],
  [["mirror"],                        "ecr:InitiateLayerUpload",           "the registry's POST of an upload"],
  [["mirror"],                        "ecr:UploadLayerPart",               "the registry's upload"],
  [["mirror"],                        "ecr:CompleteLayerUpload",           "the registry's PUT of a blob"],
  [["mirror"],                        "ecr:PutImage",                      "the registry's PUT of a manifest"],
  [["detect", "remediate", "mirror"], "ec2:CreateNetworkInterface",        "Lambda, in the operator's VPC"],
  [["detect", "remediate", "mirror"], "ec2:DescribeNetworkInterfaces",     "Lambda, in the operator's VPC"],
  [["detect", "remediate", "mirror"], "ec2:DescribeSubnets",               "Lambda, in the operator's VPC"],
  [["detect", "remediate", "mirror"], "ec2:DeleteNetworkInterface",        "Lambda, in the operator's VPC"],
  [["detect", "remediate", "mirror"], "ec2:AssignPrivateIpAddresses",      "Lambda, in the operator's VPC"],
  [["detect", "remediate", "mirror"], "ec2:UnassignPrivateIpAddresses",    "Lambda, in the operator's VPC"],
];

/** The commands that a function's bundle can send: `ecs:DescribeTasks`. */
async function sendable(name: Name): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`functions/${name}/handler.ts`],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    metafile: true,
    write: false,
    outdir: "none",
    logLevel: "silent",
  });
  // In the bundle, and not shaken out of it.
  const ours = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path, { bytesInOutput }]) => /^(?:src|functions)\//.test(path) && bytesInOutput > 0)
    .map(([path]) => ({ path, text: withoutComments(readFileSync(`${root}${path}`, "utf8")) }));
  const called = new Set(
    ours.flatMap(({ text }) =>
      [...text.matchAll(/\b(\w+\??\.\w+)\(/g)].map(([, method]) => method?.replace("?", "")),
    ),
  );
  const commands = ours
    .filter(({ path }) => path.startsWith("src/aws/"))
    .flatMap(({ text }) => commandsIn(text));
  return new Set(
    commands.filter((command) => {
      const methods = METHODS[command];
      if (methods === undefined)
        throw new Error(`${command}: say in METHODS which method of a gateway sends it`);
      return methods.some((method) => called.has(method));
    }),
  );
}

function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/import\s*\{([^}]*)\}\s*from\s*"@aws-sdk\/(client-[a-z0-9-]+)"/g)].flatMap(
    ([, names = "", client = ""]) => {
      const service = SERVICES[client];
      if (service === undefined) throw new Error(`${client}: say in SERVICES what IAM calls it`);
      return [...names.matchAll(/\b([A-Z]\w+)Command\b/g)].map(([, call]) => `${service}:${call}`);
    },
  );
}

const sent = new Map<Name, ReadonlySet<string>>();
beforeAll(async () => {
  for (const name of FUNCTIONS) sent.set(name, await sendable(name));
}, 60_000);

for (const name of FUNCTIONS) {
  describe(name, () => {
    const statements = statementsOf(name);
    const granted = statements.flatMap(({ actions }) => actions);
    const others = WITHOUT_A_COMMAND.filter(([functions]) => functions.includes(name)).map(
      ([, right]) => right,
    );

    test("has every right that its commands need", () => {
      const needed = [...(sent.get(name) ?? [])].map((command) => RIGHTS[command] ?? command);
      expect(needed.length).toBeGreaterThan(1);
      expect(needed.filter((right) => !granted.includes(right))).toEqual([]);
    });
    test("has every right that others need on its behalf", () => {
      expect(others.filter((right) => !granted.includes(right))).toEqual([]);
    });
    test("has no unused right", () => {
      const commands = [...(sent.get(name) ?? [])].map((command) => RIGHTS[command] ?? command);
      expect(granted.filter((right) => !commands.includes(right) && !others.includes(right))).toEqual([]);
    });
    test("is granted each right once for each resource and condition", () => {
      const pairs = statements.flatMap(({ actions, resources, text }) => {
        const condition = JSON.stringify(JSON.parse(text).Condition ?? {});
        return actions.flatMap((action) =>
          resources.map((resource) => `${action} on ${resource} ${condition}`),
        );
      });
      expect(pairs.toSorted()).toEqual([...new Set(pairs)].toSorted());
    });
  });
}

describe("what no function can do", () => {
  const all = FUNCTIONS.flatMap((name) => statementsOf(name).map((statement) => ({ name, ...statement })));
  const holders = (right: RegExp) =>
    all.filter(({ actions }) => actions.some((action) => right.test(action)));

  test("no role names an action by a wildcard", () => {
    expect(all.flatMap(({ actions }) => actions).filter((action) => action.includes("*"))).toEqual([]);
  });
  test("no role, policy, rule of ECR or function can be changed", () => {
    const forbidden =
      /^(?:iam:(?!PassRole$|SimulatePrincipalPolicy$|GetInstanceProfile$)|ecr:(?:Put(?!Image$)|Delete|Set|Update|CreatePullThrough|CreateRepositoryCreation)|lambda:(?:Update|Create|Delete|Put|Add)|kms:(?:Put|Create|Schedule)|sts:AssumeRole|secretsmanager:Put)/;
    expect(holders(forbidden)).toEqual([]);
  });
  test("only mirror writes to ECR, and only below the prefix", () => {
    for (const { name, resources } of holders(/^ecr:(?:PutImage|.*LayerUpload|UploadLayerPart)$/)) {
      expect(name).toBe("mirror");
      expect(resources).toEqual(["arn:aws:ecr:us-east-1:123456789012:repository/repull/*"]);
    }
  });
  test("only mirror makes repositories and fills caches, below the prefix and where the pull-through rules lead", () => {
    const place = (path: string) => `arn:aws:ecr:us-east-1:123456789012:repository/${path}`;
    for (const { name, resources } of holders(/^ecr:(?:CreateRepository|BatchImportUpstreamImage)$/)) {
      expect(name).toBe("mirror");
      for (const resource of resources) {
        expect([place("repull/*"), place("docker-hub/*"), EVERYTHING.ReadableRepositoryArns]).toContain(
          resource,
        );
      }
    }
  });
  test("an account's secret and a policy are read by the functions that need them, and nothing else of their kind", () => {
    for (const { name, resources } of holders(/^(?:secretsmanager:|ssm:GetParameter$)/)) {
      // Only mirror and remediate show an account to a registry.
      if (name === "detect")
        expect(resources).toEqual([expect.stringMatching(/:parameter\/repull\/(?:policy|writes)$/)]);
      expect(resources).toHaveLength(1);
      expect(resources[0]).toMatch(
        /:secret:ecr-pullthroughcache\/hub$|:parameter\/repull\/(?:policy|writes)$/,
      );
    }
  });
  test("remediate alone asks Change Calendars, and reads nothing of them but their state", () => {
    const askers = all.filter(({ actions }) =>
      actions.some((action) => /^ssm:(?!GetParameter$)/.test(action)),
    );
    expect(askers.map(({ name, actions }) => [name, actions])).toEqual([
      ["remediate", ["ssm:GetCalendarState"]],
    ]);
  });
  test("only remediate writes to ECS", () => {
    const writers = holders(/^ecs:(?:Register|Update|Tag|Create|Delete|Run|Start|Stop)/);
    expect([...new Set(writers.map(({ name }) => name))]).toEqual(["remediate"]);
  });
  test("the schedule's role has detect called, by its alias, and nothing else", () => {
    const { resources } = readTemplate(EVERYTHING);
    const role = resources.SweepRole?.Properties as JsonObject;
    const text = JSON.stringify(role);
    expect(text.match(/"Action":"[^"]+"/g)).toEqual([
      '"Action":"sts:AssumeRole"',
      '"Action":"lambda:InvokeFunction"',
    ]);
    expect(text).toContain('"Resource":"arn:aws:lambda:us-east-1:123456789012:function:repull-detect:live"');
    expect(text).toContain('"aws:SourceAccount":"123456789012"');
    expect(resources.Sweep?.Properties).toMatchObject({
      ScheduleExpression: `rate(${SWEEP_MINUTES} minutes)`,
      Target: {
        Arn: "arn:aws:lambda:us-east-1:123456789012:function:repull-detect:live",
        RoleArn: "SweepRole.Arn",
      },
    });
  });
  test("the schedule asks for a sweep as detect reads it", () => {
    const { Target } = Object(readTemplate().resources.Sweep?.Properties) as { Target: { Input: string } };
    const scheduled = Target.Input.replace("<aws.scheduler.scheduled-time>", "2026-11-28T23:45:00Z");
    expect(readSweepRequest(JSON.parse(scheduled)).sweepNumber).toBe(
      Date.parse("2026-11-28T23:45:00Z") / 900_000,
    );
  });
  test("a service that opted out is out of reach, and a revision is not privileged", () => {
    expect(holders(/^ecs:UpdateService$/)[0]?.text).toContain(
      '"StringEqualsIgnoreCaseIfExists":{"aws:ResourceTag/repull":["on","true","yes","enabled"]}',
    );
    expect(holders(/^ecs:RegisterTaskDefinition$/)[0]?.text).toContain('"ecs:privileged":"false"');
  });
  test("what is used of the quotas is counted in one table, and no function reads or deletes there", () => {
    const counters = all.filter(({ actions }) => actions.some((action) => action.startsWith("dynamodb:")));
    expect(counters.map(({ name, actions, resources }) => [name, actions, resources])).toEqual(
      ["remediate", "mirror"].map((name) => [name, ["dynamodb:UpdateItem"], ["QuotaTable.Arn"]]),
    );
  });
  test("a role is passed to tasks alone, and only one that a parameter names", () => {
    const [statement] = holders(/^iam:PassRole$/);
    expect(statement?.text).toContain('"iam:PassedToService":"ecs-tasks.amazonaws.com"');
    const PassableRoleArns = "arn:aws:iam::123456789012:role/a";
    const passed = statementsOf("remediate", { Mode: "remediate", PassableRoleArns }).filter(({ actions }) =>
      actions.includes("iam:PassRole"),
    );
    expect(passed.map(({ resources }) => resources)).toEqual([[PassableRoleArns]]);
  });
  test("an execution is checkpointed on a version of the function that it is of", () => {
    for (const { name, resources } of holders(/^lambda:CheckpointDurableExecution$/)) {
      expect(resources).toEqual([`arn:aws:lambda:us-east-1:123456789012:function:repull-${name}:*`]);
    }
  });
  test("without a key and a VPC, no right for either", () => {
    const { resources } = readTemplate();
    const text = JSON.stringify(resources);
    expect(text).not.toMatch(/"(?:kms|ec2:(?!Describe)|secretsmanager):/);
    // But for the kill switch, which every stack has, and detect and remediate read.
    expect(text.match(/"ssm:/g)).toHaveLength(2);
  });
});

describe("a parameter that is empty takes its rights away", () => {
  const actionsWithout = (parameters: Readonly<Record<string, string>>): readonly string[] =>
    FUNCTIONS.flatMap((name) => statementsOf(name, { ...EVERYTHING, ...parameters })).flatMap(
      ({ actions, resources }) =>
        actions.flatMap((action) => resources.map((resource) => `${action} ${resource}`)),
    );
  // biome-ignore format: a table is read by its columns
  const table = [
    [{ StandaloneTasks: "register" },  /^ecs:RunTask |^ecs:TagResource .*:task\//],
    [{ ScheduleRoleArns: "" },         /^(?:scheduler:|events:(?!PutEvents))|^iam:PassRole .*role\/schedules/],
    [{ MirrorPrefix: "" },             /^ecr:(?:PutImage|.*Upload.*) |repository\/\/|repository\/repull/],
    [{ DockerHubSecretArn: "" },       /^secretsmanager:|repository\/docker-hub/],
    [{ DockerHubCachePrefix: "" },     /repository\/docker-hub|repository\/\//],
    [{ DockerHubSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub" }, /repository\/docker-hub/],
    [{ ReadableRepositoryArns: "" },   /repository\/central/],
    [{ PolicyParameter: "" },          /^ssm:(?!GetParameter .*\/writes$)/],
    [{ KmsKeyArn: "" },                /^kms:/],
    [{ SubnetIds: "" },                /^ec2:(?:Create|Delete|Assign|Unassign)/],
    [{ Mode: "observe" },              /^(?:ecs:(?!Describe|List)|ecr:(?!Get|Describe|Batch(?:Get|Check)|Validate)|iam:PassRole|dynamodb:|scheduler:Update|events:PutTargets)/],
  ] as const;
  for (const [parameters, rights] of table) {
    test(JSON.stringify(parameters), () => {
      expect(actionsWithout({}).filter((right) => rights.test(right))).not.toEqual([]);
      expect(actionsWithout(parameters).filter((right) => rights.test(right))).toEqual([]);
    });
  }
});

describe("the derivation", () => {
  test("sees commands behind methods that are called, and not behind those that are not", () => {
    expect(sent.get("detect")).toEqual(
      new Set([
        "lambda:Invoke",
        "lambda:ListDurableExecutionsByFunction",
        "lambda:GetDurableExecution",
        "sqs:SendMessage",
        "ssm:GetParameter",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:ListTasks",
        "ecs:DescribeTasks",
      ]),
    );
    expect(sent.get("mirror")?.has("ecr:CreateRepository")).toBe(true);
    expect(sent.get("mirror")?.has("ecs:UpdateService")).toBe(false);
  });
});
