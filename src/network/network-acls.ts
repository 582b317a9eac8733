/**
 * What a subnet's network ACL lets through: its entries by ascending number, the first that fits decides, both ways.
 *
 * It keeps no state, so the answers come in by the ports that the client chose. It is not asked inside of one subnet, and
 * knows neither prefix lists nor groups. (vpc/latest/userguide/nacl-rules.html, read 2026-11)
 */

import { type Block, parseBlock } from "./addresses.ts";
import { isUnread, type NetworkAcl, type NetworkAclEntry, type NetworkFacts } from "./facts.ts";
import { fitOfBlock } from "./security-groups.ts";

export type Ports = readonly [from: number, to: number];

/** By which Linux itself asks; a NAT gateway uses 1024–65535. (vpc/latest/userguide/nacl-ephemeral-ports.html, read 2026-11) */
export const LINUX_PORTS: Ports = [32_768, 60_999];
export const NAT_PORTS: Ports = [1024, 65_535];

const EDGES_MAX = 200;

/** `some`: not for every address or port that it may be. */
export type Passage = "all" | "some" | "none";

export function aclOf(
  subnet: string,
  { networkAcls }: Pick<NetworkFacts, "networkAcls">,
): NetworkAcl | undefined {
  return isUnread(networkAcls) ? undefined : networkAcls.find(({ subnets }) => subnets.includes(subnet));
}

/** Whether TCP passes, to or from these blocks, by every one of these ports. */
export function passageOf(
  { entries }: NetworkAcl,
  direction: "egress" | "ingress",
  peers: readonly Block[],
  ports: Ports,
): Passage {
  const inOrder = entries
    .filter(({ isEgress, protocol }) => isEgress === (direction === "egress") && /^(?:-1|6)$/.test(protocol))
    .toSorted((one, other) => one.number - other.number);
  const edges = edgesOf(inOrder, ports);
  // A network ACL has forty rules at most. (vpc/latest/userguide/amazon-vpc-limits.html, read 2026-11)
  if (edges.length > EDGES_MAX) return "some";
  const passages = peers.flatMap((peer) => edges.map((port) => passageAt(inOrder, peer, port)));
  if (passages.every((passage) => passage === "all")) return "all";
  return passages.every((passage) => passage === "none") ? "none" : "some";
}

/** One port of each stretch in which every entry says the same. */
function edgesOf(entries: readonly NetworkAclEntry[], [from, to]: Ports): readonly number[] {
  const edges = entries.flatMap(({ fromPort = 0, toPort = 65_535 }) => [fromPort, toPort + 1]);
  return [...new Set([from, ...edges.filter((port) => from < port && port <= to)])];
}

function passageAt(entries: readonly NetworkAclEntry[], peer: Block, port: number): Passage {
  const partly = new Set<boolean>();
  for (const entry of entries) {
    if (!takesPort(entry, port)) continue;
    const block = parseBlock(entry.block);
    const fit = block === undefined ? "none" : fitOfBlock(block, peer);
    if (fit === "some") partly.add(entry.isAllow);
    if (fit === "all") return partly.has(!entry.isAllow) ? "some" : entry.isAllow ? "all" : "none";
  }
  // The last entry, `*`, refuses what no other took; AWS lists it by the number 32767.
  return partly.has(true) ? "some" : "none";
}

function takesPort({ protocol, fromPort = 0, toPort = 65_535 }: NetworkAclEntry, port: number): boolean {
  return protocol === "-1" || (fromPort <= port && port <= toPort);
}
