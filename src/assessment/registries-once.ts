/**
 * Registries as a guest asks them: each question once, and one question at a time.
 *
 * Places are asked in parallel, because a workload waits; but each registry counts what one address asks of it, ECR
 * Public by the second, so that its places wait for each other. A source that has said that its limit is reached is
 * believed, and not asked again.
 */

import { canonicalName, type ImageReference, repositoryName } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import type { ManifestHead } from "../oci/client/types.ts";

/** The same registries, for one round of requests. */
export function registriesOnce(registries: Registries): Registries {
  const heads = new Map<string, Promise<ManifestHead | undefined>>();
  const refusals = new Map<string, RegistryError>();
  const lanes = new Map<string, Promise<unknown>>();

  const inTurn = <T>(reference: ImageReference, ask: () => Promise<T>): Promise<T> => {
    const source = repositoryName(reference);
    const asked = async (): Promise<T> => {
      const refusal = refusals.get(source);
      if (refusal !== undefined) throw refusal;
      try {
        return await ask();
      } catch (error) {
        if (error instanceof RegistryError && error.kind === "rate-limited") refusals.set(source, error);
        throw error;
      }
    };
    // The account's own registry counts by the thousand.
    if (registryOf(reference.host).kind === "ecr") return asked();
    const before = lanes.get(reference.host) ?? Promise.resolve();
    const turn = before.then(asked, asked);
    lanes.set(reference.host, turn);
    return turn;
  };

  return {
    headManifest: (reference, signal) =>
      once(heads, canonicalName(reference), () =>
        inTurn(reference, () => registries.headManifest(reference, signal)),
      ),
    getManifest: (reference, signal) => inTurn(reference, () => registries.getManifest(reference, signal)),
    getBlob: (reference, digest, bytesMax, signal) =>
      inTurn(reference, () => registries.getBlob(reference, digest, bytesMax, signal)),
  };
}

/** The answer that is known, or else the question's. */
export function once<T>(answers: Map<string, T>, question: string, ask: () => T): T {
  const known = answers.get(question);
  if (known !== undefined) return known;
  const answer = ask();
  answers.set(question, answer);
  return answer;
}
