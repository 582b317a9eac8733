/** Ports for one survey that ask each question once: many candidates share a role, a network, a rule. */

import { once } from "../../../assessment/registries-once.ts";
import type { Ports } from "../../ports/ports.ts";

/** Roles, networks and rules whose questions are remembered. */
export function withRequestCache<P extends Pick<Ports, "roles" | "networks" | "ecr">>(ports: P): P {
  const { roles, networks, ecr } = ports;
  const simulate = new Map<string, ReturnType<typeof roles.simulate>>();
  const profiles = new Map<string, ReturnType<typeof roles.ofInstanceProfile>>();
  const keys = new Map<string, ReturnType<typeof roles.keyOfSecret>>();
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
      keyOfSecret: (secret) => once(keys, secret, () => roles.keyOfSecret(secret)),
      ofInstanceProfile: (profile) => once(profiles, profile, () => roles.ofInstanceProfile(profile)),
    },
    networks: {
      ...networks,
      describe: (sources) => once(described, JSON.stringify(sources), () => networks.describe(sources)),
      instances: (cluster) => once(instances, cluster, () => networks.instances(cluster)),
    },
    ecr: { ...ecr, validateRule: (prefix) => once(validated, prefix, () => ecr.validateRule(prefix)) },
  };
}
