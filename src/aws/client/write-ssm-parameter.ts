/** Writes one parameter that exists in SSM's Parameter Store: the only write of ours there is the kill switch. */

import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { callAws } from "./aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "./client-config.ts";

/** The type of a parameter that exists stays as it is. Throws AwsError. */
export async function writeParameter(settings: AwsSettings, name: string, value: string): Promise<void> {
  const client = new SSMClient(clientConfiguration(settings));
  await callAws("ssm:PutParameter", () =>
    client.send(new PutParameterCommand({ Name: name, Value: value, Overwrite: true })),
  );
}
