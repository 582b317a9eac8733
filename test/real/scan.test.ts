/**
 * The scan over an account in moto: 500 services of two clusters behind a NAT gateway, rules, schedules, tasks run by
 * hand; printed as text, JSON, roles and HTML. Each call is counted on its way.
 */

import http from "node:http";
import type { AddressInfo } from "node:net";
import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scan } from "../../src/cli/scan/scan.ts";
import { forEachConcurrently } from "../../src/runtime/for-each-concurrently.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";

const REGION = "us-east-1";
const SERVICES = 500;
const FAMILIES = 60;
const IMAGES = ["nginx:1.25", "grafana/grafana:11", "public.ecr.aws/docker/library/redis:7"] as const;
const CLUSTER = `arn:aws:ecs:${REGION}:123456789012:cluster/prod`;

let moto: Moto;
let counting: { readonly url: string; readonly calls: string[]; close(): void };
let natAddress: string;

beforeAll(async () => {
  moto = await startMoto();
  const settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  const ecs = new ECSClient(settings);
  for (const clusterName of ["prod", "dev"]) await ecs.send(new CreateClusterCommand({ clusterName }));
  const ec2 = new EC2Client(settings);
  const subnets = await behindNat(ec2);
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  // moto wants a group that is there.
  const awsvpcConfiguration = { subnets, securityGroups: [SecurityGroups?.[0]?.GroupId ?? ""] };
  await forEachConcurrently(
    Array.from({ length: FAMILIES }, (_, index) => index),
    1,
    async (index) => {
      await ecs.send(
        new RegisterTaskDefinitionCommand({
          family: `family-${index}`,
          executionRoleArn: `arn:aws:iam::123456789012:role/execution-${index % 3}`,
          requiresCompatibilities: ["FARGATE"],
          networkMode: "awsvpc",
          cpu: "256",
          memory: "512",
          containerDefinitions: [{ name: "web", image: IMAGES[index % 3], memory: 64 }],
        }),
      );
    },
  );
  await forEachConcurrently(
    Array.from({ length: SERVICES }, (_, index) => index),
    1,
    async (index) => {
      await ecs.send(
        new CreateServiceCommand({
          cluster: index % 10 === 0 ? "dev" : "prod",
          serviceName: `service-${index}`,
          taskDefinition: `family-${index % FAMILIES}`,
          desiredCount: 2,
          launchType: "FARGATE",
          networkConfiguration: { awsvpcConfiguration },
        }),
      );
    },
  );
  const taskDefinition = `arn:aws:ecs:${REGION}:123456789012:task-definition/family-1:1`;
  const events = new EventBridgeClient(settings);
  await events.send(new PutRuleCommand({ Name: "often", ScheduleExpression: "rate(5 minutes)" }));
  await events.send(
    new PutTargetsCommand({
      Rule: "often",
      Targets: [
        {
          Id: "1",
          Arn: CLUSTER,
          RoleArn: "arn:aws:iam::123456789012:role/r",
          EcsParameters: {
            TaskDefinitionArn: taskDefinition,
            TaskCount: 3,
            LaunchType: "FARGATE",
            NetworkConfiguration: { awsvpcConfiguration: { Subnets: subnets } },
          },
        },
        { Id: "2", Arn: "arn:aws:sqs:us-east-1:123456789012:queue" },
      ],
    }),
  );
  await new SchedulerClient(settings).send(
    new CreateScheduleCommand({
      Name: "nightly",
      ScheduleExpression: "cron(0 2 * * ? *)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: CLUSTER,
        RoleArn: "arn:aws:iam::123456789012:role/r",
        EcsParameters: { TaskDefinitionArn: taskDefinition },
      },
    }),
  );
  await ecs.send(
    new RunTaskCommand({
      cluster: "prod",
      taskDefinition: "family-0",
      launchType: "FARGATE",
      count: 2,
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  counting = await countCallsTo(moto.url);
});
afterAll(async () => {
  counting?.close();
  await moto?.stop();
});

/** Two subnets whose default route leads to one NAT gateway. */
async function behindNat(ec2: EC2Client): Promise<string[]> {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
  const VpcId = Vpcs?.[0]?.VpcId;
  const made = [];
  for (const CidrBlock of ["172.31.240.0/24", "172.31.241.0/24"])
    made.push((await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet?.SubnetId ?? "");
  const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  natAddress = PublicIp ?? "";
  const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId: made[0], AllocationId }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const RouteTableId = RouteTable?.RouteTableId;
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId,
      DestinationCidrBlock: "0.0.0.0/0",
      NatGatewayId: NatGateway?.NatGatewayId,
    }),
  );
  for (const SubnetId of made) await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  return made;
}

/** Hands every request on, and remembers which action it was. */
async function countCallsTo(target: string): Promise<typeof counting> {
  const calls: string[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const named = String(request.headers["x-amz-target"] ?? "").split(".")[1];
      calls.push(
        named ??
          new URLSearchParams(body.toString()).get("Action") ??
          `${request.method} ${request.url?.split("?")[0]}`,
      );
      const { host: _, ...headers } = request.headers;
      const onward = http.request(
        new URL(request.url ?? "/", target),
        { method: request.method, headers, agent },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on("error", () => response.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

async function scanned(options: Partial<Parameters<typeof scan>[0]>) {
  const written: Record<string, string> = {};
  const io = {
    ...commandIo({}, { AWS_REGION: REGION, AWS_ENDPOINT_URL: counting.url }),
    writeFile: async (path: string, text: string) => {
      written[path] = text;
    },
  };
  const input = { json: false, csv: false, roles: false, rights: false, verify: false, ...options };
  // The SDK reads its credentials from the process, as it does for a person.
  process.env.AWS_ACCESS_KEY_ID ??= MOTO_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= MOTO_CREDENTIALS.secretAccessKey;
  expect(await scan(input, io)).toBe(0);
  return { ...io.printed, written };
}

test("finds every service on a Docker Hub image in every cluster, and none of the others", async () => {
  const exposures = objectsIn((await scanned({ json: true })).out).filter(({ kind }) => kind === "service");
  const expected = Array.from({ length: SERVICES }, (_, index) => (index % FAMILIES) % 3 < 2).filter(
    Boolean,
  ).length;
  expect(exposures).toHaveLength(expected);
  expect(new Set(exposures.map(({ cluster }) => cluster))).toEqual(new Set(["prod", "dev"]));
  expect(JSON.stringify(exposures)).not.toContain("redis");
  for (const exposure of exposures) expect(exposure).toMatchObject({ expectedStarts: 2, anonymousPulls: 2 });
});

test("finds what rules and schedules start, how often, and which tasks are standalone", async () => {
  const exposures = objectsIn((await scanned({ json: true })).out).filter(({ kind }) => kind !== "service");
  expect(exposures).toMatchObject([
    { kind: "scheduled", name: "rule often", expectedStarts: 216, anonymousPulls: 216 },
    { kind: "standalone", name: "family-0", expectedStarts: 2, anonymousPulls: 2 },
    { kind: "scheduled", name: "schedule nightly", expectedStarts: 1, anonymousPulls: 1 },
    { kind: "summary" },
  ]);
});

test("sees the one address that they share, and says the risk in a sentence", async () => {
  const { out } = await scanned({});
  expect(out.split("\n")[0]).toMatch(
    new RegExp(
      `^The worst six hours take \\d+ anonymous pulls from ${natAddress} \\(nat-[0-9a-f]+\\), and Docker Hub grants 100 in six hours: \\d+ would be refused\\.`,
    ),
  );
  expect(out).toContain("every task of a service is replaced once");
  expect(out).toMatch(/next: repull plan service-\d+ --cluster (?:prod|dev)/);
});

test("five hundred services cost few calls, and none that writes", async () => {
  counting.calls.length = 0;
  const { err } = await scanned({ json: true });
  const byAction = Object.fromEntries(
    [...Map.groupBy(counting.calls, (call) => call)].map(([call, all]) => [call, all.length]),
  );
  expect(err).toContain("2 clusters, 500 services");
  expect(byAction.ListServices).toBeLessThanOrEqual(6);
  expect(byAction.DescribeServices).toBeLessThanOrEqual(51);
  expect(byAction.DescribeTaskDefinition).toBeLessThanOrEqual(FAMILIES + 3);
  expect(counting.calls.length).toBeLessThan(250);
  for (const call of counting.calls) expect(call).toMatch(/^(?:Describe|List|Get|GET )/);
});

test("one cluster, by name", async () => {
  const exposures = objectsIn((await scanned({ json: true, cluster: "prod" })).out);
  const workloads = exposures.filter(({ kind }) => kind !== "summary");
  expect(workloads.length).toBeGreaterThan(5);
  expect(new Set(workloads.map(({ cluster }) => cluster))).toEqual(new Set(["prod"]));
  expect(workloads.map(({ kind }) => kind)).toContain("scheduled");
});

test("the roles, as the stack's parameter takes them", async () => {
  expect((await scanned({ roles: true })).out).toBe(
    [0, 1]
      .map((index) => `arn:aws:iam::123456789012:role/execution-${index}`)
      .join(",")
      .concat("\n"),
  );
});

test("the images to change, as CSV with what each change saves", async () => {
  const [header, ...rows] = (await scanned({ csv: true })).out.trimEnd().split("\n");
  expect(header).toMatch(/^image,change to,strategy,clusters,/);
  expect(rows.map((row) => row.split(",")[0])).toEqual(["grafana/grafana:11", "nginx:1.25"]);
  expect(rows.at(-1)).toMatch(/,0$/);
});
