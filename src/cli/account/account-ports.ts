/** A real account as the workflows see it from this process: AWS's gateways, and copies that are made here. */

import { createExecutions } from "../../aws/adapters/durable-executions.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createPorts } from "../../aws/create-ports.ts";
import { createRegistryAccess } from "../../aws/registry/registry-access.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import { parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import { mirror } from "../../remediation/mirror/mirror-workflow.ts";
import {
  type Copier,
  type ExecutionStatus,
  type Executions,
  type Ports,
  parseMirrorRejection,
} from "../../remediation/ports/ports.ts";
import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import { runInProcess } from "../../runtime/in-process-steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { CommandIo } from "../io.ts";

export type AccountOptions = {
  readonly aws: AwsSettings;
  readonly account: string;
  readonly policy: Policy;
  readonly log: Ports["log"];
  /** The deployed `remediate`: what its executions did before is asked there. Absent: nothing is known of them. */
  readonly remediateArn?: string | undefined;
  /** Gets the progress of each copy. */
  readonly watchCopies?: (copier: Copier) => Copier;
  /** Sleeps until the command is stopped. */
  readonly clock?: Clock & Timer;
};

export function accountPorts(options: AccountOptions, io: Pick<CommandIo, "env" | "outgoing">): Ports {
  const { aws, account, policy, log, watchCopies = (copier) => copier, clock = systemClock } = options;
  const send = httpTransport({ proxyEnv: io.env });
  const access = createRegistryAccess({
    aws,
    dockerHubSecret: policy.dockerHubSecret,
    send: io.outgoing?.sending(send) ?? send,
    clock,
    account,
    registries: policy.registries,
    mayReachPrivate: true,
    endpoints: parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? ""),
  });
  const { anonymous } = access;
  const ports: Ports = createPorts(
    { aws, account },
    {
      ...access,
      copier: watchCopies(access.copier),
      ...(anonymous === undefined
        ? {}
        : { anonymous: { ...anonymous, copier: watchCopies(anonymous.copier) } }),
      clock,
      log,
      executions: copiesHere(
        (request) => runInProcess((steps) => mirror(request, ports, policy, steps), { clock }),
        options.remediateArn === undefined ? undefined : deployed(aws, options.remediateArn),
      ),
    },
  );
  return ports;
}

/** The executions of the function that is deployed: by hand they are only read. */
function deployed(aws: AwsSettings, remediate: string): Executions {
  return createExecutions(aws, { remediate, mirror: remediate.replace(/-remediate(?=:|$)/, "-mirror") });
}

/** Copies of this very process: one is made while its start is waited for. Remediations are the stack's. */
function copiesHere(copy: (request: unknown) => Promise<unknown>, stack: Executions | undefined): Executions {
  const ended = new Map<string, ExecutionStatus>();
  return {
    // Without a stack, as the default one calls them.
    functionName: (workflow) => stack?.functionName(workflow) ?? `repull-${workflow}`,
    async start(_workflow, name, request) {
      if (ended.has(name)) return "taken";
      try {
        ended.set(name, { status: "succeeded", ...parseMirrorRejection(await copy(request)) });
      } catch (error) {
        ended.set(name, {
          status: "failed",
          because: error instanceof Error ? error.message : String(error),
        });
      }
      return "started";
    },
    status: async (workflow, name) =>
      workflow === "remediate" ? await stack?.status(workflow, name) : ended.get(name),
  };
}
