/**
 * Whether a workload reaches a destination, by recorded facts alone: yes, no or not sure, with the fact that decided.
 *
 * What a failure proves outranks what route tables show. A name is followed to where it leads first: to an endpoint of the
 * VPC, or to a public address.
 */

import { EVERYWHERE, isPublic, parseBlock } from "./addresses.ts";
import { type Answer, best, no, notRead, notSure } from "./answer.ts";
import type { Destination } from "./destination.ts";
import { endpointsOf, gatewayWay, interfaceWay, isAvailable } from "./endpoint-way.ts";
import { isUnread, type NetworkFacts, type RouteTable, type Source, type Subnet, type Vpc } from "./facts.ts";
import { internetWay, nat64Way } from "./internet-way.ts";
import { leadsToOtherNetworks, tableOf } from "./routes.ts";

/** Who asks, and what is known of it in addition to its network. */
export type Workload = {
  /** By its own interface; or by a container instance's, and it may be placed on any of them. */
  readonly pulledBy: "task" | "instance";
  /** Hosts that have answered it, as a failure's text shows. */
  readonly answered: readonly string[];
  /** A registry that is on the internet alone has answered the workload. */
  readonly reachesInternet: boolean;
};

type Start = {
  readonly source: Source;
  readonly subnet: Subnet;
  readonly table: RouteTable;
  readonly vpc?: Vpc;
};

export function reach(facts: NetworkFacts, workload: Workload, destination: Destination): Answer {
  if (workload.answered.includes(destination.host))
    return { answer: "yes", code: "registry-answered", fact: { host: destination.host } };
  if (isUnread(facts.sources)) return notRead(facts.sources);
  const answers = facts.sources.map((source) => fromSource(source, facts, workload, destination));
  const [first] = answers;
  if (first === undefined) return notSure("no-sources", { pulledBy: workload.pulledBy });
  const refused = answers.find(({ answer }) => answer === "no");
  if (refused === undefined) return answers.find(({ answer }) => answer === "not-sure") ?? first;
  if (workload.pulledBy === "task") return refused;
  // Where the next task is placed is not known.
  if (!answers.every(({ answer }) => answer === "no")) return notSure("sources-differ", refused.fact);
  // An instance's container runtime may use a proxy, which only the instance itself knows.
  return notSure("proxy-possible", { ...refused.fact, otherwise: refused.code });
}

function fromSource(
  source: Source,
  facts: NetworkFacts,
  workload: Workload,
  destination: Destination,
): Answer {
  const { subnets, routeTables, vpcs } = facts;
  if (isUnread(subnets)) return notRead(subnets);
  if (isUnread(routeTables)) return notRead(routeTables);
  const subnet = subnets.find(({ id }) => id === source.subnet);
  const table = subnet && tableOf(subnet, routeTables);
  if (subnet === undefined || table === undefined) return notSure("not-described", { what: source.subnet });
  const vpc = isUnread(vpcs) ? undefined : vpcs.find(({ id }) => id === subnet.vpc);
  const start: Start = { source, subnet, table, ...(vpc === undefined ? {} : { vpc }) };
  if (vpc?.dnsSupport === false && vpc.ownDnsServers.length === 0 && !workload.reachesInternet)
    return no("dns-support-off", { vpc: vpc.id });
  if (destination.service === undefined || subnet.isIpv6Only)
    return publicWay(start, facts, workload, destination);
  return toService(start, facts, workload, { ...destination, service: destination.service });
}

/** By a public address, in each family that both ends have; one that works is enough. */
function publicWay(start: Start, facts: NetworkFacts, workload: Workload, destination: Destination): Answer {
  const { port, address } = destination;
  const asked = address === undefined ? undefined : parseBlock(address);
  const answers = destination.families.flatMap((family): readonly Answer[] => {
    const to = asked?.family === family ? asked : EVERYWHERE[family];
    if (family === "ipv4")
      return [start.subnet.isIpv6Only ? nat64Way(start, port, facts) : internetWay(start, to, port, facts)];
    const hasIpv6 = start.subnet.isIpv6Only || start.source.hasIpv6Address === true;
    if (!hasIpv6 && !start.subnet.blocks.some((block) => block.includes(":"))) return [];
    const way = internetWay(start, to, port, facts);
    const isCertain = hasIpv6 && destination.isIpv6Uncertain !== true;
    return [way.answer === "yes" && !isCertain ? notSure("ipv6-not-certain", way.fact) : way];
  });
  const found = best(answers) ?? no("address-family", { subnet: start.subnet.id, wanted: "ipv6" });
  if (found.answer === "no" && workload.reachesInternet)
    return notSure("answer-contradicts", { ...found.fact, otherwise: found.code });
  return found;
}

type ServiceDestination = Destination & { readonly service: NonNullable<Destination["service"]> };

/** To a service of AWS: by the endpoint that takes its name, or else by its public address. */
function toService(
  start: Start,
  facts: NetworkFacts,
  workload: Workload,
  destination: ServiceDestination,
): Answer {
  const { subnet, table, vpc } = start;
  if (isUnread(facts.endpoints)) return notRead(facts.endpoints);
  const found = endpointsOf(destination.service, subnet.vpc, facts.endpoints);
  const gateway = found.find(
    (one) => one.type === "Gateway" && isAvailable(one) && one.routeTables.includes(table.id),
  );
  const otherwise = (): Answer =>
    gateway === undefined
      ? publicWay(start, facts, workload, destination)
      : gatewayWay(gateway, start, destination, facts);
  const faces = found.filter((one) => one.type === "Interface" && isAvailable(one));
  const named = faces.find(({ hasPrivateDns }) => hasPrivateDns);
  const told = destination.address === undefined ? undefined : parseBlock(destination.address);
  // The address that was asked outranks what the name should lead to.
  const isToldPublic = told !== undefined && isPublic(told);
  const [face] = faces;
  if (face !== undefined && told !== undefined && !isToldPublic)
    return interfaceWay(named ?? face, start, destination, facts);
  if (named !== undefined && !isToldPublic) {
    if (isUnread(facts.vpcs)) return notRead(facts.vpcs);
    if (vpc === undefined) return notSure("not-described", { what: subnet.vpc });
    const byEndpoint = interfaceWay(named, start, destination, facts);
    if (vpc.ownDnsServers.length > 0) {
      const other = otherwise();
      if (other.answer === byEndpoint.answer) return byEndpoint;
      return notSure("own-dns-servers", { vpc: vpc.id, servers: vpc.ownDnsServers.join(", ") });
    }
    if (vpc.dnsSupport && vpc.dnsHostnames) return byEndpoint;
    const other = otherwise();
    if (other.answer !== "no") return other;
    return no("dns-hostnames-off", { vpc: vpc.id, endpoint: named.id });
  }
  const way = otherwise();
  if (gateway !== undefined) return way;
  if (named !== undefined && way.answer === "no") return pastEndpoint(named.id, start, facts);
  if (isToldPublic) return way;
  // In a shared VPC the endpoints belong to its owner's account, and a participant does not see them.
  if (subnet.owner !== undefined && subnet.owner !== facts.account)
    return notSure("shared-subnet", { subnet: subnet.id, owner: subnet.owner });
  return way.answer === "no" ? withoutEndpoint(start, destination, found, way) : way;
}

/** A public address was asked, though an endpoint takes the name. */
function pastEndpoint(endpoint: string, { subnet, vpc }: Start, { vpcs }: NetworkFacts): Answer {
  if (isUnread(vpcs)) return notRead(vpcs);
  if (vpc === undefined) return notSure("not-described", { what: subnet.vpc });
  if (vpc.ownDnsServers.length > 0)
    return notSure("own-dns-servers", { vpc: vpc.id, servers: vpc.ownDnsServers.join(", ") });
  if (!vpc.dnsSupport || !vpc.dnsHostnames) return no("dns-hostnames-off", { vpc: vpc.id, endpoint });
  return notSure("endpoint-passed-by", { endpoint, subnet: subnet.id });
}

/** No public address is reached, and no endpoint takes the name. */
function withoutEndpoint(
  { subnet, table }: Start,
  { service }: ServiceDestination,
  found: ReturnType<typeof endpointsOf>,
  way: Extract<Answer, { answer: "no" }>,
): Answer {
  const usable = found.find((one) => one.type === "Interface" && isAvailable(one));
  // A private hosted zone may still resolve the name there.
  if (usable !== undefined) return notSure("private-dns-off", { endpoint: usable.id, subnet: subnet.id });
  const elsewhere = leadsToOtherNetworks(table);
  if (elsewhere !== undefined)
    return notSure("central-endpoint-possible", { service: service.name, target: elsewhere });
  const fact = { ...way.fact, subnet: subnet.id, routeTable: table.id, service: service.name };
  const broken = found.find((one) => !isAvailable(one));
  if (broken !== undefined)
    return no("endpoint-not-available", { ...fact, endpoint: broken.id, state: broken.state });
  return no("endpoint-missing", { ...fact, otherwise: way.code });
}
