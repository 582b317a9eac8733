/** The account of the environment, for `repull approve` and `repull deny`. */

import { awsSettingsFrom } from "./aws-settings.ts";
import type { DeskOfAccount } from "./decide.ts";
import type { CommandIo } from "./io.ts";

/** Throws InvalidInput and AwsError. */
export async function deskOfAccount(
  { functionName, region }: { readonly functionName: string; readonly region?: string },
  { env }: Pick<CommandIo, "env">,
): Promise<DeskOfAccount> {
  const aws = awsSettingsFrom(region === undefined ? env : { ...env, AWS_REGION: region });
  const [{ identify }, { createDesk }] = await Promise.all([
    import("../aws/identity.ts"),
    import("../aws/desk.ts"),
  ]);
  const { account, arn } = await identify(aws);
  return {
    where: `account ${account}, region ${aws.region}${aws.endpoint === undefined ? "" : `, at ${aws.endpoint}`}, ${functionName}`,
    caller: arn,
    desk: createDesk(aws, functionName),
  };
}
