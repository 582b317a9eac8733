/** The networks of the sandbox's account, as far as a world file has them: one VPC, in which groups and ACLs let all through. */

import { optional } from "../../ecs/json-fields.ts";
import { type NetworkFacts, nothingRead, type Source } from "../../network/facts.ts";
import type { ContainerInstance, Networks } from "../../remediation/ports/ports.ts";
import type { WorldFile } from "../world/world-file.ts";
import type { AwsFault } from "./faults/aws-fault.ts";
import { refusedBy } from "./iam-simulator.ts";

type Home = { readonly account: string; readonly region: string; readonly partition: string };

const VPC = "vpc-0a1b2c3d4e5f60718";
const GROUP = "sg-0a1b2c3d4e5f60718";
/** Every subnet whose route is `other` goes out here, and the gateway itself by a subnet of its own. */
const NAT = "nat-0a1b2c3d4e5f60718";
const NAT_SUBNET = "subnet-of-the-nat-gateway";
const INTERNET = "igw-0a1b2c3d4e5f60718";
const EVERYWHERE = "0.0.0.0/0";

/** Where a machine is that the world file does not place. */
const MACHINES_SUBNET = "subnet-of-the-machines";

/** @param address by which the NAT gateway is seen */
export function createNetworks(file: WorldFile, home: Home, address: string, faults: AwsFault): Networks {
  const read = async (sources: readonly Source[]): Promise<NetworkFacts> => {
    const because = refusedBy(faults, "ec2:DescribeSubnets");
    if (because !== undefined) return nothingRead(home, { unread: "ec2:DescribeSubnets", because });
    return factsOf(file, home, address, sources);
  };
  return {
    describe: async (sources) =>
      "unread" in sources ? { ...(await read([])), sources } : await read(sources),
    egress: (subnets) => read(subnets.map((subnet) => ({ subnet, hasPublicAddress: false }))),
    async instances(clusterArn) {
      const because = refusedBy(faults, "ec2:DescribeInstances");
      if (because !== undefined) return { unread: "ec2:DescribeInstances", because };
      const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
      const machines = file.machines?.[cluster] ?? [];
      return machines.map(
        ({ subnet = MACHINES_SUBNET, role }, index): ContainerInstance => ({
          source: { subnet, securityGroups: [], hasPublicAddress: false, instance: `i-${index}` },
          ...optional(
            "profile",
            role && `arn:${home.partition}:iam::${home.account}:instance-profile/${role}`,
          ),
        }),
      );
    },
  };
}

function factsOf(
  file: WorldFile,
  { account, region }: Home,
  address: string,
  sources: readonly Source[],
): NetworkFacts {
  const ids = [...new Set([...sources.map(({ subnet }) => subnet), NAT_SUBNET])];
  const routes = (id: string) => (id === NAT_SUBNET ? "internet-gateway" : file.subnets?.[id]?.route);
  return {
    account,
    region,
    sources,
    subnets: ids.map((id, index) => ({
      id,
      vpc: VPC,
      owner: account,
      blocks: [`10.0.${index % 256}.0/24`],
      isIpv6Only: false,
      hasDns64: false,
    })),
    vpcs: [{ id: VPC, dnsSupport: true, dnsHostnames: true, ownDnsServers: [] }],
    routeTables: ids.map((id) => ({
      id: `rtb-${id}`,
      vpc: VPC,
      isMain: false,
      subnets: [id],
      routes: [
        { destination: "10.0.0.0/16", target: "local", state: "active" },
        ...routesTo(routes(id) ?? "other"),
      ],
    })),
    natGateways: [
      { id: NAT, state: "available", isPrivate: false, subnet: NAT_SUBNET, publicAddresses: [address] },
    ],
    endpoints: ids.flatMap((id) =>
      (file.subnets?.[id]?.endpoints ?? []).map((name) => endpointIn(id, name, region)),
    ),
    securityGroups: [
      {
        id: GROUP,
        vpc: VPC,
        isDefault: true,
        ingress: [{ protocol: "-1", block: EVERYWHERE }],
        egress: [{ protocol: "-1", block: EVERYWHERE }],
      },
    ],
    networkAcls: [
      {
        id: "acl-0a1b2c3d4e5f60718",
        subnets: ids,
        entries: [true, false].map((isEgress) => ({
          number: 100,
          isEgress,
          protocol: "-1",
          isAllow: true,
          block: EVERYWHERE,
        })),
      },
    ],
    prefixLists: [],
  };
}

function routesTo(route: "internet-gateway" | "other" | "none") {
  if (route === "none") return [];
  const target = route === "other" ? NAT : INTERNET;
  return [{ destination: EVERYWHERE, target, state: "active" as const }];
}

function endpointIn(subnet: string, name: string, region: string) {
  const isGateway = name === "s3";
  return {
    id: `vpce-${subnet}-${name}`,
    vpc: VPC,
    service: `com.amazonaws.${region}.${name}`,
    type: isGateway ? "Gateway" : "Interface",
    state: "available",
    hasPrivateDns: !isGateway,
    subnets: isGateway ? [] : [subnet],
    securityGroups: [GROUP],
    routeTables: isGateway ? [`rtb-${subnet}`] : [],
  };
}
