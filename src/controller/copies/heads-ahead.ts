/**
 * Registries as a refresh of copies asks them: nothing waits for its answers, so at one that counts requests it takes what the
 * index has heard lately for an answer, and leaves half of each hour to pods and to the index.
 */

import type { ImageReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { HeadLedger } from "../head-ledger.ts";

const KEPT = 0.5;
/** Each question may take minutes, and others wait for it. */
const SILENT_MAX = 3;

/** Whether a refresh may ask a registry that counts requests now. */
export function mayAskAhead(ledger: Pick<HeadLedger, "left">, perHour: number): boolean {
  return ledger.left().left > Math.floor(perHour * KEPT);
}

export type AheadOptions = {
  readonly perHour: number;
  /** How old an answer may be that the index has heard. */
  readonly maxAgeMs: number;
  /** Whether this image could be read once: only then a refusal says that it is lost. */
  readonly wasRead: (image: ImageReference) => boolean;
};

export function headsAhead(
  registries: Registries,
  ledger: HeadLedger,
  { perHour, maxAgeMs, wasRead }: AheadOptions,
): Registries {
  const within = ledger.within(registries);
  let silences = 0;
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: each sees what the one before has left, and whether it was refused. */
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const turn = last.then(ask, ask);
    last = turn;
    return turn;
  };
  const headLimited: Registries["headManifest"] = async (reference, signal) => {
    const heard = ledger.heard(reference, maxAgeMs);
    if (heard !== undefined) return heard.head;
    // The registry was not silent: it was not asked, and nothing is learned of the image.
    const because = `${reference.host} was not asked: what is left of this hour's requests is for pods`;
    if (!mayAskAhead(ledger, perHour)) throw notLearned(reference, because);
    if (silences >= SILENT_MAX) throw notLearned(reference, `${reference.host} does not answer`);
    try {
      const head = await within.headManifest(reference, signal);
      silences = 0;
      return head;
    } catch (error) {
      const unanswered = error instanceof RegistryError ? error.unanswered : undefined;
      if (unanswered === "not-asked") throw notLearned(reference, because, error);
      silences = unanswered === undefined ? 0 : silences + 1;
      throw error;
    }
  };
  return {
    ...registries,
    async headManifest(reference, signal) {
      const isLimited = isDockerHubFront(reference.host);
      try {
        return await (isLimited
          ? inTurn(() => headLimited(reference, signal))
          : registries.headManifest(reference, signal));
      } catch (error) {
        // Pods may have a login to it that the controller has not.
        if (isRefusal(error) && !wasRead(reference)) throw notLearned(reference, error.message, error);
        throw error;
      }
    },
  };
}

function isRefusal(error: unknown): error is RegistryError {
  return error instanceof RegistryError && (error.kind === "unauthorized" || error.kind === "denied");
}

function notLearned({ host }: ImageReference, because: string, cause?: unknown): RegistryError {
  return new RegistryError(because, { kind: "not-allowed", host }, { cause });
}
