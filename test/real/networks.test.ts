/** A VPC in moto, read as AWS would report it, and what the model says of it: endpoints, the table of S3's, groups, ACLs. */

import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupEgressCommand,
  CreateInternetGatewayCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkAclsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNetworks } from "../../src/aws/adapters/ecs/task-networks.ts";
import { type Destination, DOCKER_HUB, ecrPull } from "../../src/network/destination.ts";
import type { Source } from "../../src/network/facts.ts";
import { reach } from "../../src/network/reach.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";

const REGION = "us-east-1";
const [API, DKR, S3] = ecrPull({
  host: `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`,
  isNamedByEndpoint: true,
  region: REGION,
  domain: "amazonaws.com",
  partition: "aws",
  repository: `arn:aws:ecr:${REGION}:${MOTO_ACCOUNT}:repository/web`,
}) as [Destination, Destination, Destination];
const HUB = DOCKER_HUB[0] as Destination;

let moto: Moto;
let ec2: EC2Client;
const ids = { vpc: "", isolated: "", open: "", isolatedTable: "", openTable: "", group: "" };

beforeAll(async () => {
  moto = await startMoto();
  ec2 = new EC2Client({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
  ids.vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";
  const VpcId = ids.vpc;
  const [isolated, open] = [
    await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" })),
    await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.2.0/24" })),
  ].map(({ Subnet }) => Subnet?.SubnetId ?? "");
  const [isolatedTable, openTable] = [
    await ec2.send(new CreateRouteTableCommand({ VpcId })),
    await ec2.send(new CreateRouteTableCommand({ VpcId })),
  ].map(({ RouteTable }) => RouteTable?.RouteTableId ?? "");
  Object.assign(ids, { isolated, open, isolatedTable, openTable });
  for (const [SubnetId, RouteTableId] of [
    [isolated, isolatedTable],
    [open, openTable],
  ])
    await ec2.send(new AssociateRouteTableCommand({ SubnetId, RouteTableId }));
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId;
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId: openTable,
      DestinationCidrBlock: "0.0.0.0/0",
      GatewayId: InternetGatewayId,
    }),
  );
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "tasks", Description: "tasks" }),
  );
  ids.group = made.GroupId ?? "";
}, 60_000);
afterAll(() => moto?.stop());

const answers = async (subnet: string, to: readonly Destination[], more: Partial<Source> = {}) => {
  const networks = createNetworks(
    { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS },
    MOTO_ACCOUNT,
  );
  const facts = await networks.describe([
    { subnet, securityGroups: [ids.group], hasPublicAddress: false, ...more },
  ]);
  const workload = { pulledBy: "task", answered: [], reachesInternet: false } as const;
  return to.map((one) => {
    const { answer, code } = reach(facts, workload, one);
    return `${answer}: ${code}`;
  });
};

test("an internet gateway is a way for who has a public address", async () => {
  expect(await answers(ids.open, [HUB])).toEqual(["no: no-public-address"]);
  expect(await answers(ids.open, [HUB, S3], { hasPublicAddress: true })).toEqual([
    "yes: internet-gateway",
    "yes: internet-gateway",
  ]);
});

test("without a route, ECR is reached once each endpoint is there, and its names resolve", async () => {
  const all = [API, DKR, S3];
  expect(await answers(ids.isolated, all)).toEqual(all.map(() => "no: endpoint-missing"));
  for (const name of ["ecr.api", "ecr.dkr"])
    await ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: ids.vpc,
        ServiceName: `com.amazonaws.${REGION}.${name}`,
        VpcEndpointType: "Interface",
        SubnetIds: [ids.isolated],
        SecurityGroupIds: [ids.group],
        PrivateDnsEnabled: true,
      }),
    );
  await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: ids.vpc,
      ServiceName: `com.amazonaws.${REGION}.s3`,
      VpcEndpointType: "Gateway",
      RouteTableIds: [ids.openTable],
    }),
  );
  // A VPC that is made has no DNS hostnames, and S3's endpoint is on the other table.
  expect(await answers(ids.isolated, all)).toEqual([
    "no: dns-hostnames-off",
    "no: dns-hostnames-off",
    "no: endpoint-missing",
  ]);
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId: ids.vpc, EnableDnsHostnames: { Value: true } }));
  // Its group lets nothing in.
  expect(await answers(ids.isolated, [API])).toEqual(["no: endpoint-group-ingress"]);
  expect(await answers(ids.open, [S3])).toEqual(["yes: gateway-endpoint"]);
});

test("a group without S3's prefix list, and then an ACL, block the layers", async () => {
  const GroupId = ids.group;
  const everything = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  const inside = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.0.0.0/16" }] }];
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: inside }));
  expect(await answers(ids.open, [S3])).toEqual(["no: group-egress-prefix-list"]);
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
  expect(await answers(ids.open, [S3])).toEqual(["yes: gateway-endpoint"]);
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [ids.vpc] }] }),
  );
  await ec2.send(
    new CreateNetworkAclEntryCommand({
      NetworkAclId: NetworkAcls?.[0]?.NetworkAclId,
      RuleNumber: 50,
      Protocol: "6",
      PortRange: { From: 1024, To: 65_535 },
      RuleAction: "deny",
      Egress: false,
      CidrBlock: "0.0.0.0/0",
    }),
  );
  expect(await answers(ids.open, [S3])).toEqual(["no: network-acl-ingress"]);
});
