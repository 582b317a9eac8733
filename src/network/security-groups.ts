/**
 * What security groups let through: the union of their rules, allowed only, and the answer comes back by itself.
 *
 * A rule's group means the private addresses of the interfaces that have it, never the internet.
 * (vpc/latest/userguide/security-group-rules.html, read 2026-11)
 */

import { type Block, contains, isPublic, overlaps, parseBlock } from "./addresses.ts";
import { type GroupRule, isUnread, type NetworkFacts, type SecurityGroup, type Source } from "./facts.ts";
import { blocksOfList } from "./routes.ts";

/** Who is at the other end of a connection. */
export type Peer = {
  /** A block of length 0 is the internet: some address of it. */
  readonly blocks: readonly Block[];
  readonly prefixList?: string;
  readonly securityGroups?: readonly string[];
};

export type Fit = "all" | "some" | "none";

/** Whether the rules let TCP through to or from every address of the peer. */
export function fitOf(
  rules: readonly GroupRule[],
  { blocks, prefixList, securityGroups = [] }: Peer,
  port: number,
  facts: Pick<NetworkFacts, "prefixLists">,
): Fit {
  const open = rules.filter((rule) => takesTcp(rule, port));
  const named = open.some(
    (rule) =>
      (rule.prefixList !== undefined && rule.prefixList === prefixList) ||
      (rule.securityGroup !== undefined && securityGroups.includes(rule.securityGroup)),
  );
  if (named) return "all";
  const fits = blocks.map((block) => together(open.map((rule) => fitOfRule(rule, block, facts))));
  if (fits.every((fit) => fit === "all")) return blocks.length === 0 ? "none" : "all";
  return fits.every((fit) => fit === "none") ? "none" : "some";
}

function fitOfRule(rule: GroupRule, peer: Block, { prefixLists }: Pick<NetworkFacts, "prefixLists">): Fit {
  if (rule.prefixList !== undefined) {
    const listed = blocksOfList(rule.prefixList, prefixLists);
    return listed === undefined ? "some" : together(listed.map((block) => fitOfBlock(block, peer)));
  }
  const block = rule.block === undefined ? undefined : parseBlock(rule.block);
  return block === undefined ? "none" : fitOfBlock(block, peer);
}

/** Of the internet, a block of private addresses takes nothing. */
export function fitOfBlock(block: Block, peer: Block): Fit {
  if (contains(block, peer)) return "all";
  if (!overlaps(block, peer)) return "none";
  return peer.length === 0 && !isPublic(block) ? "none" : "some";
}

function together(fits: readonly Fit[]): Fit {
  if (fits.includes("all")) return "all";
  return fits.includes("some") ? "some" : "none";
}

function takesTcp({ protocol, fromPort, toPort }: GroupRule, port: number): boolean {
  if (protocol === "-1") return true;
  if (protocol !== "tcp" && protocol !== "6") return false;
  return (fromPort ?? 0) <= port && port <= (toPort ?? 65_535);
}

/** The groups that an interface has; undefined where they are not recorded, or not all described. */
export function groupsOf(
  { securityGroups }: Pick<Source, "securityGroups">,
  vpc: string,
  groups: NetworkFacts["securityGroups"],
): readonly SecurityGroup[] | undefined {
  if (securityGroups === undefined || isUnread(groups)) return undefined;
  if (securityGroups.length === 0) {
    const standard = groups.find((group) => group.vpc === vpc && group.isDefault);
    return standard === undefined ? undefined : [standard];
  }
  const found = groups.filter(({ id }) => securityGroups.includes(id));
  return found.length === new Set(securityGroups).size ? found : undefined;
}
