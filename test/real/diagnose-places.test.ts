/**
 * What a start meets in addition to its network, in an account that moto plays: the load balancer's way to the tasks, an Auto Scaling group,
 * network interfaces of an instance, a parameter's own key, the dates of a role and its policy, an infrastructure role. moto has no
 * simulator and no revisions of a service: what depends on them is reported as not checked.
 */

import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callJson } from "../../src/aws/client/calls/json-call.ts";
import { callQuery } from "../../src/aws/client/calls/query-call.ts";
import { createAccountReads } from "../../src/aws/diagnosis/account-reads.ts";
import { type Diagnosis, diagnose } from "../../src/diagnosis/diagnose.ts";
import { type FailedStart, failedStartsIn } from "../../src/diagnosis/failed-start.ts";
import { getObject, getObjects, getString } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";

const REGION = "us-east-1";
const EVERYWHERE = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];

let moto: Moto;
let subnets: readonly string[];
let balancer: string;
let key: string;
/** A group that lets the load balancer in by port 80, one that does not, and the load balancer's own. */
let open: string;
let closed: string;
let own: string;

const settings = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
const reads = () => createAccountReads({ ...settings(), attemptsMax: 1 }, MOTO_ACCOUNT);

beforeAll(async () => {
  moto = await startMoto();
  const ec2 = new EC2Client(settings());
  const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";
  const made = await Promise.all(
    [1, 2].map(async (index) => {
      const input = {
        VpcId,
        CidrBlock: `10.0.${index}.0/24`,
        AvailabilityZone: `${REGION}${index === 1 ? "a" : "b"}`,
      };
      return (await ec2.send(new CreateSubnetCommand(input))).Subnet?.SubnetId ?? "";
    }),
  );
  subnets = made;
  [open, closed, own] = (await Promise.all(
    ["open", "closed", "own"].map(
      async (GroupName) =>
        (
          await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description: GroupName }))
        ).GroupId,
    ),
  )) as [string, string, string];
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: open,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: own }] }],
    }),
  );
  const created = await callQuery(
    "elbv2",
    "CreateLoadBalancer",
    { Name: "web", Subnets: [...subnets], SecurityGroups: [own] },
    settings(),
  );
  balancer = getString(getObjects(created, "LoadBalancers")[0] ?? {}, "LoadBalancerArn") ?? "";
  key =
    getString(
      getObject(await callJson("kms", { operation: "CreateKey" }, {}, settings()), "KeyMetadata") ?? {},
      "Arn",
    ) ?? "";
  await new ECSClient(settings()).send(new CreateClusterCommand({ clusterName: "prod" }));
}, 60_000);
afterAll(() => moto?.stop());

const resultsOf = ({ checks }: Diagnosis, id: string) =>
  checks.filter((one) => one.id === id).map(({ result }) => result);
const startIn = (document: JsonObject) => failedStartsIn(document)?.[0] as FailedStart;

/** A service behind the load balancer, and what ECS and Elastic Load Balancing then describe. */
async function serve(serviceName: string, group: string, definition: JsonObject = {}): Promise<FailedStart> {
  const made = await callQuery(
    "elbv2",
    "CreateTargetGroup",
    {
      Name: serviceName,
      Protocol: "HTTP",
      Port: "80",
      TargetType: "ip",
      VpcId: await vpcOf(),
      HealthCheckIntervalSeconds: "30",
    },
    settings(),
  );
  const targetGroupArn = getString(getObjects(made, "TargetGroups")[0] ?? {}, "TargetGroupArn") ?? "";
  await callQuery(
    "elbv2",
    "CreateListener",
    {
      LoadBalancerArn: balancer,
      Protocol: "HTTP",
      Port: String(8000 + serviceName.length),
      "DefaultActions.member.1.Type": "forward",
      "DefaultActions.member.1.TargetGroupArn": targetGroupArn,
    },
    settings(),
  );
  const ecs = new ECSClient(settings());
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: serviceName,
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "web", image: "nginx:1", memory: 64, ...definition }],
    }),
  );
  const { service } = await ecs.send(
    new CreateServiceCommand({
      cluster: "prod",
      serviceName,
      taskDefinition: serviceName,
      desiredCount: 1,
      launchType: "FARGATE",
      loadBalancers: [{ targetGroupArn, containerName: "web", containerPort: 80 }],
      networkConfiguration: { awsvpcConfiguration: { subnets: [...subnets], securityGroups: [group] } },
    }),
  );
  return startIn(JSON.parse(JSON.stringify({ services: [service] })));
}

async function vpcOf(): Promise<string> {
  const found = await reads().read("ec2.DescribeSubnets", { SubnetIds: [...subnets] });
  return found.kind === "answer"
    ? (getString(getObjects(found.answer, "Subnets")[0] ?? {}, "VpcId") ?? "")
    : "";
}

describe("a load balancer", () => {
  test("reaches the tasks whose group lets it in", async () => {
    const found = await diagnose(await serve("open", open), reads());
    expect(resultsOf(found, "lb.sg-to-task")).toEqual(["passed"]);
    expect(resultsOf(found, "service.grace-period")).toEqual(["passed"]);
  });

  test("does not reach those whose group does not, and the command names both", async () => {
    const found = await diagnose(await serve("closed", closed), reads());
    const cause = found.causes.find(({ code }) => code === "task-security-group-blocks-load-balancer");
    expect(cause?.remedy.command?.join(" ")).toContain(
      `--group-id ${closed} --ip-permissions IpProtocol=tcp,FromPort=80,ToPort=80,UserIdGroupPairs=[{GroupId=${own}}]`,
    );
  });

  test("has a health check that heeds no slow start", async () => {
    const start = await serve("slow", open, { healthCheck: { command: ["CMD", "true"], startPeriod: 290 } });
    expect(resultsOf(await diagnose(start, reads()), "service.grace-period")).toEqual(["failed"]);
  });

  test("whose own group lets nothing out reaches no task", async () => {
    const ec2 = new EC2Client(settings());
    const start = await serve("silent", open);
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: own, IpPermissions: EVERYWHERE }));
    const v6 = [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }];
    await ec2
      .send(new RevokeSecurityGroupEgressCommand({ GroupId: own, IpPermissions: v6 }))
      .catch(() => undefined);
    const found = await diagnose(start, reads());
    expect(found.causes.map(({ code }) => code)).toContain("load-balancer-security-group-blocks");
  });
});

describe("a capacity provider", () => {
  const scaled = async (name: string, most: string, status: "ENABLED" | "DISABLED") => {
    await callQuery(
      "autoscaling",
      "CreateLaunchConfiguration",
      { LaunchConfigurationName: name, ImageId: "ami-12c6146b", InstanceType: "t3.medium" },
      settings(),
    );
    await callQuery(
      "autoscaling",
      "CreateAutoScalingGroup",
      {
        AutoScalingGroupName: name,
        LaunchConfigurationName: name,
        MinSize: "0",
        MaxSize: most,
        DesiredCapacity: "1",
        VPCZoneIdentifier: subnets[0] ?? "",
      },
      settings(),
    );
    const found = await reads().read("autoscaling.DescribeAutoScalingGroups", {
      AutoScalingGroupNames: [name],
    });
    const described = found.kind === "answer" ? getObjects(found.answer, "AutoScalingGroups")[0] : undefined;
    const autoScalingGroupArn = getString(described ?? {}, "AutoScalingGroupARN") ?? "";
    await new ECSClient(settings()).send(
      new CreateCapacityProviderCommand({
        name,
        autoScalingGroupProvider: { autoScalingGroupArn, managedScaling: { status } },
      }),
    );
    const start = startIn({
      services: [{ serviceName: "none", events: [{ message: "unable to place a task: RESOURCE:CPU" }] }],
    });
    return await diagnose({ ...start, launchType: "EC2", capacityProvider: name }, reads());
  };
  // biome-ignore format: a table is read by its columns
  const table = [
    ["full",  "1", "ENABLED",  "capacity-provider-at-maximum",     "update-auto-scaling-group --auto-scaling-group-name full --max-size 2"],
    ["grows", "5", "ENABLED",  undefined,                          ""],
    ["still", "5", "DISABLED", "capacity-provider-does-not-scale", "set-desired-capacity --auto-scaling-group-name still --desired-capacity 2"],
  ] as const;
  for (const [name, most, status, cause, command] of table)
    test(`of at most ${most} instances, with managed scaling ${status}: ${cause ?? "may grow"}`, async () => {
      const found = await scaled(name, most, status);
      expect(found.causes[0]?.code).toBe("no-instance-with-free-cpu");
      const second = found.causes.find(({ code }) => code === cause);
      expect(second?.remedy.command?.join(" ") ?? "").toContain(command);
      expect(resultsOf(found, "capacity-provider.scaling")).toEqual([
        cause === undefined ? "passed" : "failed",
      ]);
    });
});

test("for an instance, EC2 reports how many network interfaces its type takes", async () => {
  const ec2 = new EC2Client(settings());
  const [image] = (await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"] }))).Images ?? [];
  const run = { MinCount: 1, MaxCount: 1, InstanceType: "t3.medium", SubnetId: subnets[0] } as const;
  await ec2.send(new RunInstancesCommand({ ...run, ImageId: image?.ImageId }));
  const found = await reads().read("ec2.DescribeInstanceTypes", { InstanceTypes: ["t3.medium"] });
  expect(found.kind === "answer" && getObjects(found.answer, "InstanceTypes")[0]).toMatchObject({
    NetworkInfo: { MaximumNetworkInterfaces: 3 },
  });
});

describe("a parameter with a key of its own", () => {
  test("needs the key enabled", async () => {
    await new SSMClient(settings()).send(
      new PutParameterCommand({ Name: "/prod/own", Value: "v", Type: "SecureString", KeyId: key }),
    );
    const start = await serve("parameter", open, { secrets: [{ name: "DB", valueFrom: "/prod/own" }] });
    expect(resultsOf(await diagnose(start, reads()), "kms.key-state")).toEqual(["passed"]);
    // KMS answers with nothing at all.
    const disable = { KeyId: key.split("/")[1] ?? "" };
    await callJson("kms", { operation: "DisableKey" }, disable, settings()).catch(() => undefined);
    expect(resultsOf(await diagnose(start, reads()), "kms.key-state")).toEqual(["failed"]);
  });
});

describe("a role", () => {
  const trusting = (Service: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
    });

  const reading = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" }],
  });

  test("that was made just before the task is looked at by its dates, and moto cannot say what it may", async () => {
    const iam = new IAMClient(settings());
    const RoleName = "web-execution";
    await iam.send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trusting("ecs-tasks.amazonaws.com") }),
    );
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: "secrets", PolicyDocument: reading }),
    );
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
    const found = await diagnose(
      startIn({
        tasks: [
          {
            taskArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task/prod/0f9e`,
            launchType: "FARGATE",
            createdAt: new Date().toISOString(),
            stoppedReason: `AccessDeniedException: User: arn:aws:sts::${MOTO_ACCOUNT}:assumed-role/${RoleName}/0f9e is not authorized to perform: secretsmanager:GetSecretValue on resource: x because no identity-based policy allows the action`,
          },
        ],
      }),
      reads(),
    );
    expect(found.causes.map(({ code }) => code)).toEqual(["execution-role-may-not-read-secret"]);
    expect(resultsOf(found, "iam.just-changed")).toEqual(["not sure"]);
  });

  test("of volumes has to trust ECS", async () => {
    const iam = new IAMClient(settings());
    await iam.send(
      new CreateRoleCommand({
        RoleName: "volumes",
        AssumeRolePolicyDocument: trusting("ecs-tasks.amazonaws.com"),
      }),
    );
    const roleArn = `arn:aws:iam::${MOTO_ACCOUNT}:role/volumes`;
    const found = await diagnose(
      startIn({
        tasks: [
          {
            taskArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task/prod/0f9e`,
            launchType: "FARGATE",
            stopCode: "TaskFailedToStart",
            attachments: [
              {
                type: "AmazonElasticBlockStorage",
                details: [
                  { name: "roleArn", value: roleArn },
                  {
                    name: "statusReason",
                    value: "ECS timed out while configuring the EBS volume attachment to your Task",
                  },
                ],
              },
            ],
          },
        ],
      }),
      reads(),
    );
    expect(found.causes.map(({ code }) => code)).toEqual([
      "ebs-volume-not-attached",
      "infrastructure-role-not-assumable",
    ]);
  });
});
