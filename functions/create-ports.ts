/** Wires the durable functions to their account: AWS's gateways, and the registries over real sockets. */

import { createPorts } from "../src/aws/create-ports.ts";
import { createRegistryAccess } from "../src/aws/registry/registry-access.ts";
import { readRateLimit } from "../src/oci/client/rate-limit.ts";
import { httpTransport } from "../src/oci/http/http-transport.ts";
import { parseEndpoints } from "../src/oci/http/registry-endpoints.ts";
import type { Send } from "../src/oci/http/transport.ts";
import type { Ports } from "../src/remediation/ports/ports.ts";
import { systemClock } from "../src/runtime/clock.ts";
import type { Log } from "../src/runtime/log.ts";
import { DEFAULT_POLICY, type Policy } from "../src/substitution/policy/policy-in-force.ts";
import { lambdaPorts } from "./lambda-ports.ts";
import { recordRateLimit } from "./metrics.ts";
import { accountOf, type Settings } from "./settings.ts";

/** By what of the policy they are made of: one function sees one policy, or two while it changes. */
const portsBySecret = new Map<string, Ports>();

/** The ports, made at the first invocation and kept: connections and tokens are worth keeping. */
export function getPorts(
  settings: Settings,
  invokedFunctionArn: string,
  log: Log,
  policy: Policy = DEFAULT_POLICY,
): Ports {
  const key = JSON.stringify([policy.dockerHubSecret, policy.registries]);
  const ports = portsBySecret.get(key) ?? wire(settings, accountOf(invokedFunctionArn), log, policy);
  portsBySecret.set(key, ports);
  return ports;
}

function wire(
  { aws, registryEndpoints, functions, quotaTable }: Settings,
  account: string,
  log: Log,
  { dockerHubSecret, registries }: Policy,
): Ports {
  const access = createRegistryAccess({
    aws,
    account,
    dockerHubSecret,
    registries,
    // A task definition may name any host: only the policy may lead to a private network.
    mayReachPrivate: false,
    // HTTPS_PROXY and NO_PROXY apply; a private certificate authority is set by Node's own NODE_EXTRA_CA_CERTS.
    send: withRateLimitMetric(httpTransport({ proxyEnv: process.env, closedLoopbackPorts: lambdaPorts() })),
    clock: systemClock,
    endpoints: parseEndpoints(registryEndpoints),
  });
  return createPorts({ aws, account, functions, quotaTable }, { ...access, clock: systemClock, log });
}

/** The same, with a figure of each answer that names a quota: how near the limit is. */
function withRateLimitMetric(send: Send): Send {
  return async (request) => {
    const answer = await send(request);
    const quota = readRateLimit(answer.headers);
    if (quota !== undefined) recordRateLimit(quota);
    return answer;
  };
}
