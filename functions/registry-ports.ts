/** What a function needs that asks registries and this account's ECR, and starts or writes nothing there by itself. */

import { createEcr } from "../src/aws/adapters/ecr.ts";
import { createRegistryAccess } from "../src/aws/registry/registry-access.ts";
import { partitionOf } from "../src/image/ecr-hosts.ts";
import type { Logins, TagLists } from "../src/oci/client/registries.ts";
import { httpTransport } from "../src/oci/http/http-transport.ts";
import { parseEndpoints } from "../src/oci/http/registry-endpoints.ts";
import type { Ports } from "../src/remediation/ports/ports.ts";
import { systemClock } from "../src/runtime/clock.ts";
import type { Policy } from "../src/substitution/policy/policy.ts";
import { lambdaPorts } from "./lambda-ports.ts";
import type { Settings } from "./settings.ts";

export type RegistryPorts = Pick<Ports, "registries" | "anonymous" | "ecr" | "location" | "clock"> & {
  readonly tagLists: TagLists;
  readonly logins: Logins;
};

/** By what of the policy they are made of: connections and tokens are worth keeping. */
const made = new Map<string, RegistryPorts>();

/** Docker Hub is asked anonymously: these functions have no right to read its account. */
export function registryPorts(
  { aws, registryEndpoints }: Pick<Settings, "aws" | "registryEndpoints">,
  account: string,
  { registries }: Policy,
): RegistryPorts {
  const key = JSON.stringify(registries);
  const known = made.get(key);
  if (known !== undefined) return known;
  const access = createRegistryAccess({
    aws,
    account,
    registries,
    mayReachPrivate: false,
    send: httpTransport({ proxyEnv: process.env, closedLoopbackPorts: lambdaPorts() }),
    clock: systemClock,
    endpoints: parseEndpoints(registryEndpoints),
  });
  const location = { account, region: aws.region, partition: partitionOf(aws.region) };
  const ports = { ...access, ecr: createEcr(aws, systemClock), location, clock: systemClock };
  made.set(key, ports);
  return ports;
}
