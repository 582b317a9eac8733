/**
 * What an IP address is, before a connection is made to it.
 *
 * Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and what followed, read 2026-11).
 * An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is what that one is.
 */

import { BlockList, isIPv4, isIPv6 } from "node:net";

/** `never`: no registry has it: this host, link-local with the cloud's metadata, multicast, reserved. */
export type AddressKind = "public" | "private" | "loopback" | "never";

type Range = readonly [network: string, prefix: number];

// biome-ignore format: a table is read by its columns
const IPV4: Readonly<Record<Exclude<AddressKind, "public">, readonly Range[]>> = {
  loopback: [["127.0.0.0", 8]],
  // RFC 1918, RFC 6598 (carrier-grade NAT, which VPCs use too), RFC 6890, RFC 2544
  private:  [["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["100.64.0.0", 10], ["192.0.0.0", 24], ["198.18.0.0", 15]],
  never:    [["0.0.0.0", 8], ["169.254.0.0", 16], ["224.0.0.0", 4], ["240.0.0.0", 4]],
};
// biome-ignore format: a table is read by its columns
const IPV6: typeof IPV4 = {
  loopback: [["::1", 128]],
  // Unique local (RFC 4193), site-local (RFC 3879), local-use NAT64 (RFC 8215), Teredo, documentation
  private:  [["fc00::", 7], ["fec0::", 10], ["64:ff9b:1::", 48], ["2001::", 32], ["2001:db8::", 32]],
  // fd00:ec2::/32 holds the metadata services of EC2 (::254) and EKS (::23).
  never:    [["::", 128], ["fe80::", 10], ["ff00::", 8], ["fd00:ec2::", 32], ["100::", 64]],
};

const LISTS = { ipv4: listsOf(IPV4, "ipv4"), ipv6: listsOf(IPV6, "ipv6") };
/** In which order the lists are asked: the strictest word counts. */
const KINDS = ["never", "loopback", "private"] as const;

/** What the address is; `never` for what is not an address. */
export function kindOfAddress(text: string): AddressKind {
  const [address = ""] = text.split("%", 1);
  const inner = isIPv4(address) ? address : isIPv6(address) ? ipv4Within(address) : undefined;
  if (inner !== undefined) return kindIn("ipv4", inner);
  return isIPv6(address) ? kindIn("ipv6", address) : "never";
}

function kindIn(family: "ipv4" | "ipv6", address: string): AddressKind {
  return KINDS.find((kind) => LISTS[family][kind].check(address, family)) ?? "public";
}

/** The IPv4 address in an IPv6 one: mapped ::ffff:0:0/96, compatible ::/96, NAT64 64:ff9b::/96, 6to4 2002::/16. */
function ipv4Within(address: string): string | undefined {
  const words = wordsOf(address);
  const [first = 0, second = 0, third = 0] = words;
  if (first === 0x2002) return dotted(second, third);
  const [high = 0, low = 0] = words.slice(6);
  const before = words
    .slice(0, 6)
    .map((word) => word.toString(16))
    .join(":");
  if (before === "0:0:0:0:0:ffff" || before === "64:ff9b:0:0:0:0") return dotted(high, low);
  // ::1 and :: are IPv6's own.
  return before === "0:0:0:0:0:0" && high !== 0 ? dotted(high, low) : undefined;
}

/** The eight words of an IPv6 address. */
function wordsOf(address: string): readonly number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((word) => word.toString(16)).join(":"),
  );
  const [left = "", right] = hex.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(left), words(right ?? "")];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function listsOf(
  table: typeof IPV4,
  family: "ipv4" | "ipv6",
): Readonly<Record<keyof typeof IPV4, BlockList>> {
  const listOf = (ranges: readonly Range[]): BlockList => {
    const list = new BlockList();
    for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
    return list;
  };
  return { loopback: listOf(table.loopback), private: listOf(table.private), never: listOf(table.never) };
}
