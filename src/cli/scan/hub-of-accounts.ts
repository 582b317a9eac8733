/**
 * Docker Hub as the accounts of one scan ask it: each image once, and nothing more after a refusal. An answer is for accounts that ask
 * by the same rules and as the same user: another login sees other images.
 */

import { canonicalName, type ImageReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { ManifestHead } from "../../oci/client/types.ts";

/** @param asker what its answers depend on */
export type HubOfAccounts = (registries: Registries, asker: string) => Registries;

export function createHubOfAccounts(): HubOfAccounts {
  const answers = new Map<string, ManifestHead | undefined>();
  const refusals = new Map<string, RegistryError>();
  const asking = new Map<string, Promise<unknown>>();

  return (registries, asker) => ({
    ...registries,
    async headManifest(reference: ImageReference, signal) {
      if (!isDockerHubFront(reference.host)) return await registries.headManifest(reference, signal);
      const question = `${asker} ${canonicalName(reference)}`;
      // What ended without an answer may have ended by the other account's time: it is asked again.
      for (;;) {
        const refusal = refusals.get(asker);
        if (refusal !== undefined) throw refusal;
        if (answers.has(question)) return answers.get(question);
        const other = asking.get(question);
        if (other === undefined) break;
        await other.catch(() => {});
        signal?.throwIfAborted();
      }
      const asked = registries.headManifest(reference, signal);
      asking.set(question, asked);
      try {
        const answer = await asked;
        answers.set(question, answer);
        return answer;
      } catch (error) {
        if (error instanceof RegistryError && error.kind === "rate-limited") refusals.set(asker, error);
        throw error;
      } finally {
        asking.delete(question);
      }
    },
  });
}
