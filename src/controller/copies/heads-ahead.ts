/**
 * Registries as a refresh of copies asks them: nothing waits for its answers, so at one that counts requests it takes what the
 * index has heard lately for an answer, and leaves half of each hour to pods and to the index.
 */

import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { HeadLedger } from "../head-ledger.ts";

const KEPT = 0.5;

/** Whether a refresh may ask a registry that counts requests now. */
export function mayAskAhead(ledger: Pick<HeadLedger, "left">, perHour: number): boolean {
  return ledger.left().left > Math.floor(perHour * KEPT);
}

/** @param maxAgeMs how old an answer may be that the index has heard */
export function headsAhead(
  registries: Registries,
  ledger: HeadLedger,
  { perHour, maxAgeMs }: { readonly perHour: number; readonly maxAgeMs: number },
): Registries {
  const within = ledger.within(registries);
  return {
    ...registries,
    async headManifest(reference, signal) {
      if (!isDockerHubFront(reference.host)) return await registries.headManifest(reference, signal);
      const heard = ledger.heard(reference, maxAgeMs);
      if (heard !== undefined) return heard.head;
      const { host } = reference;
      // The registry was not silent: it was not asked, and nothing is learned of the image.
      const notAsked = (cause?: unknown): RegistryError =>
        new RegistryError(
          `${host} was not asked: what is left of this hour's requests is for pods`,
          { kind: "not-allowed", host },
          { cause },
        );
      if (!mayAskAhead(ledger, perHour)) throw notAsked();
      try {
        return await within.headManifest(reference, signal);
      } catch (error) {
        throw error instanceof RegistryError && error.unanswered === "not-asked" ? notAsked(error) : error;
      }
    },
  };
}
