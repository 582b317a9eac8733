/**
 * `repull diagnose` in an account that moto plays: a service in a real VPC, its task definition, log groups, secrets,
 * parameters, keys, images and file systems, each read by the calls that AWS takes. What moto does not have is left open.
 */

import { readFileSync } from "node:fs";
import {
  AuthorizeSecurityGroupEgressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAccountReads } from "../../src/aws/diagnosis/account-reads.ts";
import { recordedReads } from "../../src/aws/diagnosis/recorded-reads.ts";
import { startsInAccount } from "../../src/cli/account/find-failed-start.ts";
import { recordingReads } from "../../src/cli/account/recorded-answers.ts";
import { type Diagnosis, diagnose } from "../../src/diagnosis/diagnose.ts";
import { type FailedStart, failedStartsIn } from "../../src/diagnosis/failed-start.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";

const REGION = "us-east-1";
const HOST = `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
const ROLE = `arn:aws:iam::${MOTO_ACCOUNT}:role/web-execution`;

let moto: Moto;
const ids = { subnet: "", group: "", secret: "" };
const settings = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
const reads = () => createAccountReads({ ...settings(), attemptsMax: 1 }, MOTO_ACCOUNT);

beforeAll(async () => {
  moto = await startMoto();
  const ec2 = new EC2Client(settings());
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  ids.subnet =
    (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }))).Subnet?.SubnetId ?? "";
  const { RouteTables } = await ec2.send(
    new (await import("@aws-sdk/client-ec2")).DescribeRouteTablesCommand({
      Filters: [{ Name: "vpc-id", Values: [VpcId] }],
    }),
  );
  await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId,
      ServiceName: `com.amazonaws.${REGION}.s3`,
      VpcEndpointType: "Gateway",
      RouteTableIds: [RouteTables?.[0]?.RouteTableId ?? ""],
    }),
  );
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "tasks", Description: "tasks" }),
  );
  ids.group = group.GroupId ?? "";
  const everywhere = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: ids.group, IpPermissions: everywhere }));
  const inside = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.0.0.0/16" }] }];
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: ids.group, IpPermissions: inside }));
  const ecr = new ECRClient(settings());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: "web" }));
  await ecr.send(
    new PutImageCommand({
      repositoryName: "web",
      imageTag: "2",
      imageManifest: JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: `sha256:${"a".repeat(64)}`,
          size: 2,
        },
        layers: [],
      }),
    }),
  );
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await new IAMClient(settings()).send(
    new CreateRoleCommand({ RoleName: "web-execution", AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  ids.secret =
    (
      await new SecretsManagerClient(settings()).send(
        new CreateSecretCommand({ Name: "app/db", SecretString: "{}" }),
      )
    ).ARN ?? "";
  const ecs = new ECSClient(settings());
  await ecs.send(new CreateClusterCommand({ clusterName: "prod" }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      executionRoleArn: ROLE,
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      volumes: [{ name: "data", efsVolumeConfiguration: { fileSystemId: "fs-0123456789abcdef0" } }],
      containerDefinitions: [
        {
          name: "web",
          image: `${HOST}/web:1`,
          memory: 64,
          secrets: [
            { name: "DB", valueFrom: `${ids.secret}:password::` },
            {
              name: "GONE",
              valueFrom: `arn:aws:secretsmanager:${REGION}:${MOTO_ACCOUNT}:secret:gone-AbCdEf`,
            },
            { name: "KEY", valueFrom: "/prod/key" },
          ],
          logConfiguration: {
            logDriver: "awslogs",
            options: {
              "awslogs-group": "/ecs/web",
              "awslogs-region": REGION,
              "awslogs-stream-prefix": "web",
            },
          },
        },
      ],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster: "prod",
      serviceName: "web",
      taskDefinition: "web",
      launchType: "FARGATE",
      desiredCount: 0,
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [ids.subnet],
          securityGroups: [ids.group],
          assignPublicIp: "DISABLED",
        },
      },
    }),
  );
}, 60_000);
afterAll(() => moto?.stop());

const failed = (stoppedReason: string): FailedStart => {
  const task: JsonObject = {
    taskArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task/prod/8a8bb7cd343aa2ad99b7d762030857a2`,
    clusterArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:cluster/prod`,
    taskDefinitionArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task-definition/web:1`,
    group: "service:web",
    launchType: "FARGATE",
    stopCode: "TaskFailedToStart",
    stoppedReason,
    attachments: [{ type: "ElasticNetworkInterface", details: [{ name: "subnetId", value: ids.subnet }] }],
  };
  return (failedStartsIn({ tasks: [task] }) as readonly [FailedStart])[0];
};
const causes = ({ causes: found }: Diagnosis) => found.map(({ code, certainty }) => `${code} ${certainty}`);
const resultOf = ({ checks }: Diagnosis, id: string) =>
  checks.filter((one) => one.id === id).map(({ result }) => result);

describe("a failed start in the account", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["the group lets nothing out to S3's list", `CannotPullContainerError: The task cannot pull ${HOST}/web:2. There is a connection issue between the task and the registry. : failed to copy: httpReadSeeker: failed open: Get ${HOST}/web:2: dial tcp 52.216.1.1:443: i/o timeout`, "sg-egress-lacks-s3-prefix-list proved"],
    ["no endpoint, no way out",                 'ResourceInitializationError: unable to retrieve ecr registry auth: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 44.213.79.86:443: i/o timeout', "no-way-to-ecr-api proved"],
    ["the tag was never pushed",                `CannotPullContainerError: failed to resolve ref ${HOST}/web:1: not found.`,                              "tag-not-in-repository proved"],
    ["the repository was never made",           `CannotPullContainerError: failed to resolve ref ${HOST}/other:1: not found.`,                            "repository-missing proved"],
    ["the role trusts another service",         `ECS was unable to assume the role '${ROLE}' that was provided for this task.`,                           "task-role-not-assumable proved"],
  ] as const;
  for (const [what, reason, cause] of table)
    test(`${what}: ${cause}`, async () => {
      expect(causes(await diagnose(failed(reason), reads()))[0]).toBe(cause);
    });
});

describe("the calls of a diagnosis", () => {
  const counted = async (what: (from: ReturnType<typeof createAccountReads>) => Promise<unknown>) => {
    let calls = 0;
    const watch = async <T>(_: unknown, send: (signal: undefined) => Promise<T>) => {
      calls += 1;
      return await send(undefined);
    };
    await what(createAccountReads({ ...settings(), attemptsMax: 1, watch }, MOTO_ACCOUNT));
    return calls;
  };
  const texts: readonly { readonly reason: string }[] = JSON.parse(
    readFileSync(new URL("../diagnosis/field-reasons.json", import.meta.url), "utf8"),
  );

  test("of a failure with words are 25 at the most, but for one in twenty", async () => {
    const counts: number[] = [];
    for (const { reason } of texts) counts.push(await counted((from) => diagnose(failed(reason), from)));
    const sorted = counts.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThanOrEqual(25);
    expect(sorted.at(-1)).toBeLessThanOrEqual(60);
  }, 120_000);

  test("of a service that has not failed are 60 at the most", async () => {
    const calls = await counted(async (from) => {
      const [start] = await startsInAccount("prod/web", undefined, from);
      return await diagnose(start as FailedStart, from);
    });
    expect(calls).toBeLessThanOrEqual(60);
    expect(calls).toBeGreaterThan(20);
  });
});

describe("a service that has not failed", () => {
  test("gets what it would meet, and what moto cannot be asked", async () => {
    const [start] = await startsInAccount("prod/web", undefined, reads());
    const found = await diagnose(start as FailedStart, reads());
    expect(found.verdict).toBe("cause-found");
    const failures = found.checks.filter(({ result }) => result === "failed").map(({ cause }) => cause?.code);
    expect(failures).toEqual(
      expect.arrayContaining([
        "no-way-to-ecr-api",
        "tag-not-in-repository",
        "secret-missing",
        "parameter-missing",
        "log-group-missing",
        "efs-missing",
        "task-role-not-assumable",
      ]),
    );
    expect(resultOf(found, "secret.exists").toSorted()).toEqual(["failed", "passed"]);
    // moto has no simulator: nothing is said of what a role may do.
    expect(new Set(resultOf(found, "role.ecr-pull"))).toEqual(new Set(["not checked"]));
  });

  test("is diagnosed the same from what was recorded of it", async () => {
    const kept = new Map<string, JsonObject>();
    const recording = recordingReads(reads());
    const [start] = await startsInAccount("prod/web", undefined, recording);
    const live = await diagnose(start as FailedStart, recording);
    await recording.write("kept", {
      out: () => {},
      err: () => {},
      isTty: false,
      env: {},
      readFile: async () => undefined,
      writeFile: async (path, text) => void kept.set(path.replace(/^kept\/|\.json$/g, ""), JSON.parse(text)),
      signal: new AbortController().signal,
    });
    const again = await diagnose(
      start as FailedStart,
      recordedReads(kept, { account: MOTO_ACCOUNT, region: REGION }),
    );
    expect(causes(again)).toEqual(causes(live));
  });
});
