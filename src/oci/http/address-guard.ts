/**
 * How far a request may reach: which addresses a connection may be made to, and by whose word.
 *
 * Judged where a connection is made, after the name has been resolved: what a name says and where it leads are
 * two things.
 */

import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { kindOfAddress } from "./address-kind.ts";

/**
 * How far a connection may go: to the internet's addresses, to those of the networks around us too, or to this machine
 * as well. Link-local and reserved addresses are out of every reach.
 */
export type Reach = "public" | "private" | "loopback";

/** Asks for every address of a name, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The address behind a name is one that the request may not reach. */
export class BlockedAddressError extends Error {
  /** `NOT_ALLOWED`: the policy could allow it. */
  readonly code: "ERR_ADDRESS_REFUSED" | "ERR_ADDRESS_NOT_ALLOWED";

  constructor(name: string, { because, isCurable }: Refusal) {
    super(`${name} is ${because}`);
    this.code = isCurable ? "ERR_ADDRESS_NOT_ALLOWED" : "ERR_ADDRESS_REFUSED";
  }
}

type Refusal = { readonly because: string; readonly isCurable: boolean };

/**
 * Name resolution that leaves out every address that the request may not reach.
 * @param proxies hosts of the machine's own proxies: one on loopback is as good as any
 */
export function guardedLookup(
  reach: Reach,
  proxies: ReadonlySet<string>,
  resolve: Resolve = lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    const within = proxies.has(hostname) ? "loopback" : reach;
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => addressBlockReason(address, within) === undefined);
      const first = allowed[0];
      if (first === undefined) {
        const refusal = addressBlockReason(addresses[0]?.address ?? "", within) ?? NOWHERE;
        return callback(new BlockedAddressError(hostname, refusal), []);
      }
      if (options.all === true) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

/** Why a URL whose host is an address already may not be reached; undefined where it may, or is a name. */
export function blockedLiteral(url: URL, reach: Reach): BlockedAddressError | undefined {
  const bare = hostWithoutBrackets(url);
  const refusal = isIP(bare) === 0 ? undefined : addressBlockReason(bare, reach);
  return refusal === undefined ? undefined : new BlockedAddressError(url.hostname, refusal);
}

/** The host as sockets take it: an IPv6 address without its brackets. */
export function hostWithoutBrackets({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

const NOWHERE: Refusal = { because: "nowhere", isCurable: false };

function addressBlockReason(address: string, reach: Reach): Refusal | undefined {
  const kind = kindOfAddress(address);
  if (kind === "never") return { because: "at an address that no registry has", isCurable: false };
  const isCurable = reach === "public";
  const words = isCurable
    ? "and the policy does not name it, port included (registries.allowed)"
    : "which no setting names";
  if (kind === "loopback" && reach !== "loopback")
    return { because: `a loopback address, ${words}`, isCurable };
  if (kind === "private" && reach === "public")
    return { because: `at an address of a private network, ${words}`, isCurable };
  return undefined;
}
