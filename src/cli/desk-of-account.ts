/** The account of the environment, for `repull approve` and `repull deny`. */

import { awsSettingsFrom, awsSettingsIn } from "./aws-settings.ts";
import type { DeskOfAccount } from "./decide.ts";
import { type InstalledOptions, STACK_DEFAULT } from "./installed.ts";
import type { CommandIo } from "./io.ts";

export type DeskOptions = InstalledOptions & {
  /** The remediate function, where it is not called after its stack. */
  readonly functionName?: string;
  readonly region?: string;
};

const SUFFIX = "-remediate";

/** Throws InvalidInput and AwsError. */
export async function deskOfAccount(
  { functionName, region, ...rules }: DeskOptions,
  io: CommandIo,
): Promise<DeskOfAccount> {
  const aws = region === undefined ? awsSettingsFrom(io) : awsSettingsIn(region, io);
  const [{ identify }, { createDesk }, { readInstalled }] = await Promise.all([
    import("../aws/identity.ts"),
    import("../aws/desk.ts"),
    import("./installed.ts"),
  ]);
  const { account, arn } = await identify(aws);
  // The commands that a question prints name the function: its stack is called the same.
  const stack = rules.stack ?? functionName?.replace(/-remediate$/, "") ?? STACK_DEFAULT;
  const name = functionName ?? `${stack === false ? STACK_DEFAULT : stack}${SUFFIX}`;
  return {
    where: `account ${account}, region ${aws.region}${aws.endpoint === undefined ? "" : `, at ${aws.endpoint}`}, ${name}`,
    caller: arn,
    desk: createDesk(aws, name),
    rules: () => readInstalled({ ...rules, stack }, aws, io),
  };
}
