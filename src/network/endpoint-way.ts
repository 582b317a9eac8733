/**
 * The way to an AWS service by an endpoint of the VPC, where its name leads there.
 *
 * An interface endpoint takes the name only by private DNS, which needs both DNS attributes of the VPC and Amazon's
 * resolver. A gateway endpoint takes the traffic of every subnet whose table it is on, a public one included.
 */

import { type Answer, no, notSure, type Obstacle, worst, yes } from "./answer.ts";
import type { Destination } from "./destination.ts";
import { askEndpointPolicy } from "./endpoint-policy.ts";
import {
  type Endpoint,
  isUnread,
  type NetworkFacts,
  type RouteTable,
  type Source,
  type Subnet,
} from "./facts.ts";
import {
  aclObstacles,
  blocksOf,
  endpointGroupObstacle,
  groupObstacle,
  serverAclObstacles,
} from "./obstacles.ts";
import { blocksOfList, chooseRoute } from "./routes.ts";

type Start = { readonly source: Source; readonly subnet: Subnet; readonly table: RouteTable };

/** By a gateway endpoint that is on the table. */
export function gatewayWay(
  endpoint: Endpoint,
  start: Start,
  destination: Destination,
  facts: NetworkFacts,
): Answer {
  const { table, subnet } = start;
  const route = table.routes.find(({ target }) => target === endpoint.id);
  const list = route?.destination;
  const fact = { endpoint: endpoint.id, routeTable: table.id };
  if (route?.state === "blackhole")
    return no("blackhole-route", { ...fact, subnet: subnet.id, target: endpoint.id });
  const listed = list === undefined ? undefined : blocksOfList(list, facts.prefixLists);
  // Some public address of IPv4, where it is not known which ones the list has.
  const blocks = listed?.filter(({ family }) => family === "ipv4") ?? [
    { family: "ipv4" as const, base: 0n, length: 0 },
  ];
  const narrower = blocks.flatMap((block) =>
    [...chooseRoute(table, block, facts).narrower].filter(({ target }) => target !== endpoint.id),
  );
  return worst(yes("gateway-endpoint", fact), [
    narrower[0] && notSure("more-specific-route", { ...fact, subnet: subnet.id, target: narrower[0].target }),
    groupObstacle(
      start,
      { blocks, ...(list === undefined ? {} : { prefixList: list }) },
      destination.port,
      facts,
    ),
    ...aclObstacles(subnet, blocks, destination.port, facts),
    policyObstacle(endpoint, destination),
  ]);
}

/** To the interfaces of an endpoint, one in each of its subnets. */
export function interfaceWay(
  endpoint: Endpoint,
  start: Start,
  destination: Destination,
  facts: NetworkFacts,
): Answer {
  const ends = endpoint.subnets.flatMap((id) =>
    isUnread(facts.subnets) ? [] : facts.subnets.filter((one) => one.id === id),
  );
  const way = yes("interface-endpoint", { endpoint: endpoint.id });
  const policy = policyObstacle(endpoint, destination);
  if (ends.length < endpoint.subnets.length || ends.length === 0)
    return worst(way, [notSure("not-described", { what: endpoint.id }), policy]);
  const own = endpointGroupObstacle(endpoint, start, destination.port, facts);
  const answers = ends.map((end) =>
    worst(way, [...toEnd(end, endpoint, start, destination, facts), own, policy]),
  );
  const [first = way] = answers;
  // Its name gives the addresses of all of them.
  return answers.every(({ answer }) => answer === first.answer)
    ? first
    : notSure("sources-differ", { endpoint: endpoint.id, subnet: start.subnet.id });
}

function toEnd(
  end: Subnet,
  endpoint: Endpoint,
  start: Start,
  { port }: Destination,
  facts: NetworkFacts,
): readonly Obstacle[] {
  const blocks = blocksOf(end);
  const group = groupObstacle(start, { blocks, securityGroups: endpoint.securityGroups }, port, facts);
  if (end.id === start.subnet.id) return [group];
  const strays = blocks
    .map((block) => chooseRoute(start.table, block, facts).route)
    .find((route) => route?.target !== "local");
  return [
    strays &&
      notSure("route-leads-elsewhere", {
        subnet: start.subnet.id,
        routeTable: start.table.id,
        target: strays.target,
      }),
    group,
    ...aclObstacles(start.subnet, blocks, port, facts),
    ...serverAclObstacles(end.id, blocksOf(start.subnet), port, facts),
  ];
}

function policyObstacle({ id, policy }: Endpoint, { asks }: Destination): Obstacle {
  if (asks === undefined) return undefined;
  switch (askEndpointPolicy(policy, asks)) {
    case "allowed":
      return undefined;
    case "refused":
      return no("endpoint-policy", { endpoint: id, action: asks.action });
    case "not-sure":
      return notSure("endpoint-policy-conditions", { endpoint: id, action: asks.action });
  }
}

/** The endpoints of a service in a VPC, by what they are. */
export function endpointsOf(
  { name, region }: NonNullable<Destination["service"]>,
  vpc: string,
  endpoints: readonly Endpoint[],
): readonly Endpoint[] {
  // Of China the names begin with `cn.`.
  return endpoints.filter(
    ({ service, ...endpoint }) => endpoint.vpc === vpc && service.endsWith(`.${region}.${name}`),
  );
}

export function isAvailable({ state }: Endpoint): boolean {
  return state.toLowerCase() === "available";
}
