/**
 * The policy and the kill switch of the deployed stack.
 *
 * A command follows the same rules as the function. A stack that cannot be read is not absent: its kill switch
 * may be set. An absent one is not a permission either: its name may be another, or the region the wrong one.
 */

import { createKillSwitch } from "../../aws/adapters/kill-switch-parameter.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createParameters } from "../../aws/client/ssm-parameters.ts";
import { readDeployedStack } from "../../aws/stack/deployed-stack.ts";
import { type KillSwitch, NO_KILL_SWITCH } from "../../remediation/gates/kill-switch.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Policy, policyFrom } from "../../substitution/policy/policy.ts";
import type { CommandIo } from "../io.ts";
import { policyNamed, readPolicyFile } from "../policy-file.ts";
import { RefusedCommand } from "../refused-command.ts";
import { findStack } from "./find-stack.ts";

export type DeployedConfig = {
  readonly policy: Policy;
  /** Whose policy it is, in words. */
  readonly from: string;
  readonly killSwitch: KillSwitch;
  /** The stack's name; absent: no stack. */
  readonly stack?: string;
  /** The stack's `remediate`, whose executions show what they trusted and whether they run; absent: no stack. */
  readonly remediateArn?: string;
};

export type DeployedConfigOptions = {
  /** The CloudFormation stack; false: go by none; absent: the only one of the region. */
  readonly stack?: string | false;
  /** A policy document that goes before the stack's. */
  readonly policyFile?: string;
  /** The call that needs no stack, as a refusal names it; absent: `--no-stack`. */
  readonly otherCall?: string;
};

/**
 * Reads policy and kill switch. Throws InvalidInput for a document that is not a policy and where several stacks may be meant,
 * Refused where the stack is absent or cannot be read.
 * @param absent `default`: a command that only looks goes by the default policy where there is no stack
 */
export async function readDeployedConfig(
  { stack, policyFile, otherCall = "--no-stack" }: DeployedConfigOptions,
  aws: AwsSettings,
  io: CommandIo,
  absent: "refuse" | "default" = "refuse",
): Promise<DeployedConfig> {
  const file = policyFile === undefined ? undefined : await readPolicyFile(policyFile, io);
  const named = policyFile === undefined ? "" : `${policyFile}, over `;
  const unknownRules = `, so nothing was written; ${otherCall} uses the default policy and no kill switch`;
  const byDefault = (why: string): DeployedConfig => ({
    policy: policyFrom(io.env, file),
    from: `${named}the default policy (${why}), and no kill switch`,
    killSwitch: NO_KILL_SWITCH,
  });
  if (stack === false) return byDefault("--no-stack");
  const name = stack ?? (await findStack(aws));
  if (name === undefined) {
    const why = `no stack of Repull is deployed in ${aws.region}`;
    if (absent === "default") return byDefault(why);
    throw new RefusedCommand("no-stack", `${why}${unknownRules}`);
  }
  const read = await readDeployedStack(aws, name).functionNamed("remediate");
  if (read.kind === "unread" && read.error.kind === "absent")
    throw new RefusedCommand("no-stack", `no stack ${name} is deployed in ${aws.region}${unknownRules}`);
  if (read.kind === "unread")
    throw new RefusedCommand(
      "stack-unreadable",
      `the stack ${name} cannot be read, so neither can its policy and its kill switch: ${read.error.message}; nothing was written; ${otherCall} goes without them`,
    );
  const { environment, arn } = read.value;
  const { REPULL_POLICY_PARAMETER: parameter } = environment;
  const document = file ?? (await documentIn(parameter, aws));
  const killSwitch = environment.REPULL_WRITES_PARAMETER;
  return {
    policy:
      document === undefined
        ? policyFrom(environment)
        : policyNamed(policyFile ?? parameter ?? "", document, environment),
    from: `${named}the policy of the stack ${name}`,
    stack: name,
    killSwitch: killSwitch ? createKillSwitch(aws, killSwitch) : NO_KILL_SWITCH,
    ...(arn === "" ? {} : { remediateArn: arn }),
  };
}

/** Throws Refused where writes are stopped, or where it cannot be known. */
export async function refuseWhileStopped({
  killSwitch,
  stack = "",
}: Pick<DeployedConfig, "killSwitch" | "stack">): Promise<void> {
  let pulled: string | undefined;
  try {
    pulled = await killSwitch.activeReason();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RefusedCommand(
      "writes-stopped",
      `the kill switch of the stack ${stack} cannot be read, so nothing was written: ${error.message}`,
      { cause: error },
    );
  }
  if (pulled !== undefined)
    throw new RefusedCommand(
      "writes-stopped",
      `nothing was written: the kill switch of the stack ${stack} stops every write (${pulled})`,
    );
}

/** Throws Refused where the kill switch or the mode forbids writes: this applies to a person as well. */
export async function refuseUnlessWritesAllowed(config: DeployedConfig): Promise<void> {
  await refuseWhileStopped(config);
  if (config.policy.mode === "observe")
    throw new RefusedCommand(
      "observe-mode",
      `nothing was written: ${config.from} says observe; --policy FILE goes before it, --no-stack goes without it`,
    );
}

async function documentIn(parameter: string | undefined, aws: AwsSettings): Promise<string | undefined> {
  if (!parameter) return undefined;
  try {
    return await createParameters(aws).read(parameter);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RefusedCommand(
      "policy-unreadable",
      `the policy document ${parameter} cannot be read: ${error.message}; nothing was written; --policy FILE goes before it`,
      { cause: error },
    );
  }
}
