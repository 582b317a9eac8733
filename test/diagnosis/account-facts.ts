/** The recorded facts of one service that would start, to change in one place a row. */

import { recordedReads } from "../../src/aws/diagnosis/recorded-reads.ts";
import { type Diagnosis, diagnose } from "../../src/diagnosis/diagnose.ts";
import { failedStartsIn } from "../../src/diagnosis/failed-start.ts";
import type { JsonObject } from "../../src/runtime/json.ts";

export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/web-execution`;
export const IMAGE = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/web:1`;
export const SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db-AbCdEf`;
export const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`;
export const BALANCER = `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}:loadbalancer/app/web/1`;
export const GROUP = `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}:targetgroup/web/1`;

export type Facts = Readonly<Record<string, JsonObject>>;

export const any = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
export const group = (GroupId: string, more: JsonObject = {}): JsonObject => ({
  GroupId,
  VpcId: "vpc-1",
  IpPermissions: [],
  IpPermissionsEgress: [any],
  ...more,
});
export const from = (GroupId: string, port: number) => ({
  IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, UserIdGroupPairs: [{ GroupId }] }],
});
export const nfs = (GroupId: string) => from(GroupId, 2049);
export const policy = (...Statement: readonly JsonObject[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement });
export const decided = (EvalDecision: string, ...actions: readonly string[]): JsonObject => ({
  EvaluationResults: actions.map((EvalActionName) => ({ EvalActionName, EvalDecision })),
});

export const BASE: Facts = {
  "ecs.DescribeServices": {
    services: [
      {
        serviceName: "web",
        launchType: "FARGATE",
        taskDefinition: "web:7",
        loadBalancers: [{ targetGroupArn: GROUP, containerName: "web", containerPort: 80 }],
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ["subnet-1"],
            securityGroups: ["sg-task"],
            assignPublicIp: "DISABLED",
          },
        },
      },
    ],
  },
  "ecs.DescribeTaskDefinition": {
    taskDefinition: {
      executionRoleArn: ROLE,
      volumes: [
        {
          name: "data",
          efsVolumeConfiguration: {
            fileSystemId: "fs-1",
            transitEncryption: "ENABLED",
            authorizationConfig: { accessPointId: "fsap-1" },
          },
        },
      ],
      containerDefinitions: [{ name: "web", image: IMAGE, secrets: [{ name: "DB", valueFrom: SECRET }] }],
    },
  },
  "ec2.DescribeSubnets": {
    Subnets: [
      {
        SubnetId: "subnet-1",
        VpcId: "vpc-1",
        CidrBlock: "10.0.1.0/24",
        AvailabilityZoneId: "use1-az1",
        AvailableIpAddressCount: 9,
      },
    ],
  },
  "ec2.DescribeRouteTables": {
    RouteTables: [
      {
        RouteTableId: "rtb-1",
        VpcId: "vpc-1",
        Associations: [{ Main: true }],
        Routes: [
          { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", State: "active" },
          { DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: "nat-1", State: "active" },
        ],
      },
    ],
  },
  "ec2.DescribeNatGateways": {
    NatGateways: [{ NatGatewayId: "nat-1", State: "available", ConnectivityType: "public" }],
  },
  "ec2.DescribeVpcEndpoints": { VpcEndpoints: [] },
  "ec2.DescribeNetworkAcls": {
    NetworkAcls: [
      {
        NetworkAclId: "acl-1",
        VpcId: "vpc-1",
        Associations: [{ SubnetId: "subnet-1" }],
        Entries: [true, false].map((Egress) => ({
          RuleNumber: 100,
          Protocol: "-1",
          RuleAction: "allow",
          Egress,
          CidrBlock: "0.0.0.0/0",
        })),
      },
    ],
  },
  "ec2.DescribeVpcs": { Vpcs: [{ VpcId: "vpc-1", DhcpOptionsId: "dopt-1" }] },
  "ec2.DescribeDhcpOptions": { DhcpOptions: [] },
  "ec2.DescribeVpcAttribute": { EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } },
  "ec2.DescribeSecurityGroups": {
    SecurityGroups: [group("sg-task", from("sg-lb", 80)), group("sg-efs", nfs("sg-task")), group("sg-lb")],
  },
  "ecr.DescribeImages": {
    imageDetails: [
      {
        repositoryName: "web",
        imageTags: ["1"],
        imageDigest: "sha256:1",
        imageSizeInBytes: 90_000_000,
        imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
      },
    ],
  },
  "ecr.BatchGetImage": {
    images: [
      {
        imageId: { imageDigest: "sha256:1" },
        imageManifest: JSON.stringify({ config: { digest: "sha256:c" } }),
      },
    ],
  },
  "registry.Config": {
    "sha256:c": { entrypoint: ["/web"], command: [], os: "linux", architecture: "amd64" },
  },
  "ecs.ListServiceDeployments": {
    serviceDeployments: [{ targetServiceRevisionArn: "arn:revision/1", createdAt: "2026-11-01T10:00:00Z" }],
  },
  "ecs.DescribeServiceRevisions": {
    serviceRevisions: [
      {
        serviceRevisionArn: "arn:revision/1",
        taskDefinition: "web:7",
        containerImages: [{ containerName: "web", image: IMAGE, imageDigest: "sha256:1" }],
      },
    ],
  },
  "ecr.GetRepositoryPolicy": { Error: { Code: "RepositoryPolicyNotFoundException", Message: "none" } },
  "secretsmanager.DescribeSecret": { ARN: SECRET, KmsKeyId: KEY },
  "secretsmanager.GetResourcePolicy": { ARN: SECRET },
  "kms.DescribeKey": { KeyMetadata: { Arn: KEY, KeyState: "Enabled" } },
  "kms.GetKeyPolicy": {
    Policy: policy({
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: "kms:*",
      Resource: "*",
    }),
  },
  "iam.SimulatePrincipalPolicy": decided(
    "allowed",
    ...[
      "ecr:GetAuthorizationToken",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
      "ecr:BatchCheckLayerAvailability",
    ],
    ...["secretsmanager:GetSecretValue", "kms:Decrypt"],
  ),
  "iam.GetRole": {
    Role: {
      RoleName: "web-execution",
      AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: "ecs-tasks.amazonaws.com" } }] },
    },
  },
  "efs.DescribeMountTargets": {
    MountTargets: [
      {
        MountTargetId: "fsmt-1",
        FileSystemId: "fs-1",
        SubnetId: "subnet-1",
        AvailabilityZoneId: "use1-az1",
        LifeCycleState: "available",
      },
    ],
  },
  "efs.DescribeMountTargetSecurityGroups": { SecurityGroups: ["sg-efs"] },
  "efs.DescribeFileSystemPolicy": { Error: { Code: "PolicyNotFound", Message: "none" } },
  "efs.DescribeAccessPoints": { AccessPoints: [{ AccessPointId: "fsap-1", FileSystemId: "fs-1" }] },
  "elbv2.DescribeTargetGroups": {
    TargetGroups: [
      {
        TargetGroupArn: GROUP,
        HealthCheckPath: "/health",
        Matcher: { HttpCode: "200" },
        HealthCheckPort: "traffic-port",
        TargetType: "ip",
        LoadBalancerArns: [BALANCER],
        HealthCheckIntervalSeconds: "30",
        UnhealthyThresholdCount: "2",
      },
    ],
  },
  "elbv2.DescribeLoadBalancers": {
    LoadBalancers: [
      {
        LoadBalancerArn: BALANCER,
        Type: "application",
        SecurityGroups: ["sg-lb"],
        AvailabilityZones: [{ SubnetId: "subnet-1" }],
      },
    ],
  },
  "elbv2.DescribeTargetHealth": { TargetHealthDescriptions: [{ TargetHealth: { State: "healthy" } }] },
  "route53resolver.ListFirewallRuleGroupAssociations": { FirewallRuleGroupAssociations: [] },
  "route53resolver.ListResolverRuleAssociations": { ResolverRuleAssociations: [] },
  "route53.ListHostedZonesByVPC": { HostedZoneSummaries: [] },
};

export async function diagnosed(facts: Facts, document: JsonObject = {}): Promise<Diagnosis> {
  return await diagnosedIn(
    {
      services: [
        { serviceName: "web", serviceArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:service/prod/web`, ...document },
      ],
    },
    facts,
  );
}

/** @param document as ECS prints tasks, services or events */
export async function diagnosedIn(document: JsonObject, facts: Facts): Promise<Diagnosis> {
  const [start] = failedStartsIn(document) ?? [];
  if (start === undefined) throw new RangeError("no start");
  const recorded = new Map(Object.entries({ ...BASE, ...facts }));
  return await diagnose(start, recordedReads(recorded, { account: ACCOUNT, region: REGION }));
}

/** A task of the service that ECS stopped. */
export const stopped = (stoppedReason: string, more: JsonObject = {}): JsonObject => ({
  tasks: [
    {
      taskArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c`,
      clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`,
      group: "service:web",
      taskDefinitionArn: "web:7",
      launchType: "FARGATE",
      stopCode: "TaskFailedToStart",
      stoppedReason,
      ...more,
    },
  ],
});

export const resultOf = ({ checks }: Diagnosis, id: string) =>
  checks.filter((one) => one.id === id).map(({ result }) => result);
