/** What a check asks: registries, as the person who runs it or anonymously; with `--stack` also that account's ECR. */

import type { Environment } from "../../assessment/environment.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import type { Endpoint } from "../../oci/http/registry-address.ts";
import { parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { DEFAULT_POLICY, type Policy, policyFrom } from "../../substitution/policy/policy.ts";
import { userCredentials } from "../account/registry-credentials.ts";
import type { CommandIo } from "../io.ts";
import { readPolicyFile } from "../policy-file.ts";

export type CheckSettings = {
  readonly stack?: string;
  readonly policyFile?: string;
  readonly anonymous: boolean;
};

type CheckEnvironment = Pick<Environment, "registries" | "anonymous" | "account" | "clock" | "policy"> & {
  close(): void;
};

type Access = Omit<CheckEnvironment, "policy">;

/** The policy by which a check judges, and what it would ask: nothing is asked before it has to be. */
export type CheckRules = {
  readonly policy: Policy;
  /** The account whose ECR is asked too. */
  readonly account?: string;
  readonly access: () => Promise<Access>;
};

export async function checkRules(settings: CheckSettings, io: CommandIo): Promise<CheckRules> {
  if (settings.stack !== undefined) return await rulesOfStack(settings.stack, settings, io);
  const policy = await policyOfFile(settings.policyFile, io);
  return { policy, access: async () => accessWithoutAws(policy, settings, io) };
}

async function policyOfFile(file: string | undefined, io: CommandIo): Promise<Policy> {
  if (file === undefined) return DEFAULT_POLICY;
  return policyFrom(io.env, await readPolicyFile(file, io));
}

function accessWithoutAws(policy: Policy, { anonymous }: CheckSettings, io: CommandIo): Access {
  const transport = httpTransport({ clock: systemClock, proxyEnv: io.env });
  const registries = createRegistries({
    send: io.outgoing?.sending(transport) ?? transport,
    clock: systemClock,
    ...(anonymous ? {} : { credentials: userCredentials(io, async () => undefined) }),
    endpoints: new Map<string, Endpoint | string>([
      ...parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? ""),
      ...policy.registries.endpoints.map((row): [string, Endpoint] => [row.host, row]),
    ]),
    // An image's name comes from a stranger's file.
    rules: { allowed: policy.registries.allowed, mayReachPrivate: false },
  });
  return { registries, clock: systemClock, close: () => transport.close() };
}

/** The stack's policy, and its account's copies and cache rules. */
async function rulesOfStack(stack: string, settings: CheckSettings, io: CommandIo): Promise<CheckRules> {
  const { awsSettingsFrom } = await import("../account/aws-settings.ts");
  const { getCallerIdentity } = await import("../../aws/client/caller-identity.ts");
  const { readDeployedConfig } = await import("../account/deployed-config.ts");
  const { accountPorts } = await import("../account/account-ports.ts");
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const { policyFile } = settings;
  const { policy } = await readDeployedConfig(
    { stack, otherCall: "a call without --stack", ...(policyFile === undefined ? {} : { policyFile }) },
    aws,
    io,
  );
  return {
    policy,
    account: `${account} ${aws.region}`,
    access: async () => {
      const { registries, anonymous, ecr } = accountPorts({ aws, account, policy, log: silentLog }, io);
      const rules = await ecr.pullThroughRules().catch((error: unknown) => {
        if (error instanceof AwsError) return { because: error.message };
        throw error;
      });
      return {
        registries,
        ...(anonymous === undefined ? {} : { anonymous: { registries: anonymous.registries } }),
        account: { location: { account, region: aws.region }, ecr, rules },
        clock: systemClock,
        close: () => {},
      };
    },
  };
}
