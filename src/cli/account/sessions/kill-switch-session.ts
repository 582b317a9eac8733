/**
 * The kill switch of one deployed stack, for `repull pause` and `repull resume`.
 *
 * Only the stack's settings are read to find it: a policy document that cannot be read must not keep anyone from pausing.
 */

import { parseArn } from "../../../ecs/arn.ts";
import type { CommandIo } from "../../io.ts";
import { RefusedCommand } from "../../refused-command.ts";
import { awsSettingsFrom } from "../aws-settings.ts";
import { whereOf } from "../where.ts";

export type KillSwitchSession = {
  /** Shown before anything is read: whose account it is. */
  readonly where: string;
  readonly stack: string;
  readonly parameter: string;
  /** Who pauses, as the record names them: `user/ada`. */
  readonly caller: string;
  /** The parameter's text. Throws AwsError; `absent` where there is no such parameter. */
  read(): Promise<string>;
  /** Throws AwsError. */
  write(value: string): Promise<void>;
};

/** Throws InvalidInput, AwsError and RefusedCommand. @param stack absent: the region's only one */
export async function openKillSwitchSession(
  stack: string | undefined,
  io: CommandIo,
): Promise<KillSwitchSession> {
  const aws = await awsSettingsFrom(io);
  const [
    { getCallerIdentity },
    { createParameters },
    { writeParameter },
    { readDeployedStack },
    { findStack },
  ] = await Promise.all([
    import("../../../aws/client/caller-identity.ts"),
    import("../../../aws/client/ssm-parameters.ts"),
    import("../../../aws/client/write-ssm-parameter.ts"),
    import("../../../aws/stack/deployed-stack.ts"),
    import("../find-stack.ts"),
  ]);
  const { account, arn } = await getCallerIdentity(aws);
  const name = stack ?? (await findStack(aws));
  if (name === undefined)
    throw new RefusedCommand(
      "no-stack",
      `no stack of Repull is deployed in ${aws.region}, so there is no kill switch: nothing was written`,
    );
  const read = await readDeployedStack(aws, name).functionNamed("remediate");
  if (read.kind === "unread")
    throw new RefusedCommand(
      read.error.kind === "absent" ? "no-stack" : "stack-unreadable",
      read.error.kind === "absent"
        ? `no stack ${name} is deployed in ${aws.region}: nothing was written`
        : `the stack ${name} cannot be read, so its kill switch is not known: ${read.error.message}; nothing was written`,
      { cause: read.error },
    );
  const parameter = read.value.environment.REPULL_WRITES_PARAMETER;
  if (!parameter)
    throw new RefusedCommand("no-stack", `the stack ${name} has no kill switch: nothing was written`);
  const parameters = createParameters(aws);
  return {
    where: `${whereOf(account, aws)}, stack ${name}`,
    stack: name,
    parameter,
    caller: parseArn(arn)?.resource ?? arn,
    read: () => parameters.read(parameter),
    write: (value) => writeParameter(aws, parameter, value),
  };
}
