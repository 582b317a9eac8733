/** The stack's function that `repull mirrors refresh` and `prune` have work: found, asked once, and refused where it is not deployed. */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import { invokeMirrors } from "../../aws/mirrors/invoke-mirrors.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json } from "../../runtime/json.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { findStack } from "../account/find-stack.ts";
import { whereOf } from "../account/where.ts";
import type { CommandIo } from "../io.ts";
import { RefusedCommand } from "../refused-command.ts";

export type FunctionInput = {
  readonly stack?: string;
  /** Without it, the function only says what it would do. */
  readonly yes: boolean;
  readonly rights: boolean;
  readonly json: boolean;
};

/** The function has the rights to its work: the caller has only to reach it. */
export const FUNCTION_ACTIONS: readonly string[] = [
  "lambda:InvokeFunction",
  "lambda:ListFunctions",
  "lambda:ListTags",
  "sts:GetCallerIdentity",
];

type Work = {
  /** What the function's name ends in. */
  readonly name: "mirrors" | "refresh";
  /** What a refusal says was not done. */
  readonly untouched: string;
  readonly deployedBy: string;
};

/** The function's report. Throws RefusedCommand where there is no stack, or the stack has no such function. */
export async function askFunction(
  { name, untouched, deployedBy }: Work,
  input: Pick<FunctionInput, "stack" | "yes">,
  io: CommandIo,
): Promise<{ readonly stack: string; readonly report: Json }> {
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const stack = input.stack ?? (await findStack(aws));
  if (stack === undefined)
    throw new RefusedCommand("no-stack", `no stack of Repull is deployed in ${aws.region}: ${untouched}`);
  io.err(`${whereOf(account, aws)}, stack ${stack}${input.yes ? "" : ": nothing is changed"}\n`);
  try {
    return { stack, report: await invokeMirrors(aws, stack, { dryRun: !input.yes }, name) };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== "absent") throw error;
    const because = `${stack}-${name} is not deployed: ${untouched}; deploy ${deployedBy}`;
    throw new RefusedCommand("no-stack", because, { cause: error });
  }
}
