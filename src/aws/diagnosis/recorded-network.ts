/** The facts of a network from EC2's recorded answers; what was not recorded is named with the permission that would read it. */

import type { Subnet as Ec2Subnet } from "@aws-sdk/client-ec2";
import { getObject, getObjects, getString } from "../../ecs/json-fields.ts";
import {
  isUnread,
  type NetworkFacts,
  type PrefixList,
  type Read,
  type Source,
  type Vpc,
} from "../../network/facts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import {
  endpointOf,
  natGatewayOf,
  networkAclOf,
  ownDnsServersOf,
  routeTableOf,
  securityGroupOf,
  subnetOf,
} from "../client/network-facts.ts";

/** The facts as they were concluded, in place of EC2's answers. */
export const NETWORK_FILE = "network.facts";

/** What the network is made of in addition to the operations of a diagnosis. */
export const NETWORK_OPERATIONS = [
  "ec2.DescribeDhcpOptions",
  "ec2.DescribeNatGateways",
  "ec2.DescribeNetworkAcls",
  "ec2.DescribePrefixLists",
  "ec2.DescribeRouteTables",
  "ec2.DescribeSecurityGroups",
  "ec2.DescribeVpcAttribute",
  "ec2.DescribeVpcEndpoints",
  "ec2.DescribeVpcs",
  "ec2.GetManagedPrefixListEntries",
] as const;

export type Recorded = ReadonlyMap<string, JsonObject>;
export type Home = { readonly account: string | undefined; readonly region: string };

export function networkFacts(
  recorded: Recorded,
  sources: Read<Source>,
  { account, region }: Home,
): NetworkFacts {
  const concluded = recorded.get(NETWORK_FILE);
  if (concluded !== undefined) return { ...(concluded as unknown as NetworkFacts), sources };
  const list = <From, To>(operation: string, member: string, read: (one: From) => To): Read<To> => {
    const answer = recorded.get(`ec2.${operation}`);
    if (answer === undefined)
      return { unread: `ec2:${operation}`, because: `ec2.${operation} is not recorded` };
    // EC2's shapes, as its own SDK types them: what is missing of one is absent there, too.
    return getObjects(answer, member).map((one) => read(one as unknown as From));
  };
  const subnets = list("DescribeSubnets", "Subnets", (one: Ec2Subnet) => subnetOf(one));
  const owner = isUnread(subnets) ? undefined : subnets.find((one) => one.owner !== undefined)?.owner;
  const routeTables = list("DescribeRouteTables", "RouteTables", routeTableOf);
  const securityGroups = list("DescribeSecurityGroups", "SecurityGroups", securityGroupOf);
  return {
    account: account ?? owner ?? "",
    region,
    sources,
    subnets,
    routeTables,
    securityGroups,
    natGateways: list("DescribeNatGateways", "NatGateways", natGatewayOf),
    endpoints: list("DescribeVpcEndpoints", "VpcEndpoints", endpointOf),
    networkAcls: list("DescribeNetworkAcls", "NetworkAcls", networkAclOf),
    vpcs: vpcsIn(recorded, isUnread(subnets) ? [] : [...new Set(subnets.map(({ vpc }) => vpc))]),
    prefixLists: prefixListsIn(recorded, [
      ...(isUnread(routeTables)
        ? []
        : routeTables.flatMap(({ routes }) => routes.map((one) => one.destination))),
      ...(isUnread(securityGroups)
        ? []
        : securityGroups.flatMap(({ egress }) => egress.flatMap((one) => one.prefixList ?? []))),
    ]),
  };
}

/** Both attributes in one file: the answers to two questions, put together. */
function vpcsIn(recorded: Recorded, ids: readonly string[]): Read<Vpc> {
  const attributes = recorded.get("ec2.DescribeVpcAttribute");
  const hostnames = attributes && getObject(attributes, "EnableDnsHostnames");
  if (attributes === undefined || hostnames === undefined)
    return { unread: "ec2:DescribeVpcAttribute", because: "ec2.DescribeVpcAttribute is not recorded" };
  const vpcs = getObjects(recorded.get("ec2.DescribeVpcs") ?? {}, "Vpcs");
  const options = getObjects(recorded.get("ec2.DescribeDhcpOptions") ?? {}, "DhcpOptions");
  return ids.map((id) => {
    const vpc = vpcs.find((one) => getString(one, "VpcId") === id) ?? {};
    const dhcp = options.find((one) => getString(one, "DhcpOptionsId") === getString(vpc, "DhcpOptionsId"));
    return {
      id,
      dnsSupport: getObject(attributes, "EnableDnsSupport")?.Value !== false,
      dnsHostnames: hostnames.Value === true,
      ownDnsServers: ownDnsServersOf(dhcp as Parameters<typeof ownDnsServersOf>[0], vpc),
    };
  });
}

function prefixListsIn(recorded: Recorded, named: readonly string[]): Read<PrefixList> {
  const described = getObjects(recorded.get("ec2.DescribePrefixLists") ?? {}, "PrefixLists");
  const entries = recorded.get("ec2.GetManagedPrefixListEntries");
  return [...new Set(named.filter((one) => one.startsWith("pl-")))].map((id): PrefixList => {
    const own = described.find((one) => getString(one, "PrefixListId") === id);
    if (own !== undefined)
      return {
        id,
        blocks: Array.isArray(own.Cidrs) ? own.Cidrs.filter((one) => typeof one === "string") : [],
      };
    if (entries !== undefined)
      return { id, blocks: getObjects(entries, "Entries").flatMap((one) => getString(one, "Cidr") ?? []) };
    return { id, blocks: { unread: "ec2:GetManagedPrefixListEntries", because: `${id} is not recorded` } };
  });
}
