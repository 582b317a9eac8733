/** By which addresses subnets and machines reach the internet: route tables, NAT gateways, instances. Reads only. */

import {
  DescribeInstancesCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type Route,
} from "@aws-sdk/client-ec2";
import {
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import type { AccountView, Host, WayOut } from "../remediation/account-view.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { attempt } from "./failure.ts";
import { routesOf } from "./routes.ts";

/** As many as one call takes, or as are worth a look. */
const SUBNETS_AT_ONCE = 100;
const INSTANCES_AT_ONCE = 100;
const INSTANCE_PAGES_MAX = 20;

export function createWaysOut(settings: AwsSettings): Pick<AccountView, "waysOut" | "hosts"> {
  const ec2 = new EC2Client(clientConfiguration(settings));
  const ecs = new ECSClient(clientConfiguration(settings));

  const ofSome = async (subnets: readonly string[]): Promise<readonly (readonly [string, WayOut])[]> => {
    // By filter: one that is gone is left out, and does not refuse the others.
    const byId = { Filters: [{ Name: "subnet-id", Values: [...subnets] }] };
    const { Subnets = [] } = await attempt("ec2:DescribeSubnets", () =>
      ec2.send(new DescribeSubnetsCommand(byId)),
    );
    const vpcs = [...new Set(Subnets.flatMap(({ VpcId }) => VpcId ?? []))];
    if (vpcs.length === 0) return [];
    const ofVpcs = { Filters: [{ Name: "vpc-id", Values: vpcs }] };
    const { RouteTables = [] } = await attempt("ec2:DescribeRouteTables", () =>
      ec2.send(new DescribeRouteTablesCommand(ofVpcs)),
    );
    const { NatGateways = [] } = await attempt("ec2:DescribeNatGateways", () =>
      ec2.send(new DescribeNatGatewaysCommand({ Filter: ofVpcs.Filters })),
    );
    const addresses = new Map(
      NatGateways.map(({ NatGatewayId = "", NatGatewayAddresses = [] }) => [
        NatGatewayId,
        NatGatewayAddresses.flatMap(({ PublicIp }) => PublicIp ?? []),
      ]),
    );
    return Subnets.map(
      ({ SubnetId = "", VpcId }) =>
        [SubnetId, wayBy(defaultRoute(routesOf(SubnetId, VpcId, RouteTables)), addresses)] as const,
    );
  };

  const instances = async (ids: readonly string[]): Promise<readonly Host[]> => {
    const { Reservations = [] } = await attempt("ec2:DescribeInstances", () =>
      ec2.send(new DescribeInstancesCommand({ InstanceIds: [...ids] })),
    );
    return Reservations.flatMap(({ Instances = [] }) =>
      Instances.map(({ SubnetId, PublicIpAddress }) => ({
        ...(SubnetId === undefined ? {} : { subnet: SubnetId }),
        ...(PublicIpAddress ? { publicAddress: PublicIpAddress } : {}),
      })),
    );
  };

  return {
    async waysOut(subnets) {
      const ways = new Map<string, WayOut>();
      for (let at = 0; at < subnets.length; at += SUBNETS_AT_ONCE)
        for (const [subnet, way] of await ofSome(subnets.slice(at, at + SUBNETS_AT_ONCE)))
          ways.set(subnet, way);
      return ways;
    },

    async hosts(cluster) {
      const found: Host[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < INSTANCE_PAGES_MAX; page += 1) {
        const listed = await attempt("ecs:ListContainerInstances", () =>
          ecs.send(
            new ListContainerInstancesCommand({
              cluster,
              maxResults: INSTANCES_AT_ONCE,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        );
        const arns = listed.containerInstanceArns ?? [];
        if (arns.length > 0) {
          const { containerInstances = [] } = await attempt("ecs:DescribeContainerInstances", () =>
            ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: arns })),
          );
          const ids = containerInstances.flatMap(({ ec2InstanceId, status }) =>
            // Machines outside of AWS have ids of another form, and stand in no subnet.
            ec2InstanceId?.startsWith("i-") && status === "ACTIVE" ? ec2InstanceId : [],
          );
          if (ids.length > 0) found.push(...(await instances(ids)));
        }
        nextToken = listed.nextToken;
        if (nextToken === undefined) break;
      }
      return found;
    },
  };
}

function wayBy(route: Route | undefined, natAddresses: ReadonlyMap<string, readonly string[]>): WayOut {
  if (route === undefined) return { kind: "none" };
  if (route.GatewayId?.startsWith("igw-")) return { kind: "internet-gateway" };
  if (route.NatGatewayId !== undefined && route.NatGatewayId !== "")
    return {
      kind: "nat",
      id: route.NatGatewayId,
      addresses: natAddresses.get(route.NatGatewayId) ?? [],
    };
  const { TransitGatewayId, NetworkInterfaceId, VpcPeeringConnectionId, InstanceId, GatewayId } = route;
  const id = TransitGatewayId ?? InstanceId ?? NetworkInterfaceId ?? VpcPeeringConnectionId ?? GatewayId;
  return { kind: "other", id: id ?? "a gateway of another kind" };
}

/** Docker Hub is reached by IPv4. */
function defaultRoute(routes: readonly Route[]): Route | undefined {
  return routes.find(
    ({ DestinationCidrBlock, State }) => DestinationCidrBlock === "0.0.0.0/0" && State !== "blackhole",
  );
}
