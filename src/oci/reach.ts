/**
 * How far a request may reach: which addresses a connection may be made to, and by whose word.
 *
 * Judged where a connection is made, after the name has been resolved: what a name says and where it leads are
 * two things.
 */

import { lookup as resolve } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { isForbiddenAddress, isLoopbackAddress } from "./addresses.ts";

/** The address behind a name is one that the request may not reach. */
export class AddressRefused extends Error {
  readonly code = "ERR_ADDRESS_REFUSED";
}

/**
 * Name resolution that leaves out every address that the request may not reach.
 * @param named whether somebody put the registry on loopback by its name
 * @param proxies hosts of the machine's own proxies: one on loopback is as good as any
 */
export function lookupWithin(named: boolean, proxies: ReadonlySet<string>): LookupFunction {
  return (hostname, options, callback) => {
    const loopback = named || proxies.has(hostname);
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => whyNotAddress(address, loopback) === undefined);
      const first = allowed[0];
      if (first === undefined) {
        const because = whyNotAddress(addresses[0]?.address ?? "", loopback) ?? "nowhere";
        return callback(new AddressRefused(`${hostname} is ${because}`), []);
      }
      if (options.all === true) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

/** Why a URL whose host is an address already may not be reached; undefined where it may, or is a name. */
export function refusedLiteral(url: URL, loopback: boolean): AddressRefused | undefined {
  const bare = bareHost(url);
  const because = isIP(bare) === 0 ? undefined : whyNotAddress(bare, loopback);
  return because === undefined ? undefined : new AddressRefused(`${url.hostname} is ${because}`);
}

/** The host as sockets take it: an IPv6 address without its brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function whyNotAddress(address: string, loopback: boolean): string | undefined {
  if (isForbiddenAddress(address)) return "at an address that no registry has";
  if (!loopback && isLoopbackAddress(address)) return "a loopback address, which nobody named";
  return undefined;
}
