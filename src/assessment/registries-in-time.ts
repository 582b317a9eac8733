/**
 * Registries whose every answer comes in time: a host that drops packets must not cost the whole budget.
 *
 * A registry has seconds for a question, token and retries included, and is not asked again in this round once it has let
 * them pass. Other people's registries end before the round does, so that our own ECR can still be asked. What did not come
 * in time is unavailable, with a code: a later round asks again.
 */

import type { ImageReference } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { withinTime } from "../runtime/time-limit.ts";

/** In seconds. */
export type RegistryTimeLimits = {
  /** For all questions together, and how much of that registries other than ECR may take. */
  readonly all: number;
  readonly otherRegistries: number;
  /** For one question: a HEAD, a GET of a manifest or a small blob. */
  readonly head: number;
  readonly get: number;
};

/** The same registries, each asked within its time, from now on: a registry that is dead for an account is dead anonymously too. */
export function registriesInTime(
  clock: Clock & Timer,
  limits: RegistryTimeLimits,
): (registries: Registries) => Registries {
  const begins = clock.now();
  const silent = new Map<string, RegistryError>();
  const inTime = async <T>(
    { host }: ImageReference,
    seconds: number,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const dead = silent.get(host);
    if (dead !== undefined) throw dead;
    const ends = registryOf(host).kind === "ecr" ? limits.all : limits.otherRegistries;
    const left = begins + ends * 1000 - clock.now();
    if (left <= 0) throw unanswered(host, "no-time", "was not asked: the time was over");
    const isWhole = seconds * 1000 <= left;
    const late = (): RegistryError => {
      const error = unanswered(
        host,
        "no-answer",
        `did not answer within ${Math.min(seconds, left / 1000)} s`,
      );
      if (isWhole) silent.set(host, error);
      return error;
    };
    return await withinTime(clock, Math.min(seconds * 1000, left), late, ask);
  };
  return (registries) => ({
    headManifest: (reference, signal) =>
      inTime(reference, limits.head, (late) => registries.headManifest(reference, either(signal, late))),
    getManifest: (reference, signal) =>
      inTime(reference, limits.get, (late) => registries.getManifest(reference, either(signal, late))),
    getBlob: (reference, digest, bytesMax, signal) =>
      inTime(reference, limits.get, (late) =>
        registries.getBlob(reference, digest, bytesMax, either(signal, late)),
      ),
  });
}

function either(signal: AbortSignal | undefined, late: AbortSignal): AbortSignal {
  return signal === undefined ? late : AbortSignal.any([signal, late]);
}

function unanswered(host: string, code: "no-answer" | "no-time", words: string): RegistryError {
  return new RegistryError(`${host} ${words}`, { kind: "unavailable", host, unanswered: code });
}
