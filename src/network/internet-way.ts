/**
 * The way from a network interface to a public address: route, target, groups and network ACLs, in this order.
 *
 * The subnet of a NAT gateway is checked too: its own route and network ACL.
 */

import { type Block, EVERYWHERE, type Family } from "./addresses.ts";
import { type Answer, no, notRead, notSure, type Obstacle, worst, type Yes, yes } from "./answer.ts";
import {
  isUnread,
  type NetworkFacts,
  type Route,
  type RouteTable,
  type Source,
  type Subnet,
} from "./facts.ts";
import { aclObstacles, groupObstacle, natAclObstacles } from "./obstacles.ts";
import { chooseRoute, DNS64, tableOf } from "./routes.ts";
import type { Peer } from "./security-groups.ts";

type Start = { readonly source: Source; readonly subnet: Subnet; readonly table: RouteTable };

/** @param to one address, or all of a family for one that is not known */
export function internetWay(start: Start, to: Block, port: number, facts: NetworkFacts): Answer {
  const { route, narrower } = chooseRoute(start.table, to, facts);
  const answers = [route, ...narrower].map((one) => wayBy(one, start, to, facts));
  const [way] = answers;
  if (way === undefined || way.answer !== "yes") {
    const other = answers.find(({ answer }) => answer !== "no");
    if (way?.answer === "no" && other !== undefined) return elsewhere(start, narrower);
    return way ?? no("no-route", { subnet: start.subnet.id });
  }
  const isPartly = answers.some(({ answer }) => answer !== "yes");
  const peer: Peer = { blocks: [to] };
  const nat = way.code === "nat-gateway" ? way.fact.target : undefined;
  return worst(way, [
    ...(isPartly ? [elsewhere(start, narrower)] : []),
    groupObstacle(start, peer, port, facts),
    ...aclObstacles(start.subnet, peer.blocks, port, facts),
    ...(nat === undefined ? [] : natAclObstacles(nat, start.subnet, to, port, facts)),
  ]);
}

/** By NAT64, the way of a subnet without IPv4 to an address of IPv4. */
export function nat64Way(start: Start, port: number, facts: NetworkFacts): Answer {
  if (!start.subnet.hasDns64) return no("address-family", { subnet: start.subnet.id, wanted: "ipv4" });
  const way = internetWay(start, DNS64, port, facts);
  // Any other gateway that takes the route translates nothing.
  if (way.answer !== "yes" || way.code === "nat-gateway") return way;
  return no("address-family", { subnet: start.subnet.id, wanted: "ipv4" });
}

function elsewhere({ table, subnet }: Start, narrower: readonly Route[]): Answer & Obstacle {
  return notSure("more-specific-route", {
    subnet: subnet.id,
    routeTable: table.id,
    target: narrower.map(({ target }) => target).join(", "),
  });
}

function wayBy(route: Route | undefined, start: Start, to: Block, facts: NetworkFacts): Answer {
  const { source, subnet, table } = start;
  const on = { subnet: subnet.id, routeTable: table.id };
  if (route === undefined) return no("no-route", on);
  const fact = { ...on, target: route.target };
  if (route.state === "blackhole") return no("blackhole-route", fact);
  const kind = route.target.replace(/-.*$/, "");
  switch (kind) {
    case "igw":
      return byInternetGateway(source, subnet, to.family, fact);
    case "eigw":
      if (to.family === "ipv4") return no("address-family", { ...fact, wanted: "ipv4" });
      return blocked(subnet, "block-bidirectional") ?? yes("egress-only-gateway", fact);
    case "nat":
      return byNatGateway(route.target, fact, facts);
    case "vpce":
      return notSure("firewall-on-the-way", fact);
    default:
      return notSure("route-leads-elsewhere", fact);
  }
}

function byInternetGateway(
  source: Pick<Source, "hasPublicAddress">,
  subnet: Subnet,
  family: Family,
  fact: Yes["fact"],
): Answer {
  if (family === "ipv4" && !source.hasPublicAddress) return no("no-public-address", fact);
  return blocked(subnet, "block-bidirectional", "block-ingress") ?? yes("internet-gateway", fact);
}

/** `block-ingress` closes the direct way as well: only NAT and egress-only gateways are left. (API_BlockPublicAccessStates, read 2026-11) */
function blocked({ id, publicAccessBlock = "off" }: Subnet, ...modes: readonly string[]): Answer | undefined {
  if (!modes.includes(publicAccessBlock)) return undefined;
  return no("public-access-blocked", { subnet: id, mode: publicAccessBlock });
}

function byNatGateway(id: string, fact: Yes["fact"], facts: NetworkFacts): Answer {
  const { natGateways, subnets, routeTables } = facts;
  if (isUnread(natGateways)) return notRead(natGateways);
  const nat = natGateways.find((one) => one.id === id);
  if (nat === undefined) return notSure("not-described", { what: id });
  if (nat.state !== "available") return no("nat-not-available", { ...fact, state: nat.state });
  if (nat.subnet === undefined)
    return nat.isPrivate ? notSure("route-leads-elsewhere", fact) : yes("nat-gateway", fact);
  if (isUnread(subnets)) return notRead(subnets);
  if (isUnread(routeTables)) return notRead(routeTables);
  const subnet = subnets.find((one) => one.id === nat.subnet);
  const table = subnet && tableOf(subnet, routeTables);
  if (subnet === undefined || table === undefined) return notSure("not-described", { what: nat.subnet });
  const next = chooseRoute(table, EVERYWHERE.ipv4, facts).route;
  const onward = { ...fact, natSubnet: subnet.id, natRouteTable: table.id };
  // A NAT gateway in a subnet that leads back to it sends all packets to itself.
  if (next === undefined || next.state === "blackhole" || next.target === id)
    return no("nat-no-route", onward);
  if (!next.target.startsWith("igw-"))
    return next.target.startsWith("vpce-")
      ? notSure("firewall-on-the-way", { ...onward, target: next.target })
      : notSure("route-leads-elsewhere", { ...onward, target: next.target });
  if (nat.isPrivate) return no("nat-is-private", onward);
  return blocked(subnet, "block-bidirectional") ?? yes("nat-gateway", fact);
}
