/** The network of the sandbox's account in EC2's words: what `src/network` would read of a real one. */

import { getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { isUnread, type NetworkFacts, type Read } from "../../../network/facts.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { describedService } from "../../ecs/documents/service-document.ts";
import type { Account, Operations } from "../call.ts";

const DHCP_OPTIONS = "dopt-0a1b2c3d4e5f60718";
const VPC_BLOCK = "10.0.0.0/16";

/** Every subnet that a world file or a service names. */
async function factsOf({ world, file }: Account): Promise<NetworkFacts> {
  const used = world.cluster
    .services()
    .flatMap((service) => getObjects({ all: [describedService(service)] }, "all"))
    .flatMap((service) => subnetsIn(service.networkConfiguration));
  const subnets = [...new Set([...Object.keys(file.subnets ?? {}), ...used])];
  return await world.ports.networks.describe(
    subnets.map((subnet) => ({ subnet, securityGroups: [], hasPublicAddress: false })),
  );
}

function subnetsIn(network: Json | undefined): readonly string[] {
  const [settings = {}] = getObjects({ all: network === undefined ? [] : [network] }, "all");
  const [vpc = {}] = getObjects({ all: [settings.awsvpcConfiguration ?? {}] }, "all");
  return getStrings(vpc, "subnets");
}

const listed =
  (
    member: string,
    idName: string,
    describe: (facts: NetworkFacts) => readonly JsonObject[],
  ): ((input: JsonObject, account: Account) => Promise<JsonObject>) =>
  async (input, account) => {
    const all = describe(await factsOf(account));
    const wanted = filterOf(input, idName);
    return {
      [member]: {
        item: all.filter((one) => wanted === undefined || wanted.includes(String(one[memberOf(idName)]))),
      },
    };
  };

/** The filter by the resource's own id; the others (`vpc-id`, of the one VPC) leave everything in. */
function filterOf(input: JsonObject, idName: string): readonly string[] | undefined {
  const filters = getObjects({ all: input.Filter ?? [] }, "all");
  const found = filters.find((one) => getString(one, "Name") === idName);
  return found && getStrings(found, "Value");
}

/** `subnet-id` is the member `subnetId`. */
function memberOf(name: string): string {
  return name.replaceAll(/-(?<letter>[a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function known<T>(read: Read<T>): readonly T[] {
  return isUnread(read) ? [] : read;
}

export const ec2: Operations = {
  DescribeSubnets: listed("subnetSet", "subnet-id", ({ subnets, account }) =>
    known(subnets).map(({ id, vpc, owner = account, blocks: [block = VPC_BLOCK] }) => ({
      subnetId: id,
      vpcId: vpc,
      ownerId: owner,
      cidrBlock: block,
      state: "available",
    })),
  ),

  DescribeVpcs: listed("vpcSet", "vpc-id", ({ vpcs }) =>
    known(vpcs).map(({ id }) => ({ vpcId: id, cidrBlock: VPC_BLOCK, dhcpOptionsId: DHCP_OPTIONS })),
  ),

  DescribeDhcpOptions: () => ({
    dhcpOptionsSet: {
      item: [
        {
          dhcpOptionsId: DHCP_OPTIONS,
          dhcpConfigurationSet: {
            item: [{ key: "domain-name-servers", valueSet: { item: [{ value: "AmazonProvidedDNS" }] } }],
          },
        },
      ],
    },
  }),

  DescribeVpcAttribute: (input) => ({
    vpcId: input.VpcId ?? "",
    [String(input.Attribute)]: { value: true },
  }),

  DescribeRouteTables: listed("routeTableSet", "route-table-id", ({ routeTables }) =>
    known(routeTables).map(({ id, vpc, isMain, subnets, routes }) => ({
      routeTableId: id,
      vpcId: vpc,
      associationSet: { item: subnets.map((subnetId) => ({ subnetId, main: isMain })) },
      routeSet: {
        item: routes.map((route) => ({
          destinationCidrBlock: route.destination,
          [route.target.startsWith("nat-") ? "natGatewayId" : "gatewayId"]: route.target,
          state: route.state,
        })),
      },
    })),
  ),

  DescribeNatGateways: listed("natGatewaySet", "nat-gateway-id", ({ natGateways }) =>
    known(natGateways).map(({ id, state, isPrivate, subnet = "", publicAddresses }) => ({
      natGatewayId: id,
      state,
      connectivityType: isPrivate ? "private" : "public",
      subnetId: subnet,
      natGatewayAddressSet: { item: publicAddresses.map((publicIp) => ({ publicIp })) },
    })),
  ),

  DescribeVpcEndpoints: listed("vpcEndpointSet", "vpc-endpoint-id", ({ endpoints }) =>
    known(endpoints).map((one) => ({
      vpcEndpointId: one.id,
      vpcId: one.vpc,
      serviceName: one.service,
      vpcEndpointType: one.type,
      state: one.state,
      privateDnsEnabled: one.hasPrivateDns,
      subnetIdSet: { item: one.subnets },
      groupSet: { item: one.securityGroups.map((groupId) => ({ groupId })) },
      routeTableIdSet: { item: one.routeTables },
    })),
  ),

  DescribeNetworkAcls: listed("networkAclSet", "network-acl-id", ({ networkAcls }) =>
    known(networkAcls).map(({ id, subnets, entries }) => ({
      networkAclId: id,
      associationSet: { item: subnets.map((subnetId) => ({ subnetId })) },
      entrySet: {
        item: entries.map(({ number, isEgress, protocol, isAllow, block }) => ({
          ruleNumber: number,
          egress: isEgress,
          protocol,
          ruleAction: isAllow ? "allow" : "deny",
          cidrBlock: block,
        })),
      },
    })),
  ),

  DescribeSecurityGroups: listed("securityGroupInfo", "group-id", ({ securityGroups }) =>
    known(securityGroups).map(({ id, vpc, isDefault, ingress, egress }) => ({
      groupId: id,
      vpcId: vpc,
      groupName: isDefault ? "default" : id,
      ipPermissions: { item: ingress.map(permissionOf) },
      ipPermissionsEgress: { item: egress.map(permissionOf) },
    })),
  ),

  async DescribeNetworkInterfaces(input, { world }) {
    const ids = getStrings(input, "NetworkInterfaceId");
    const found = await Promise.all(
      ids.map(async (id) => ({ id, network: await world.ports.tasks.networkOf(id) })),
    );
    return {
      networkInterfaceSet: {
        item: found.flatMap(({ id, network }) =>
          network === undefined
            ? []
            : [
                {
                  networkInterfaceId: id,
                  subnetId: network.subnet,
                  groupSet: { item: network.securityGroups.map((groupId) => ({ groupId })) },
                },
              ],
        ),
      },
    };
  },
};

function permissionOf({
  protocol,
  block,
}: {
  readonly protocol: string;
  readonly block?: string;
}): JsonObject {
  return { ipProtocol: protocol, ipRanges: { item: block === undefined ? [] : [{ cidrIp: block }] } };
}
