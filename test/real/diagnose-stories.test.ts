/**
 * Stories of the field, each in a VPC of its own that moto plays: what the words and the network together prove.
 *
 * moto never calls a route dead and has no simulator, so the stories of those come from recorded facts
 * (test/cli/commands/diagnose.test.ts).
 */

import {
  AllocateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccountReads } from "../../src/aws/diagnosis/account-reads.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { type FailedStart, failedStartsIn } from "../../src/diagnosis/failed-start.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";

const REGION = "us-east-1";
const HOST = `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
const EVERYWHERE = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
const HTTPS_INSIDE = [
  { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.0.0.0/16" }] },
];

let moto: Moto;
const settings = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });

beforeAll(async () => {
  moto = await startMoto();
  const ecs = new ECSClient(settings());
  await ecs.send(new CreateClusterCommand({ clusterName: "prod" }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "web", image: `${HOST}/web:1`, memory: 64 }],
    }),
  );
}, 60_000);
afterAll(() => moto?.stop());

/** A VPC with one subnet and one group, and what a story does to it. */
class Vpc {
  readonly ec2 = new EC2Client(settings());
  id = "";
  subnet = "";
  group = "";
  table = "";

  async create(): Promise<this> {
    this.id = (await this.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";
    this.subnet = await this.addSubnet("10.0.1.0/24");
    this.group = await this.addGroup("tasks");
    const tables = await this.ec2.send(new DescribeRouteTablesCommand(this.inside()));
    this.table = tables.RouteTables?.[0]?.RouteTableId ?? "";
    return this;
  }

  inside() {
    return { Filters: [{ Name: "vpc-id", Values: [this.id] }] };
  }

  async addSubnet(CidrBlock: string): Promise<string> {
    const made = await this.ec2.send(new CreateSubnetCommand({ VpcId: this.id, CidrBlock }));
    return made.Subnet?.SubnetId ?? "";
  }

  async addGroup(GroupName: string): Promise<string> {
    const made = await this.ec2.send(
      new CreateSecurityGroupCommand({ VpcId: this.id, GroupName, Description: GroupName }),
    );
    return made.GroupId ?? "";
  }

  async leadToInternet(): Promise<void> {
    const { InternetGateway } = await this.ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId ?? "";
    await this.ec2.send(new AttachInternetGatewayCommand({ VpcId: this.id, InternetGatewayId: GatewayId }));
    await this.ec2.send(
      new CreateRouteCommand({ RouteTableId: this.table, DestinationCidrBlock: "0.0.0.0/0", GatewayId }),
    );
  }

  async nameHosts(): Promise<void> {
    await this.ec2.send(
      new ModifyVpcAttributeCommand({ VpcId: this.id, EnableDnsHostnames: { Value: true } }),
    );
  }

  async addEndpoint(service: string, group: string): Promise<void> {
    await this.ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: this.id,
        ServiceName: `com.amazonaws.${REGION}.${service}`,
        VpcEndpointType: "Interface",
        SubnetIds: [this.subnet],
        SecurityGroupIds: [group],
        PrivateDnsEnabled: true,
      }),
    );
  }

  async letIn(group: string): Promise<void> {
    await this.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: HTTPS_INSIDE }),
    );
  }

  async letNothingOut(): Promise<void> {
    await this.ec2.send(
      new RevokeSecurityGroupEgressCommand({ GroupId: this.group, IpPermissions: EVERYWHERE }),
    );
    // moto lets a new group's IPv6 out too, where AWS does so in a VPC of IPv6 only.
    await this.ec2
      .send(
        new RevokeSecurityGroupEgressCommand({
          GroupId: this.group,
          IpPermissions: [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }],
        }),
      )
      .catch(() => {});
  }

  async refuse(rule: { readonly isEgress: boolean; readonly port: number }): Promise<void> {
    const { NetworkAcls } = await this.ec2.send(new DescribeNetworkAclsCommand(this.inside()));
    await this.ec2.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: NetworkAcls?.[0]?.NetworkAclId ?? "",
        RuleNumber: 50,
        RuleAction: "deny",
        Protocol: "6",
        PortRange: { From: rule.port, To: 65_535 },
        CidrBlock: "0.0.0.0/0",
        Egress: rule.isEgress,
      }),
    );
  }
}

const LOGIN =
  'ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp ADDRESS:443: i/o timeout';
const LAYER = `CannotPullContainerError: The task cannot pull ${HOST}/web:1 from the registry ${HOST}/web:1. There is a connection issue between the task and the registry. Check your task network configuration. : failed to copy: httpReadSeeker: failed open: failed to do request: Get ${HOST}/web:1: dial tcp ADDRESS:443: i/o timeout`;

let services = 0;
async function firstCause(vpc: Vpc, reason: string, assignPublicIp: "ENABLED" | "DISABLED") {
  services += 1;
  const service = `web-${services}`;
  await new ECSClient(settings()).send(
    new CreateServiceCommand({
      cluster: "prod",
      serviceName: service,
      taskDefinition: "web",
      launchType: "FARGATE",
      desiredCount: 0,
      networkConfiguration: {
        awsvpcConfiguration: { subnets: [vpc.subnet], securityGroups: [vpc.group], assignPublicIp },
      },
    }),
  );
  const [start] = failedStartsIn({
    tasks: [
      {
        taskArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task/prod/8a8bb7cd343aa2ad99b7d762030857a2`,
        clusterArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:cluster/prod`,
        taskDefinitionArn: `arn:aws:ecs:${REGION}:${MOTO_ACCOUNT}:task-definition/web:1`,
        group: `service:${service}`,
        launchType: "FARGATE",
        stopCode: "TaskFailedToStart",
        stoppedReason: reason,
        attachments: [
          { type: "ElasticNetworkInterface", details: [{ name: "subnetId", value: vpc.subnet }] },
        ],
      },
    ],
  }) as readonly [FailedStart];
  const reads = createAccountReads({ ...settings(), attemptsMax: 1 }, MOTO_ACCOUNT);
  const { causes } = await diagnose(start, reads);
  return causes.map(({ code, certainty }) => `${code} ${certainty}`)[0];
}

type Story = readonly [
  what: string,
  reason: string,
  address: string,
  publicIp: "ENABLED" | "DISABLED",
  happens: (vpc: Vpc) => Promise<void>,
  cause: string,
];
const STORIES: readonly Story[] = [
  [
    ...(["a public subnet, and no public address (56503314171)", LAYER, "3.5.0.131", "DISABLED"] as const),
    (vpc) => vpc.leadToInternet(),
    "public-subnet-without-public-ip proved",
  ],
  [
    ...(["no way out, and no endpoints (54139002188)", LOGIN, "44.213.79.86", "DISABLED"] as const),
    async () => {},
    "no-way-to-ecr-api proved",
  ],
  [
    ...(["a group that lets nothing out (68319482000)", LOGIN, "10.0.1.15", "DISABLED"] as const),
    async (vpc) => {
      const group = await vpc.addGroup("endpoints");
      await vpc.letIn(group);
      await vpc.nameHosts();
      for (const service of ["ecr.api", "ecr.dkr"]) await vpc.addEndpoint(service, group);
      await vpc.letNothingOut();
    },
    "sg-egress-blocks-endpoint proved",
  ],
  [
    ...(["an endpoint's group that lets nothing in", LOGIN, "10.0.1.15", "DISABLED"] as const),
    async (vpc) => {
      const group = await vpc.addGroup("endpoints");
      await vpc.nameHosts();
      for (const service of ["ecr.api", "ecr.dkr"]) await vpc.addEndpoint(service, group);
    },
    "endpoint-security-group-blocks proved",
  ],
  [
    ...(["hosts without names (yelb 76)", LOGIN, "44.213.79.86", "DISABLED"] as const),
    async (vpc) => {
      const group = await vpc.addGroup("endpoints");
      await vpc.letIn(group);
      for (const service of ["ecr.api", "ecr.dkr"]) await vpc.addEndpoint(service, group);
    },
    "vpc-dns-attributes-off proved",
  ],
  [
    ...(["endpoints, but no way to S3 (3139391375)", LAYER, "52.216.1.1", "DISABLED"] as const),
    async (vpc) => {
      const group = await vpc.addGroup("endpoints");
      await vpc.letIn(group);
      await vpc.nameHosts();
      for (const service of ["ecr.api", "ecr.dkr"]) await vpc.addEndpoint(service, group);
    },
    "s3-gateway-endpoint-missing proved",
  ],
  [
    ...(["an access list without the answers' ports", LOGIN, "44.213.79.86", "ENABLED"] as const),
    async (vpc) => {
      await vpc.leadToInternet();
      await vpc.refuse({ isEgress: false, port: 1024 });
    },
    "network-acl-blocks proved",
  ],
  [
    ...(["a NAT gateway in the subnet that leads to it", LOGIN, "44.213.79.86", "DISABLED"] as const),
    async (vpc) => {
      const { AllocationId } = await vpc.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
      const { NatGateway } = await vpc.ec2.send(
        new CreateNatGatewayCommand({ SubnetId: vpc.subnet, AllocationId }),
      );
      await vpc.ec2.send(
        new CreateRouteCommand({
          RouteTableId: vpc.table,
          DestinationCidrBlock: "0.0.0.0/0",
          NatGatewayId: NatGateway?.NatGatewayId ?? "",
        }),
      );
    },
    "nat-gateway-not-available proved",
  ],
];

for (const [what, reason, address, publicIp, happens, cause] of STORIES)
  test(`${what}: ${cause}`, async () => {
    const vpc = await new Vpc().create();
    await happens(vpc);
    expect(await firstCause(vpc, reason.replace("ADDRESS", address), publicIp)).toBe(cause);
  });
