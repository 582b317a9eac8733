/** What may block traffic apart from routes: the groups at either end, and the network ACLs of either subnet. */

import { type Block, parseBlock } from "./addresses.ts";
import { no, notRead, notSure, type Obstacle } from "./answer.ts";
import { isUnread, type NetworkFacts, type Source, type Subnet } from "./facts.ts";
import { aclOf, LINUX_PORTS, NAT_PORTS, type Ports, passageOf } from "./network-acls.ts";
import { fitOf, groupsOf, type Peer } from "./security-groups.ts";

/** Whether the interface's own groups let it ask there. */
export function groupObstacle(
  { source, subnet }: { readonly source: Source; readonly subnet: Subnet },
  peer: Peer,
  port: number,
  facts: NetworkFacts,
): Obstacle {
  if (isUnread(facts.securityGroups)) return notRead(facts.securityGroups);
  const groups = groupsOf(source, subnet.vpc, facts.securityGroups);
  if (groups === undefined) return notSure("groups-not-recorded", { subnet: subnet.id });
  const fact = { securityGroups: groups.map(({ id }) => id).join(", "), port: String(port) };
  switch (
    fitOf(
      groups.flatMap(({ egress }) => egress),
      peer,
      port,
      facts,
    )
  ) {
    case "all":
      return undefined;
    case "some":
      return notSure("group-rule-narrow", fact);
    case "none":
      return peer.prefixList === undefined
        ? no("group-egress", fact)
        : no("group-egress-prefix-list", { ...fact, prefixList: peer.prefixList });
  }
}

/** Whether the groups of an endpoint let the interface in. */
export function endpointGroupObstacle(
  endpoint: { readonly id: string; readonly securityGroups: readonly string[] },
  { source, subnet }: { readonly source: Source; readonly subnet: Subnet },
  port: number,
  facts: NetworkFacts,
): Obstacle {
  if (isUnread(facts.securityGroups)) return notRead(facts.securityGroups);
  const groups = groupsOf(endpoint, subnet.vpc, facts.securityGroups);
  if (groups === undefined) return notSure("not-described", { what: endpoint.id });
  const own = groupsOf(source, subnet.vpc, facts.securityGroups);
  const rules = groups.flatMap(({ ingress }) => ingress);
  const peer = { blocks: blocksOf(subnet), securityGroups: own?.map(({ id }) => id) ?? [] };
  const fact = { endpoint: endpoint.id, securityGroups: groups.map(({ id }) => id).join(", ") };
  const fit = fitOf(rules, peer, port, facts);
  if (fit === "all") return undefined;
  if (fit === "some") return notSure("group-rule-narrow", { ...fact, port: String(port) });
  const byReference = rules.some(({ securityGroup }) => securityGroup !== undefined);
  if (own === undefined && byReference) return notSure("groups-not-recorded", { subnet: subnet.id });
  return no("endpoint-group-ingress", { ...fact, subnet: subnet.id, port: String(port) });
}

/** The blocks of a subnet by which it reaches an endpoint: of IPv4, unless it has none. */
export function blocksOf({ blocks, isIpv6Only }: Subnet): readonly Block[] {
  const parsed = blocks.flatMap((text) => parseBlock(text) ?? []);
  return parsed.filter(({ family }) => family === (isIpv6Only ? "ipv6" : "ipv4"));
}

/** A client's subnet: the question goes out, and the answer comes in. */
export function aclObstacles(
  { id }: Subnet,
  peers: readonly Block[],
  port: number,
  facts: NetworkFacts,
  own: Ports = LINUX_PORTS,
): readonly Obstacle[] {
  return [
    aclObstacle(id, "egress", peers, [port, port], facts),
    aclObstacle(id, "ingress", peers, own, facts),
  ];
}

/** A server's subnet: the question comes in, and the answer goes out. */
export function serverAclObstacles(
  id: string,
  clients: readonly Block[],
  port: number,
  facts: NetworkFacts,
): readonly Obstacle[] {
  return [
    aclObstacle(id, "ingress", clients, [port, port], facts),
    aclObstacle(id, "egress", clients, LINUX_PORTS, facts),
  ];
}

/** A NAT gateway's subnet is a server's to the interface, and a client's to the internet, by ports of its own. */
export function natAclObstacles(
  nat: string,
  from: Subnet,
  to: Block,
  port: number,
  facts: NetworkFacts,
): readonly Obstacle[] {
  const { natGateways, subnets } = facts;
  const gateway = isUnread(natGateways) ? undefined : natGateways.find(({ id }) => id === nat);
  const subnet = isUnread(subnets) ? undefined : subnets.find(({ id }) => id === gateway?.subnet);
  if (subnet === undefined) return [];
  // What reaches the internet by NAT64 leaves the gateway by IPv4.
  const onward: Block = to.family === "ipv6" ? { family: "ipv4", base: 0n, length: 0 } : to;
  return [
    ...aclObstacles(subnet, [onward], port, facts, NAT_PORTS),
    ...(subnet.id === from.id ? [] : serverAclObstacles(subnet.id, blocksOf(from), port, facts)),
  ];
}

function aclObstacle(
  subnet: string,
  direction: "egress" | "ingress",
  peers: readonly Block[],
  ports: Ports,
  facts: NetworkFacts,
): Obstacle {
  if (isUnread(facts.networkAcls)) return notRead(facts.networkAcls);
  const acl = aclOf(subnet, facts);
  if (acl === undefined) return notSure("not-described", { what: `the network ACL of ${subnet}` });
  const fact = { networkAcl: acl.id, subnet, ports: [...new Set(ports)].join("-"), direction };
  const passage = passageOf(acl, direction, peers, ports);
  if (passage === "all") return undefined;
  if (passage === "some") return notSure("network-acl-narrow", fact);
  return no(direction === "egress" ? "network-acl-egress" : "network-acl-ingress", fact);
}
