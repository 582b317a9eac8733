/**
 * Which route of a subnet's table leads to an address: the longest prefix, whatever its state.
 *
 * A blackhole is chosen like any other route, and swallows; only then is its state looked at. Of equal prefixes a static
 * route goes before a prefix list, and that before a propagated one. (vpc/latest/userguide/route-tables-priority.html,
 * read 2026-11)
 */

import { type Block, contains, EVERYWHERE, isPublic, overlaps, parseBlock } from "./addresses.ts";
import { isUnread, type NetworkFacts, type PrefixList, type Route, type RouteTable } from "./facts.ts";

/** The table of a subnet: its own, or else its VPC's main one. */
export function tableOf(
  subnet: { readonly id: string; readonly vpc: string },
  tables: readonly RouteTable[],
): RouteTable | undefined {
  return (
    tables.find(({ subnets }) => subnets.includes(subnet.id)) ??
    tables.find(({ vpc, isMain }) => isMain && vpc === subnet.vpc)
  );
}

export type Chosen = {
  /** The route for what no narrower one takes; absent: there is none. */
  readonly route?: Route;
  /** Routes that take a part of these addresses. */
  readonly narrower: readonly Route[];
};

/** The route to a block; to every public address of a family, where the block is all of it. */
export function chooseRoute(
  { routes }: RouteTable,
  to: Block,
  { prefixLists }: Pick<NetworkFacts, "prefixLists">,
): Chosen {
  const isInternet = to.length === 0;
  const entries = routes.flatMap((route) => entriesOf(route, to, prefixLists));
  const [first] = entries
    .filter(({ block }) => contains(block, to))
    .toSorted((one, other) => other.block.length - one.block.length || rank(one.route) - rank(other.route));
  const narrower = entries.filter(
    ({ block }) => block.length > to.length && overlaps(block, to) && (!isInternet || isPublic(block)),
  );
  return {
    ...(first === undefined ? {} : { route: first.route }),
    narrower: [...new Set(narrower.map(({ route }) => route))],
  };
}

/** The blocks of a route; of a list that is not known, something inside of what is asked for. */
function entriesOf(
  route: Route,
  to: Block,
  prefixLists: NetworkFacts["prefixLists"],
): readonly { readonly route: Route; readonly block: Block }[] {
  const single = parseBlock(route.destination);
  if (single !== undefined) return [{ route, block: single }];
  // The list of a gateway endpoint: it takes the addresses of its own service, and the endpoint itself is asked about those.
  if (route.target.startsWith("vpce-")) return [];
  const blocks = blocksOfList(route.destination, prefixLists);
  if (blocks === undefined) return [{ route, block: { ...to, length: to.length + 1 } }];
  return blocks.map((block) => ({ route, block }));
}

/** What a prefix list holds; undefined where it could not be read. */
export function blocksOfList(
  id: string,
  prefixLists: NetworkFacts["prefixLists"],
): readonly Block[] | undefined {
  const list: PrefixList | undefined = isUnread(prefixLists)
    ? undefined
    : prefixLists.find((one) => one.id === id);
  if (list === undefined || isUnread(list.blocks)) return undefined;
  return list.blocks.flatMap((text) => parseBlock(text) ?? []);
}

function rank({ destination, isPropagated }: Route): number {
  if (isPropagated === true) return 2;
  return destination.startsWith("pl-") ? 1 : 0;
}

/** Whether some route leads out of the VPC to where others may keep endpoints: a transit gateway, a peering, a VPN. */
export function leadsToOtherNetworks({ routes }: RouteTable): string | undefined {
  return routes.find(
    ({ target, state }) =>
      state === "active" && /^(?:tgw-|pcx-|vgw-|lgw-|arn:[^:]+:networkmanager:)/.test(target),
  )?.target;
}

export const DNS64 = parseBlock("64:ff9b::/96") ?? EVERYWHERE.ipv6;
