/** The policy document, from SSM's Parameter Store. */

import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import { AwsError } from "../remediation/aws-error.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf } from "./failure.ts";

/** A parameter's text. Throws AwsError; `absent` where there is no such parameter. */
export async function readParameter(settings: AwsSettings, name: string): Promise<string> {
  const action = "ssm:GetParameter";
  try {
    const { Parameter } = await new SSMClient(clientConfiguration(settings)).send(
      new GetParameterCommand({ Name: name, WithDecryption: true }),
    );
    if (Parameter?.Value === undefined)
      throw new AwsError("unavailable", action, `${action}: no value in the answer`);
    return Parameter.Value;
  } catch (error) {
    throw awsErrorOf(action, error);
  }
}
