/**
 * The lines of the pages that are the AWS CLI's own: typed into a shell, with the served sandbox or moto as AWS. What neither plays
 * is read by AWS's own models, which the CLI brings: each option, each member and its form.
 */

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";
import { pageCommands } from "../../support/page-commands.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Where = "the sandbox" | "moto" | "AWS's models";

/** Where a line is not run in the sandbox, and why. */
// biome-ignore format: a table is read by its columns
const ELSEWHERE: readonly (readonly [begins: RegExp, where: Where, why: string])[] = [
  [/^aws ecs (?:create|delete)-(?:service|cluster)|^aws ecs register-task-definition/, "moto", "the page's own cluster, from its creation to its deletion"],
  [/^aws (?:secretsmanager|events) /,        "moto",         "the sandbox serves no secrets, and makes no rules"],
  [/^aws ecs tag-resource/,                  "AWS's models", "the sandbox and moto's services take no tag afterwards"],
  [/^aws lambda (?:stop|delete)-/,           "AWS's models", "the sandbox's functions cannot be stopped or deleted"],
  [/^aws s3 /,                               "moto",         "the sandbox serves no S3"],
  [/^aws sqs /,                              "moto",         "the sandbox's queues answer no command line"],
  [/^aws cloudformation .*repull-scan-role/, "AWS's models", "moto has no organisation whose units could have the stacks"],
  [/^aws cloudformation /,                   "moto",         "the sandbox serves no CloudFormation"],
];

const commands = [
  ...new Map(
    pageCommands()
      .filter(({ command }) => command.startsWith("aws "))
      .map((one) => [one.command, one] as const),
  ).values(),
];

/** A service whose image Docker Hub refuses, so that a task has failed and a plan waits for an approval. */
const ACCOUNT = {
  services: [
    {
      name: "web",
      cluster: "prod",
      image: "nginx:1.25",
      desiredCount: 2,
      revision: 42,
      subnets: ["subnet-a"],
    },
    { name: "storefront", cluster: "prod", image: "nginx:1.25", desiredCount: 2, revision: 7 },
  ],
  subnets: { "subnet-a": { route: "internet-gateway" } },
  registries: {
    "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
    "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
  },
};

const folder = mkdtempSync(join(tmpdir(), "repull-aws-lines-"));
for (const name of ["facts", "infra"]) mkdirSync(join(folder, name));
for (const name of ["central.yaml", "eks-role.yaml", "scan-role.yaml"])
  cpSync(fileURLToPath(new URL(`../../../infra/${name}`, import.meta.url)), join(folder, "infra", name));
writeFileSync(join(folder, "policy.json"), "{}");
writeFileSync(join(folder, "infra", "packaged.yaml"), "Resources: {}");

/** What a reader puts in the place of these. */
const VALUES = {
  SUBNET: "subnet-0123456789abcdef0",
  GROUP: "sg-0123456789abcdef0",
  ROLES: "arn:aws:iam::123456789012:role/a",
  BUCKET: "repull-code",
  AWS_REGION: "us-east-1",
  TOPIC_ARN: `arn:aws:sns:us-east-1:${MOTO_ACCOUNT}:chat`,
  QUOTA_TABLE: "repull-quotas",
};
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:1";

let account: ServedAccount;
let moto: Moto | undefined;
let isInstalled = false;
let found: Env = {};

function shell(command: string, env: Env): Promise<{ status: number; out: string; said: string }> {
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["-eo", "pipefail", "-c", command],
      { cwd: folder, env: { PATH: process.env.PATH, HOME: "/nonexistent", ...VALUES, ...env } },
      (error, out, err) =>
        resolve({ status: typeof error?.code === "number" ? error.code : 0, out, said: out + err }),
    );
  });
}

/** The sandbox's account, under the variables by which the AWS CLI gets one. */
const sandbox = (): Env => ({ ...account.env, AWS_DEFAULT_REGION: account.env.AWS_REGION, ...found });
const ofMoto = (): Env => ({
  AWS_ENDPOINT_URL: moto?.url,
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
  ...found,
});

/** What an account answers, once it does. */
async function text(command: string, env: Env = sandbox()): Promise<string> {
  for (let tries = 0; tries < 60; tries++) {
    const { out } = await shell(`${command} --output text`, env);
    if (!["", "None"].includes(out.trim())) return out.trim();
  }
  return "";
}

beforeAll(async () => {
  isInstalled = (await shell("command -v aws", {})).status === 0;
  if (!isInstalled) return;
  [account, moto] = await Promise.all([serveAccount(ACCOUNT, "approve"), startMoto()]);
  const list = "aws lambda list-durable-executions-by-function --function-name repull-remediate";
  const ARN = await text(`${list} --statuses RUNNING --query "DurableExecutions[0].DurableExecutionArn"`);
  const history = `aws lambda get-durable-execution-history --durable-execution-arn "${ARN}"`;
  const ec2 = async (list: string, query: string) =>
    await text(`aws ec2 describe-${list} --query '${query}'`, ofMoto());
  found = {
    SUBNET: await ec2("subnets", "Subnets[0].SubnetId"),
    GROUP: await ec2("security-groups", "SecurityGroups[0].GroupId"),
    ARN,
    TASK_ARN: await text("aws ecs list-tasks --cluster prod --desired-status STOPPED --query 'taskArns[0]'"),
    CALLBACK_ID: await text(
      `${history} --query 'Events[?CallbackStartedDetails].CallbackStartedDetails.CallbackId | [0]'`,
    ),
    DEPLOYMENT: await text(
      "aws ecs list-service-deployments --cluster prod --service web --query 'serviceDeployments[0].serviceDeploymentArn'",
    ),
  };
  const template = JSON.stringify({
    Resources: {
      PullFailureRule: { Type: "AWS::Events::Rule", Properties: { EventPattern: { source: ["aws.ecs"] } } },
    },
  });
  await shell(`aws cloudformation create-stack --stack-name repull --template-body '${template}'`, ofMoto());
  await shell("aws s3 mb s3://$BUCKET", ofMoto());
  const queue = typed("aws sqs create-queue --queue-name unhandled --query QueueUrl");
  found = { ...found, UNHANDLED_QUEUE_URL: await text(queue, ofMoto()) };
});
afterAll(async () => {
  await Promise.all([account?.close(), moto?.stop()]);
  rmSync(folder, { recursive: true });
});

function whereOf(command: string): Where {
  return ELSEWHERE.find(([begins]) => begins.test(command))?.[1] ?? "the sandbox";
}

/**
 * As it is typed: the CLI's first version, PyPI's, sends a blob as it is, and has no option for that. It asks
 * queue.amazonaws.com for SQS wherever AWS_ENDPOINT_URL leads, unless an option names the endpoint.
 */
function typed(command: string): string {
  return command
    .replace(" --cli-binary-format raw-in-base64-out", "")
    .replace(/^aws sqs (\S+)/, 'aws sqs $1 --endpoint-url "$AWS_ENDPOINT_URL"')
    .replace(/--service-deployment-arns ARN\b/, '--service-deployment-arns "$DEPLOYMENT"')
    .replace(
      /--resource-arn SERVICE_ARN\b/,
      "--resource-arn arn:aws:ecs:us-east-1:123456789012:service/prod/web",
    );
}

describe("a line of a page that calls the AWS CLI", () => {
  for (const { path, command } of commands) {
    const where = whereOf(command);
    test(`is taken by ${where}: ${path}: ${command.slice(0, 90)}`, async ({ skip }) => {
      skip(!isInstalled, "the AWS CLI is not installed");
      const line = typed(command);
      const { status, said } =
        where === "AWS's models"
          ? await shell(`${line} --generate-cli-skeleton output`, {
              AWS_DEFAULT_REGION: "us-east-1",
              ARN: FUNCTION,
            })
          : await shell(line, where === "moto" ? ofMoto() : sandbox());
      expect({ status, said: status === 0 ? "" : said }).toEqual({ status: 0, said: "" });
    });
  }
});

describe("a reason why a line is not run in the sandbox", () => {
  for (const [begins, where, why] of ELSEWHERE)
    test(`is about a line of a page: ${where}, because ${why}`, () =>
      expect(commands.some(({ command }) => begins.test(command))).toBe(true));
});
