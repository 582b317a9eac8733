/**
 * The part of the internet that a sandbox needs: names that lead to registries, and callers at addresses.
 *
 * Tasks behind one NAT gateway share its address, and so share one anonymous limit; a function outside
 * that network has another address and another limit.
 */

import { strict as assert } from "node:assert";
import type { Send } from "../oci/transport.ts";
import { connectionError } from "./registry/answer.ts";
import type { SandboxRegistry } from "./registry.ts";

export interface Internet {
  /** What a client at this address can reach. */
  from(address: string): Send;
}

/** An internet of these registries. Anything else cannot be found; only plain registries speak plain HTTP. */
export function createInternet(registries: readonly SandboxRegistry[]): Internet {
  const all = registries.flatMap(({ hosts }) => hosts);
  assert.equal(new Set(all).size, all.length, `two registries answer for one host: ${all.join(", ")}`);
  return {
    from: (address) => async (request) => {
      const { host, protocol } = request.url;
      const registry = registries.find((one) => one.answersAt(request.url));
      if (registry === undefined) throw connectionError("ENOTFOUND", host);
      if (protocol !== "https:" && registry.kind !== "plain") throw connectionError("ECONNREFUSED", host);
      return await registry.handle(request, address);
    },
  };
}
