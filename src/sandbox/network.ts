/**
 * The part of the internet that a sandbox needs: names that lead to registries, and callers at addresses.
 *
 * Tasks behind one NAT gateway share its address, and so share one anonymous limit; a function outside
 * that network has another address and another limit.
 */

import { strict as assert } from "node:assert";
import type { Send } from "../oci/http/transport.ts";
import type { Clock } from "../runtime/clock.ts";
import { connectionError } from "./registry/api/response.ts";
import type { SandboxRegistry } from "./registry/registry.ts";

export interface Internet {
  /** What a client at this address can reach. */
  from(address: string): Send;
  /**
   * Drops every packet to a registry's hosts, from one address or from all: requests time out, and none is refused.
   * Answers a function that ends it.
   */
  silence(registry: SandboxRegistry, address?: string): () => void;
}

/** How long a client waits for the first byte: 30 seconds of ours, and of containerd's dialler. */
const SILENCE_MS = 30_000;

/**
 * An internet of these registries. Anything else cannot be found; only plain registries speak plain HTTP.
 * @param clock what passes while a client waits in vain
 */
export function createInternet(
  registries: readonly SandboxRegistry[],
  clock?: Pick<Clock, "sleep">,
): Internet {
  const all = registries.flatMap(({ hosts }) => hosts);
  assert.equal(new Set(all).size, all.length, `two registries answer for one host: ${all.join(", ")}`);
  const silent = new Set<{ readonly registry: SandboxRegistry; readonly address: string | undefined }>();
  const isSilent = (registry: SandboxRegistry, address: string): boolean =>
    [...silent].some((one) => one.registry === registry && (one.address ?? address) === address);
  return {
    silence(registry, address) {
      assert(clock !== undefined, "silence takes time");
      const one = { registry, address };
      silent.add(one);
      return () => silent.delete(one);
    },
    from: (address) => async (request) => {
      const { host, protocol } = request.url;
      const registry = registries.find((one) => one.answersAt(request.url));
      if (registry === undefined) throw connectionError("ENOTFOUND", host);
      if (protocol !== "https:" && registry.kind !== "plain") throw connectionError("ECONNREFUSED", host);
      if (silent.size > 0 && isSilent(registry, address)) {
        await clock?.sleep(SILENCE_MS, request.signal);
        throw connectionError("ETIMEDOUT", host);
      }
      return await registry.handle(request, address);
    },
  };
}
