/**
 * What a controller asks: registries, without an account or with that of the pod's role. What the account's ECR knows, its
 * cache rules, is read again every ten minutes.
 */

import type { Account } from "../../../assessment/environment.ts";
import type { AwsSettings } from "../../../aws/client/client-config.ts";
import type { ClusterEnvironment } from "../../../controller/assess-images.ts";
import type { ControllerPorts } from "../../../controller/create-controller.ts";
import { createRegistries } from "../../../oci/client/registries.ts";
import { httpTransport } from "../../../oci/http/http-transport.ts";
import type { Endpoint } from "../../../oci/http/registry-address.ts";
import { parseEndpoints } from "../../../oci/http/registry-endpoints.ts";
import type { Outcome } from "../../../remediation/report/outcome.ts";
import { systemClock } from "../../../runtime/clock.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Policy } from "../../../substitution/policy/policy.ts";
import type { CommandIo } from "../../io.ts";
import type { CopiesSettings } from "./controller-copies.ts";

export type ControllerEnvironment = Pick<
  ControllerPorts,
  "copiesWith" | "quotaStore" | "changeCalendar" | "refresh"
> & {
  readonly environment: () => Promise<ClusterEnvironment>;
  readonly publish: (outcome: Outcome) => Promise<void>;
};

const RULES_MS = 600_000;

/** Registries only. The policy's settings of registries count from now on, whenever they change. */
export function environmentWithoutAws(
  policy: () => Policy,
  io: Pick<CommandIo, "env">,
): ControllerEnvironment {
  const send = httpTransport({ clock: systemClock, proxyEnv: io.env });
  const made = remade(async (settings: Policy["registries"]) => ({
    clock: systemClock,
    registries: createRegistries({
      send,
      clock: systemClock,
      endpoints: new Map<string, Endpoint | string>([
        ...parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? ""),
        ...settings.endpoints.map((row): [string, Endpoint] => [row.host, row]),
      ]),
      rules: { allowed: settings.allowed, mayReachPrivate: false },
    }),
  }));
  return { environment: () => made(policy().registries), publish: async () => {} };
}

/** The pod's own AWS role: ECR, IAM's simulator, and the account's event bus. */
export async function environmentWithAws(
  policy: () => Policy,
  aws: AwsSettings,
  account: string,
  { io, log, ...settings }: CopiesSettings & { readonly io: Pick<CommandIo, "env">; readonly log: Log },
): Promise<ControllerEnvironment> {
  const { createChangeCalendar } = await import("../../../aws/adapters/change-calendar.ts");
  const { copiesFor } = await import("./controller-copies.ts");
  const { refreshTarget } = await import("./controller-refresh.ts");
  const { createEcr } = await import("../../../aws/adapters/ecr.ts");
  const { createIamSimulator } = await import("../../../aws/adapters/iam-simulator.ts");
  const { createBus } = await import("../../../aws/adapters/event-bus.ts");
  const { createRegistryAccess } = await import("../../../aws/registry/registry-access.ts");
  const { nodeRoleChecks } = await import("../../../controller/node-roles.ts");
  const { AwsError } = await import("../../../remediation/ports/aws-error.ts");
  const send = httpTransport({ clock: systemClock, proxyEnv: io.env });
  const ecr = createEcr(aws, systemClock);
  const preflight = nodeRoleChecks(createIamSimulator(aws), () => policy().kubernetes.nodeRoles);
  const access = remade(
    async ({ registries, dockerHubSecret }: Pick<Policy, "registries" | "dockerHubSecret">) =>
      createRegistryAccess({
        aws,
        account,
        dockerHubSecret,
        send,
        registries,
        clock: systemClock,
        endpoints: parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? ""),
        mayReachPrivate: false,
      }),
  );
  let known: { readonly rules: Account["rules"]; readonly at: number } | undefined;
  const rules = async (): Promise<Account["rules"]> => {
    const now = systemClock.now();
    if (known !== undefined && now >= known.at && now - known.at < RULES_MS) return known.rules;
    const read = await ecr.pullThroughRules().catch((error: unknown) => {
      if (error instanceof AwsError) return { because: error.message };
      throw error;
    });
    known = { rules: read, at: now };
    return read;
  };
  const bus = createBus(aws);
  const accessNow = async () => {
    const { registries, dockerHubSecret } = policy();
    return await access({ registries, ...(dockerHubSecret === undefined ? {} : { dockerHubSecret }) });
  };
  return {
    ...copiesFor(settings, { aws, account, ecr, policy, log, accessNow }),
    changeCalendar: createChangeCalendar(aws),
    refresh: refreshTarget(aws, account, settings.stack),
    environment: async () => {
      const { registries: asked, anonymous } = await accessNow();
      return {
        clock: systemClock,
        registries: asked,
        ...(anonymous === undefined ? {} : { anonymous }),
        account: { location: { account, region: aws.region }, ecr, rules: await rules() },
        preflight,
      };
    },
    publish: (outcome) => bus.publish(asJson(outcome)),
  };
}

/** The record as it is sent: without members that are undefined. */
function asJson(outcome: Outcome): JsonObject {
  return JSON.parse(JSON.stringify(outcome)) as JsonObject;
}

/** Made anew when what it is made of changes. */
function remade<S, T>(make: (settings: S) => Promise<T>): (settings: S) => Promise<T> {
  let made: { readonly key: string; readonly value: Promise<T> } | undefined;
  return async (settings) => {
    const key = JSON.stringify(settings);
    if (made?.key !== key) made = { key, value: make(settings) };
    return await made.value;
  };
}
