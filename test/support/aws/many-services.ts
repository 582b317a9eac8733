/** An account of many services in moto: VPCs with two subnets each, a group, and services that share them; no way out of any. */

import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import type { AwsSettings } from "../../../src/aws/client/client-config.ts";
import { forEachConcurrently } from "../../../src/runtime/for-each-concurrently.ts";
import { MOTO_ACCOUNT } from "./moto.ts";

export type ManyServices = { readonly services: number; readonly vpcs: number };

const AT_ONCE = 8;

type Place = { readonly subnets: string[]; readonly group: string };

export async function makeManyServices(
  settings: AwsSettings,
  { services, vpcs }: ManyServices,
): Promise<void> {
  const ec2 = new EC2Client(clientOf(settings));
  const ecs = new ECSClient(clientOf(settings));
  const places: Place[] = [];
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  await forEachConcurrently(numbers(vpcs), AT_ONCE, async (index) => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: `10.${index}.0.0/16` }));
    const VpcId = Vpc?.VpcId ?? "";
    const subnets: string[] = [];
    for (const zone of [0, 1]) {
      const made = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: `10.${index}.${zone}.0/24` }));
      subnets.push(made.Subnet?.SubnetId ?? "");
    }
    const group = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: `tasks-${index}`, Description: "tasks" }),
    );
    const service = { VpcId, ServiceName: `com.amazonaws.${settings.region}.ecr.api` };
    await ec2.send(
      new CreateVpcEndpointCommand({
        ...service,
        VpcEndpointType: "Interface",
        SubnetIds: subnets,
        PrivateDnsEnabled: true,
      }),
    );
    places.push({ subnets, group: group.GroupId ?? "" });
  });
  await new ECRClient(clientOf(settings)).send(new CreateRepositoryCommand({ repositoryName: "web" }));
  await ecs.send(new CreateClusterCommand({ clusterName: "many" }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      executionRoleArn: `arn:aws:iam::${MOTO_ACCOUNT}:role/web-execution`,
      containerDefinitions: [
        { name: "web", memory: 64, image: `${MOTO_ACCOUNT}.dkr.ecr.${settings.region}.amazonaws.com/web:1` },
      ],
    }),
  );
  await forEachConcurrently(numbers(services), AT_ONCE, async (index) => {
    const place = places[index % places.length];
    if (place === undefined) throw new RangeError("no VPC");
    await ecs.send(
      new CreateServiceCommand({
        cluster: "many",
        serviceName: `web-${index}`,
        taskDefinition: "web",
        launchType: "FARGATE",
        desiredCount: 0,
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: place.subnets,
            securityGroups: [place.group],
            assignPublicIp: "DISABLED",
          },
        },
      }),
    );
  });
}

function clientOf({ region, endpoint, credentials }: AwsSettings) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
