/**
 * Ports for one survey: they ask each question once, and no registry two questions at a time.
 *
 * Many candidates share a role, a network, a source. Places are asked beside each other, for a service waits; but each
 * registry counts what one address asks of it, ECR Public by the second, so that its places wait for each other. A
 * source that has said that its limit is reached is believed, and not asked again.
 */

import { canonicalName, type ImageReference, repositoryName } from "../../../image/reference.ts";
import { registryOf } from "../../../image/registry-hosts.ts";
import type { Registries } from "../../../oci/client/registries.ts";
import { RegistryError } from "../../../oci/client/registry-error.ts";
import type { ManifestHead } from "../../../oci/client/types.ts";
import type { Ports } from "../../ports/ports.ts";

/** Roles, networks and rules whose questions are remembered, and registries that are asked with courtesy. */
export function withRequestCache<
  P extends Pick<Ports, "roles" | "networks" | "ecr" | "registries" | "anonymous">,
>(ports: P): P {
  const { roles, networks, ecr, registries, anonymous } = ports;
  const simulate = new Map<string, ReturnType<typeof roles.simulate>>();
  const profiles = new Map<string, ReturnType<typeof roles.ofInstanceProfile>>();
  const described = new Map<string, ReturnType<typeof networks.describe>>();
  const instances = new Map<string, ReturnType<typeof networks.instances>>();
  const validated = new Map<string, ReturnType<typeof ecr.validateRule>>();
  return {
    ...ports,
    roles: {
      simulate: (role, actions, resource, context = {}) =>
        once(simulate, [role, resource, ...actions, JSON.stringify(context)].join(" "), () =>
          roles.simulate(role, actions, resource, context),
        ),
      ofInstanceProfile: (profile) => once(profiles, profile, () => roles.ofInstanceProfile(profile)),
    },
    networks: {
      ...networks,
      describe: (sources) => once(described, JSON.stringify(sources), () => networks.describe(sources)),
      instances: (cluster) => once(instances, cluster, () => networks.instances(cluster)),
    },
    ecr: { ...ecr, validateRule: (prefix) => once(validated, prefix, () => ecr.validateRule(prefix)) },
    registries: serializePerHost(registries),
    ...(anonymous === undefined
      ? {}
      : { anonymous: { ...anonymous, registries: serializePerHost(anonymous.registries) } }),
  };
}

/** The same registries, as one survey may ask them. */
function serializePerHost(registries: Registries): Registries {
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

function once<T>(answers: Map<string, T>, question: string, ask: () => T): T {
  const known = answers.get(question);
  if (known !== undefined) return known;
  const answer = ask();
  answers.set(question, answer);
  return answer;
}
