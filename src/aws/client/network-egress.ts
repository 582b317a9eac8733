/** What shows by which address something leaves a subnet: the VPC's subnets, route tables and NAT gateways. Reads only. */

import {
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { optional } from "../../ecs/json-fields.ts";
import { isUnread, type NetworkFacts, type Read, type Subnet, type Unread } from "../../network/facts.ts";
import { readPages } from "./calls/read-pages.ts";
import { natGatewayOf, routeTableOf, subnetOf } from "./network-facts.ts";

/** A filter takes two hundred values. */
const VALUES_MAX = 200;

const NOT_ASKED: Unread = { unread: "", because: "not asked" };

type Filters = { readonly Filters: { Name: string; Values: string[] }[] };

export type Home = Pick<NetworkFacts, "account" | "region">;

export async function readEgress(
  ec2: EC2Client,
  subnets: readonly string[],
  home: Home,
): Promise<NetworkFacts> {
  const unasked = {
    sources: NOT_ASKED,
    vpcs: NOT_ASKED,
    endpoints: NOT_ASKED,
    securityGroups: NOT_ASKED,
    networkAcls: NOT_ASKED,
    prefixLists: NOT_ASKED,
  };
  const named = await readSubnets(ec2, "subnet-id", [...new Set(subnets)]);
  if (isUnread(named)) return { ...home, ...unasked, subnets: named, routeTables: named, natGateways: named };
  const vpcs = vpcsOf(named);
  const ofVpcs = () => filter("vpc-id", vpcs);
  const [all, routeTables, natGateways] = await Promise.all([
    // Those of NAT gateways and endpoints, too.
    readSubnets(ec2, "vpc-id", vpcs),
    unlessNone(vpcs, () =>
      readPages("ec2:DescribeRouteTables", async (token) => {
        const page = await ec2.send(new DescribeRouteTablesCommand(paged(ofVpcs(), token)));
        return { items: page.RouteTables?.map(routeTableOf), next: page.NextToken };
      }),
    ),
    unlessNone(vpcs, () =>
      readPages("ec2:DescribeNatGateways", async (token) => {
        const input = { Filter: ofVpcs().Filters, ...optional("NextToken", token) };
        const page = await ec2.send(new DescribeNatGatewaysCommand(input));
        return { items: page.NatGateways?.map(natGatewayOf), next: page.NextToken };
      }),
    ),
  ]);
  return { ...home, ...unasked, subnets: all, routeTables, natGateways };
}

/** By filter: one that is gone is left out, and does not refuse the others. */
async function readSubnets(ec2: EC2Client, name: string, values: readonly string[]): Promise<Read<Subnet>> {
  const found: Subnet[] = [];
  for (let at = 0; at < values.length; at += VALUES_MAX) {
    const some = filter(name, values.slice(at, at + VALUES_MAX));
    const read = await readPages("ec2:DescribeSubnets", async (token) => {
      const page = await ec2.send(new DescribeSubnetsCommand(paged(some, token)));
      return { items: page.Subnets?.map(subnetOf), next: page.NextToken };
    });
    if (isUnread(read)) return read;
    found.push(...read);
  }
  return found;
}

export function vpcsOf(subnets: readonly Subnet[]): readonly string[] {
  return [...new Set(subnets.map(({ vpc }) => vpc))].filter(Boolean).slice(0, VALUES_MAX);
}

export function filter(name: string, values: readonly string[]): Filters {
  return { Filters: [{ Name: name, Values: [...new Set(values)].slice(0, VALUES_MAX) }] };
}

export function paged(filters: Filters, token: string | undefined) {
  return { ...filters, ...optional("NextToken", token) };
}

/** EC2 takes no filter without values, and means everything by none. */
export async function unlessNone<T>(
  values: readonly string[],
  read: () => Promise<Read<T>>,
): Promise<Read<T>> {
  return values.length === 0 ? [] : await read();
}
