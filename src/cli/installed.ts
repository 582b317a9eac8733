/**
 * What the owner has decided for this account: the policy and the brake of the deployed stack, where there is one.
 *
 * Whoever works by hand goes by the same rules as the function. A stack that cannot be read is no absent one: its brake
 * may be pulled.
 */

import { createBrake } from "../aws/brake-parameter.ts";
import type { AwsSettings } from "../aws/client-settings.ts";
import { type Part, readDeployedStack } from "../aws/deployed-stack.ts";
import { createParameters } from "../aws/parameters.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { AwsError } from "../remediation/aws-error.ts";
import { type Brake, NO_BRAKE } from "../remediation/brake.ts";
import { type Policy, policyFrom } from "../substitution/policy.ts";
import type { CommandIo } from "./io.ts";

export type Installed = {
  readonly policy: Policy;
  /** Whose policy it is, in words. */
  readonly from: string;
  readonly brake: Brake;
  readonly busName?: string;
};

export type InstalledOptions = {
  /** The CloudFormation stack; false: go by none. */
  readonly stack: string | false;
  /** A policy document that goes before the stack's. */
  readonly policyFile?: string;
};

/** Reads policy and brake. Throws InvalidInput for a document that is no policy, AwsError where a stack cannot be read. */
export async function readInstalled(
  { stack, policyFile }: InstalledOptions,
  aws: AwsSettings,
  io: CommandIo,
): Promise<Installed> {
  const file = await documentOf(policyFile, io);
  const environment =
    stack === false
      ? undefined
      : environmentOf(await readDeployedStack(aws, stack).functionNamed("remediate"));
  const named = policyFile === undefined ? "" : `${policyFile}, over `;
  if (environment === undefined) {
    const none = stack === false ? "no stack is asked" : `no stack ${stack} is deployed here`;
    const from = `${named}the default policy (${none})`;
    return { policy: policyFrom(io.env, file), from, brake: NO_BRAKE };
  }
  const parameter = environment.REPULL_POLICY_PARAMETER;
  const document = file ?? (parameter ? await createParameters(aws).read(parameter) : undefined);
  const brake = environment.REPULL_BRAKE_PARAMETER;
  return {
    policy: policyFrom(environment, document),
    from: `${named}the policy of the stack ${stack}`,
    brake: brake ? createBrake(aws, brake) : NO_BRAKE,
    ...(environment.REPULL_BUS_NAME ? { busName: environment.REPULL_BUS_NAME } : {}),
  };
}

async function documentOf(path: string | undefined, io: CommandIo): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await io.readFile(path);
  if (text === undefined) throw new InvalidInput("--policy", `a readable file, got ${path}`);
  return text;
}

function environmentOf(
  part: Part<{ readonly environment: Readonly<Record<string, string>> }>,
): Readonly<Record<string, string>> | undefined {
  if (part.kind === "read") return part.value.environment;
  const { kind, action, message } = part.error;
  if (kind === "absent") return undefined;
  throw new AwsError(
    kind,
    action,
    `the deployed stack cannot be read, so neither can its policy and its brake: ${message}; --no-stack goes without them`,
  );
}
