/** Where the subnets of a service lead: their default routes, and the endpoints of their VPC. */

import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  type RouteTable,
} from "@aws-sdk/client-ec2";

import type { Networks, SubnetFacts } from "../remediation/ports.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf } from "./failure.ts";
import { routesOf } from "./routes.ts";

/** Not worth half a minute: the answer may be that it is not known. */
const ATTEMPTS_MAX = 3;

export function createNetworks(settings: AwsSettings): Networks {
  const client = new EC2Client(clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings }));
  return {
    async describe(subnets) {
      let action = "ec2:DescribeSubnets";
      try {
        const described = await client.send(new DescribeSubnetsCommand({ SubnetIds: [...subnets] }));
        const vpcs = [...new Set((described.Subnets ?? []).flatMap(({ VpcId }) => VpcId ?? []))];
        const ofVpcs = { Filters: [{ Name: "vpc-id", Values: vpcs }] };
        action = "ec2:DescribeRouteTables";
        const { RouteTables = [] } = await client.send(new DescribeRouteTablesCommand(ofVpcs));
        action = "ec2:DescribeVpcEndpoints";
        const { VpcEndpoints = [] } = await client.send(new DescribeVpcEndpointsCommand(ofVpcs));
        const facts = (described.Subnets ?? []).map(({ SubnetId = "", VpcId }): SubnetFacts => {
          const endpoints = VpcEndpoints.filter(
            (endpoint) => endpoint.VpcId === VpcId && endpoint.State?.toLowerCase() === "available",
          );
          return {
            subnet: SubnetId,
            route: defaultRoute(SubnetId, VpcId, RouteTables),
            endpoints: endpoints.flatMap(({ ServiceName }) => endpointName(ServiceName) ?? []),
          };
        });
        return { kind: "known", subnets: facts };
      } catch (error) {
        return { kind: "unknown", because: awsErrorOf(action, error).message.slice(0, 200) };
      }
    },
  };
}

function defaultRoute(
  subnet: string,
  vpc: string | undefined,
  tables: readonly RouteTable[],
): SubnetFacts["route"] {
  const routes = routesOf(subnet, vpc, tables);
  // ECR's hosts have IPv4 addresses alone: a broken way of IPv4 is not mended by one of IPv6.
  const route =
    routes.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0") ??
    routes.find(({ DestinationIpv6CidrBlock }) => DestinationIpv6CidrBlock === "::/0");
  if (route === undefined || route.State === "blackhole") return "none";
  return route.GatewayId?.startsWith("igw-") === true ? "internet-gateway" : "other";
}

/** `ecr.dkr` of `com.amazonaws.us-east-1.ecr.dkr`. */
function endpointName(service: string | undefined): string | undefined {
  return /\.(?:[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})\.([a-z0-9.-]+)$/.exec(service ?? "")?.[1];
}
