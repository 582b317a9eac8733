/** Wires the durable functions to their account: AWS's gateways, and the registries over real sockets. */

import { connect } from "../src/aws/connect.ts";
import { createEcrCredentials } from "../src/aws/ecr-credentials.ts";
import { createCopier } from "../src/oci/copy.ts";
import { httpTransport } from "../src/oci/http-transport.ts";
import { createRegistries } from "../src/oci/registry.ts";
import type { Ports } from "../src/remediation/ports.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { parseEndpoints } from "../src/runtime/endpoints.ts";
import type { Log } from "../src/runtime/log.ts";
import { accountOf, type Settings } from "./settings.ts";

let wired: Ports | undefined;

/** The ports, made at the first invocation and kept: connections and tokens are worth keeping. */
export function portsOf(settings: Settings, invokedFunctionArn: string, log: Log): Ports {
  wired ??= wire(settings, accountOf(invokedFunctionArn), log);
  return wired;
}

function wire({ aws, busName, registryEndpoints, functions }: Settings, account: string, log: Log): Ports {
  const registries = createRegistries({
    send: httpTransport(),
    clock: systemClock,
    credentials: createEcrCredentials(aws, systemClock),
    endpoints: parseEndpoints(registryEndpoints),
  });
  return connect(
    { aws, account, busName, functions },
    {
      registries,
      copier: createCopier({ registries, clock: systemClock }),
      clock: systemClock,
      log,
    },
  );
}
