/** The credentials of a role of another account, for an hour at most: STS gives a chained role no longer one. */

import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { optional } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** As CloudTrail of the account names who reads there. */
const SESSION_NAME = "repull-scan";

export type RoleToAssume = { readonly arn: string; readonly externalId?: string };

/** Throws AwsError. */
export async function assumeRole(
  settings: AwsSettings,
  { arn, externalId }: RoleToAssume,
): Promise<NonNullable<AwsSettings["credentials"]>> {
  const action = "sts:AssumeRole";
  const { Credentials } = await callAws(action, () =>
    new STSClient(clientConfiguration(settings)).send(
      new AssumeRoleCommand({
        RoleArn: arn,
        RoleSessionName: SESSION_NAME,
        ...optional("ExternalId", externalId),
      }),
    ),
  );
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
  } = Credentials ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    throw new AwsError("unavailable", action, `${action}: no credentials in the answer`);
  return { accessKeyId, secretAccessKey, sessionToken };
}
