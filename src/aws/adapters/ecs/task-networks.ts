/**
 * The one reader of networks: what EC2 reports about some interfaces, their subnets and everything between these and the
 * internet. Reads only; the facts name each part that may not be read, with the permission that was missing.
 */

import {
  DescribeDhcpOptionsCommand,
  DescribeNetworkAclsCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetManagedPrefixListEntriesCommand,
} from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { optional } from "../../../ecs/json-fields.ts";
import {
  isUnread,
  type NetworkFacts,
  type PrefixList,
  type Read,
  type SecurityGroup,
  type Source,
  type Vpc,
} from "../../../network/facts.ts";
import type { Networks } from "../../../remediation/ports/ports.ts";
import { readPages } from "../../client/calls/read-pages.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";
import { filter, type Home, paged, readEgress, unlessNone, vpcsOf } from "../../client/network-egress.ts";
import { endpointOf, networkAclOf, ownDnsServersOf, securityGroupOf } from "../../client/network-facts.ts";
import { readContainerInstances } from "../../client/read-container-instances.ts";

/** Not worth half a minute: the answer may be that it is not known. */
const ATTEMPTS_MAX = 3;
const PREFIX_LISTS_MAX = 20;

export function createNetworks(settings: AwsSettings, account: string): Networks {
  const configuration = clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings });
  const ec2 = new EC2Client(configuration);
  const ecs = new ECSClient(configuration);
  return {
    describe: (sources) => readNetwork(ec2, sources, { account, region: settings.region }),
    egress: (subnets) => readEgress(ec2, subnets, { account, region: settings.region }),
    instances: (cluster) => readContainerInstances(cluster, { ecs, ec2 }),
  };
}

async function readNetwork(ec2: EC2Client, sources: Read<Source>, home: Home): Promise<NetworkFacts> {
  const facts = await readEgress(ec2, isUnread(sources) ? [] : sources.map(({ subnet }) => subnet), home);
  if (isUnread(facts.subnets)) {
    const { subnets } = facts;
    return {
      ...facts,
      sources,
      vpcs: subnets,
      endpoints: subnets,
      securityGroups: subnets,
      networkAcls: subnets,
    };
  }
  const vpcs = vpcsOf(facts.subnets);
  const ofVpcs = () => filter("vpc-id", vpcs);
  const [endpoints, networkAcls, described] = await Promise.all([
    unlessNone(vpcs, () =>
      readPages("ec2:DescribeVpcEndpoints", async (token) => {
        const page = await ec2.send(new DescribeVpcEndpointsCommand(paged(ofVpcs(), token)));
        return { items: page.VpcEndpoints?.map(endpointOf), next: page.NextToken };
      }),
    ),
    unlessNone(vpcs, () =>
      readPages("ec2:DescribeNetworkAcls", async (token) => {
        const page = await ec2.send(new DescribeNetworkAclsCommand(paged(ofVpcs(), token)));
        return { items: page.NetworkAcls?.map(networkAclOf), next: page.NextToken };
      }),
    ),
    unlessNone(vpcs, () => readVpcs(ec2, vpcs)),
  ]);
  const groups = await unlessNone(vpcs, () =>
    readGroups(ec2, vpcs, [
      ...(isUnread(sources) ? [] : sources.flatMap(({ securityGroups = [] }) => securityGroups)),
      ...(isUnread(endpoints) ? [] : endpoints.flatMap(({ securityGroups }) => securityGroups)),
    ]),
  );
  const prefixLists = await readPrefixLists(ec2, listsIn(facts, groups));
  return { ...facts, sources, vpcs: described, endpoints, networkAcls, securityGroups: groups, prefixLists };
}

async function readVpcs(ec2: EC2Client, ids: readonly string[]): Promise<Read<Vpc>> {
  const vpcs = await readPages("ec2:DescribeVpcs", async (token) => {
    const page = await ec2.send(new DescribeVpcsCommand(paged(filter("vpc-id", ids), token)));
    return { items: page.Vpcs, next: page.NextToken };
  });
  if (isUnread(vpcs)) return vpcs;
  const options = await readPages("ec2:DescribeDhcpOptions", async (token) => {
    const wanted = filter(
      "dhcp-options-id",
      vpcs.flatMap(({ DhcpOptionsId }) => DhcpOptionsId ?? []),
    );
    const page = await ec2.send(new DescribeDhcpOptionsCommand(paged(wanted, token)));
    return { items: page.DhcpOptions, next: page.NextToken };
  });
  if (isUnread(options)) return options;
  const found: Vpc[] = [];
  for (const vpc of vpcs) {
    const { VpcId = "" } = vpc;
    const attributes = await readPages("ec2:DescribeVpcAttribute", async () => {
      const [support, hostnames] = await Promise.all([
        ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsSupport" })),
        ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsHostnames" })),
      ]);
      const items = [support.EnableDnsSupport?.Value === true, hostnames.EnableDnsHostnames?.Value === true];
      return { items, next: undefined };
    });
    if (isUnread(attributes)) return attributes;
    const [dnsSupport = false, dnsHostnames = false] = attributes;
    const dhcp = options.find(({ DhcpOptionsId }) => DhcpOptionsId === vpc.DhcpOptionsId);
    found.push({ id: VpcId, dnsSupport, dnsHostnames, ownDnsServers: ownDnsServersOf(dhcp, vpc) });
  }
  return found;
}

/** The groups by these ids, and the default ones of the VPCs, which an interface has that names none. */
async function readGroups(
  ec2: EC2Client,
  vpcs: readonly string[],
  ids: readonly string[],
): Promise<Read<SecurityGroup>> {
  const ofDefault = [...filter("vpc-id", vpcs).Filters, ...filter("group-name", ["default"]).Filters];
  const found: SecurityGroup[] = [];
  for (const Filters of [ofDefault, ...(ids.length === 0 ? [] : [filter("group-id", ids).Filters])]) {
    const read = await readPages("ec2:DescribeSecurityGroups", async (token) => {
      const page = await ec2.send(new DescribeSecurityGroupsCommand(paged({ Filters }, token)));
      return { items: page.SecurityGroups?.map(securityGroupOf), next: page.NextToken };
    });
    if (isUnread(read)) return read;
    found.push(...read.filter(({ id }) => !found.some((one) => one.id === id)));
  }
  return found;
}

/** The lists that routes and rules name. */
function listsIn({ routeTables }: NetworkFacts, groups: Read<SecurityGroup>): readonly string[] {
  const routes = isUnread(routeTables) ? [] : routeTables.flatMap((table) => table.routes);
  const rules = isUnread(groups) ? [] : groups.flatMap(({ ingress, egress }) => [...ingress, ...egress]);
  const named = [
    ...routes.flatMap(({ destination }) => (destination.startsWith("pl-") ? destination : [])),
    ...rules.flatMap(({ prefixList }) => prefixList ?? []),
  ];
  return [...new Set(named)].slice(0, PREFIX_LISTS_MAX);
}

async function readPrefixLists(ec2: EC2Client, ids: readonly string[]): Promise<Read<PrefixList>> {
  return await Promise.all(
    ids.map(async (id): Promise<PrefixList> => {
      const blocks = await readPages("ec2:GetManagedPrefixListEntries", async (NextToken) => {
        const input = { PrefixListId: id, ...optional("NextToken", NextToken) };
        const page = await ec2.send(new GetManagedPrefixListEntriesCommand(input));
        return { items: page.Entries?.flatMap(({ Cidr }) => Cidr ?? []), next: page.NextToken };
      });
      return { id, blocks };
    }),
  );
}
