/** The account of the environment, for `repull approve` and `repull deny`. */

import type { AwsSettings } from "../../../aws/client/client-config.ts";
import type { ApprovalStore } from "../../../remediation/gates/pending-approvals.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { ApprovalSession } from "../../commands/answer-approval.ts";
import type { CommandIo } from "../../io.ts";
import { RefusedCommand } from "../../refused-command.ts";
import { awsSettingsFrom } from "../aws-settings.ts";
import type { DeployedConfigOptions } from "../deployed-config.ts";
import { findStack, STACK_DEFAULT } from "../find-stack.ts";
import { whereOf } from "../where.ts";

export type ApprovalSessionOptions = DeployedConfigOptions & {
  /** The remediate function, where it is not called after its stack. */
  readonly functionName?: string;
};

const SUFFIX = "-remediate";

/** Throws InvalidInput, AwsError and Refused. */
export async function openApprovalSession(
  { functionName, ...rules }: ApprovalSessionOptions,
  io: CommandIo,
): Promise<ApprovalSession> {
  const aws = await awsSettingsFrom(io);
  const [{ getCallerIdentity }, { createApprovalStore }, { readDeployedConfig }] = await Promise.all([
    import("../../../aws/client/caller-identity.ts"),
    import("../../../aws/stack/approval-callbacks.ts"),
    import("../deployed-config.ts"),
  ]);
  const { account, arn } = await getCallerIdentity(aws);
  // The commands that a question prints name the function: its stack is called the same.
  const named = functionName?.replace(/-remediate$/, "");
  const name = functionName ?? `${await stackOf(rules.stack, aws)}${SUFFIX}`;
  const stack = rules.stack ?? named ?? name.slice(0, -SUFFIX.length);
  return {
    where: `${whereOf(account, aws)}, ${name}`,
    caller: arn,
    home: { account, region: aws.region },
    store: ofFunction(createApprovalStore(aws, name), name, aws.region),
    rules: () => readDeployedConfig({ ...rules, stack }, aws, io),
  };
}

/** Throws Refused where the function is not there: a plan that waits may be in another stack. */
function ofFunction(approvals: ApprovalStore, name: string, region: string): ApprovalStore {
  const told = async <T>(read: Promise<T>): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof AwsError) || error.kind !== "absent") throw error;
      const why = `there is no function ${name} in ${region}: nothing was written`;
      throw new RefusedCommand("no-stack", `${why}; --function NAME names another function`, {
        cause: error,
      });
    }
  };
  return {
    running: () => told(approvals.running()),
    history: (execution) => told(approvals.history(execution)),
    answer: approvals.answer,
  };
}

/** A plan waits in a stack's function: `--no-stack` does without the stack's rules, and not without its function. */
async function stackOf(stack: string | false | undefined, aws: AwsSettings): Promise<string> {
  if (typeof stack === "string") return stack;
  const found = await findStack(aws).catch((error: unknown) => {
    if (stack === false && error instanceof RefusedCommand) return STACK_DEFAULT;
    throw error;
  });
  if (found !== undefined) return found;
  if (stack === false) return STACK_DEFAULT;
  throw new RefusedCommand(
    "no-stack",
    `no stack of Repull is deployed in ${aws.region}, so no plan waits there: nothing was written`,
  );
}
