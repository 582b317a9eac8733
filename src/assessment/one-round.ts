/**
 * An environment for one round of assessments, which share what is asked: one survey of a task definition, one run of a
 * check, one pass over an index.
 *
 * A round asks each question once, each registry one question at a time, and ends in its time: what did not answer by then
 * is unknown or unreachable, with a code. A registry that counts pulls is asked by HEAD alone, and only where it may be.
 */

import { isDockerHubFront } from "../image/registry-hosts.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import { withinTime } from "../runtime/time-limit.ts";
import { notChecked } from "./checks.ts";
import type { Environment } from "./environment.ts";
import { type EcrReads, PortError } from "./ports.ts";
import { type RegistryTimeLimits, registriesInTime } from "./registries-in-time.ts";
import { registriesOnce } from "./registries-once.ts";
import type { Testimony } from "./trust/testimony.ts";

export type Round = {
  /** Absent: the ports end by themselves. */
  readonly time?: RegistryTimeLimits;
  /** Whether a registry that counts pulls may be asked a HEAD now; read before each question. Absent: it may. */
  readonly mayAskLimited?: (host: string) => boolean;
};

export function oneRound(
  environment: Environment,
  { time, mayAskLimited = () => true }: Round = {},
): Environment {
  const { registries, anonymous, clock, asksAhead = false } = environment;
  const refused = new Set<string>();
  // Who heals goes on: some images of Docker Hub have no limit.
  const mayAsk = (host: string): boolean => !(asksAhead && refused.has(host)) && mayAskLimited(host);
  const inTime = time === undefined ? (asked: Registries) => asked : registriesInTime(clock, time);
  const asked = (of: Registries): Registries => registriesOnce(headsOnly(inTime(of), mayAsk, refused));
  return {
    ...environment,
    registries: asked(registries),
    ...(anonymous === undefined ? {} : { anonymous: { registries: asked(anonymous.registries) } }),
    ...(time === undefined ? {} : endingAt(clock.now() + time.all * 1000, environment)),
  };
}

/** A GET of a manifest counts as a pull at registries that count them; a HEAD does not. */
function headsOnly(
  registries: Registries,
  mayAsk: (host: string) => boolean,
  refused: Set<string>,
): Registries {
  const heldBack = (host: string, because: string): RegistryError =>
    new RegistryError(`${host} was not asked: ${because}`, {
      kind: "unavailable",
      host,
      unanswered: "not-asked",
    });
  return {
    async headManifest(reference, signal) {
      const { host } = reference;
      if (isDockerHubFront(host) && !mayAsk(host))
        throw heldBack(host, "it counts what is asked, and nothing may be asked of it now");
      try {
        return await registries.headManifest(reference, signal);
      } catch (error) {
        if (error instanceof RegistryError && error.kind === "rate-limited") refused.add(host);
        throw error;
      }
    },
    async getManifest(reference, signal) {
      if (isDockerHubFront(reference.host)) throw heldBack(reference.host, "a manifest is a pull there");
      return await registries.getManifest(reference, signal);
    },
    async getBlob(reference, digest, bytesMax, signal) {
      if (isDockerHubFront(reference.host)) throw heldBack(reference.host, "its pulls are counted");
      return await registries.getBlob(reference, digest, bytesMax, signal);
    },
  };
}

/** What does not come from a registry ends with the round too. */
function endingAt(ends: number, { clock, account, witnesses, preflight }: Environment): Partial<Environment> {
  const late = new PortError("unavailable", "no answer came before the time was over");
  const within = async <T>(ask: () => Promise<T>): Promise<T> => {
    const left = ends - clock.now();
    if (left <= 0) throw late;
    return await withinTime(clock, left, () => late, ask);
  };
  const orLate =
    <T>(otherwise: T) =>
    (error: unknown): T => {
      if (error !== late) throw error;
      return otherwise;
    };
  const unknown: Testimony = { kind: "unknown", because: late.message, transient: true };
  const unchecked = (["role", "network"] as const).map((what) => notChecked(what, late.message));
  return {
    ...(account === undefined ? {} : { account: { ...account, ecr: ecrWithin(account.ecr, within) } }),
    ...(witnesses === undefined
      ? {}
      : {
          witnesses: (image) =>
            witnesses(image).map(({ from, ask }) => ({
              from,
              ask: () => within(ask).catch(orLate(unknown)),
            })),
        }),
    ...(preflight === undefined
      ? {}
      : { preflight: (candidate) => within(() => preflight(candidate)).catch(orLate(unchecked)) }),
  };
}

function ecrWithin(ecr: EcrReads, within: <T>(ask: () => Promise<T>) => Promise<T>): EcrReads {
  return {
    imageStatus: (repository, digest) => within(() => ecr.imageStatus(repository, digest)),
    pullThroughRules: () => within(() => ecr.pullThroughRules()),
    validateRule: (prefix) => within(() => ecr.validateRule(prefix)),
    missingLayers: (repository, digests) => within(() => ecr.missingLayers(repository, digests)),
  };
}
