/**
 * Registries as one round asks them: a host that was out of reach twice in a row is not asked again in this round, so that a
 * dead registry costs two questions, and not one for each image. A login of ours that has ended counts as out of reach.
 */

import { findPortError } from "../assessment/ports.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";

const FAILURES_MAX = 2;

export function reachableRegistries(registries: Registries): Registries {
  const failures = new Map<string, number>();
  const ask = async <T>({ host }: ImageReference, question: () => Promise<T>): Promise<T> => {
    if ((failures.get(host) ?? 0) >= FAILURES_MAX)
      throw new RegistryError(`${host} was not asked: it was out of reach before`, {
        kind: "unavailable",
        host,
        unanswered: "no-answer",
      });
    try {
      const answer = await question();
      failures.delete(host);
      return answer;
    } catch (thrown) {
      const error = isWithoutLogin(thrown) ? ownLoginEnded(host, thrown) : thrown;
      const isOutOfReach =
        error instanceof RegistryError && error.kind === "unavailable" && error.unanswered !== "not-asked";
      if (isOutOfReach) failures.set(host, (failures.get(host) ?? 0) + 1);
      else failures.delete(host);
      throw error;
    }
  };
  return {
    headManifest: (reference, signal) => ask(reference, () => registries.headManifest(reference, signal)),
    getManifest: (reference, signal) => ask(reference, () => registries.getManifest(reference, signal)),
    getBlob: (reference, digest, bytesMax, signal) =>
      ask(reference, () => registries.getBlob(reference, digest, bytesMax, signal)),
  };
}

/** AWS's and its SDK's words for credentials that have ended, or could not be renewed: they say nothing of what was asked for. */
const WITHOUT_LOGIN =
  /^(?:CredentialsProviderError|ExpiredToken(?:Exception)?|RequestExpired|TokenProviderError)$/;

function isWithoutLogin(error: unknown): error is Error {
  const cause = findPortError(error)?.cause;
  return cause instanceof Error && WITHOUT_LOGIN.test(cause.name);
}

/** Without its cause: that one is a refusal, which would be taken for the source's. */
function ownLoginEnded(host: string, { message }: Error): RegistryError {
  return new RegistryError(message, { kind: "unavailable", host, unanswered: "no-answer" });
}
