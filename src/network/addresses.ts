/** Blocks of IPv4 and IPv6 addresses: what is inside of what. A single address is a block of full length. */

export type Family = "ipv4" | "ipv6";

export type Block = { readonly family: Family; readonly base: bigint; readonly length: number };

const BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

/** `10.0.0.0/8`, `2001:db8::/32`, `10.1.2.3`; undefined for any other text. */
export function parseBlock(text: string): Block | undefined {
  const [address = "", prefix, more] = text.split("/");
  if (more !== undefined) return undefined;
  const family: Family = address.includes(":") ? "ipv6" : "ipv4";
  const value = family === "ipv4" ? ipv4(address) : ipv6(address);
  const length = prefix === undefined ? BITS[family] : Number(prefix);
  if (value === undefined || !Number.isInteger(length) || length < 0 || length > BITS[family])
    return undefined;
  const host = BigInt(BITS[family] - length);
  return { family, base: (value >> host) << host, length };
}

export function contains(outer: Block, inner: Block): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false;
  const host = BigInt(BITS[outer.family] - outer.length);
  return inner.base >> host === outer.base >> host;
}

export function overlaps(one: Block, other: Block): boolean {
  return contains(one, other) || contains(other, one);
}

/** Every address of a family. */
export const EVERYWHERE: Readonly<Record<Family, Block>> = {
  ipv4: { family: "ipv4", base: 0n, length: 0 },
  ipv6: { family: "ipv6", base: 0n, length: 0 },
};

/** Blocks in which nothing of the internet is: RFC 1918, RFC 6598, RFC 3927, RFC 1122 and RFC 4193. */
const NOT_PUBLIC = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]
  .concat(["169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10"])
  .flatMap((text) => parseBlock(text) ?? []);

export function isPublic(block: Block): boolean {
  return !NOT_PUBLIC.some((one) => contains(one, block));
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function ipv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
