/** Whose credentials these are: the account that a command will act on, shown before it acts. */

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { parseArn } from "../../ecs/arn.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { toAwsError } from "./aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "./client-config.ts";

export type CallerIdentity = { readonly account: string; readonly partition: string; readonly arn: string };

/** Asks STS; needs no permission. Throws AwsError. */
export async function getCallerIdentity(settings: AwsSettings): Promise<CallerIdentity> {
  const action = "sts:GetCallerIdentity";
  try {
    const { Account, Arn } = await new STSClient(clientConfiguration(settings)).send(
      new GetCallerIdentityCommand({}),
    );
    if (Account === undefined)
      throw new AwsError("unavailable", action, `${action}: no account in the answer`);
    return { account: Account, partition: parseArn(Arn ?? "")?.partition ?? "aws", arn: Arn ?? Account };
  } catch (error) {
    throw toAwsError(action, error);
  }
}
