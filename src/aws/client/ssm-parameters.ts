/** The policy document, from SSM's Parameter Store. */

import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import { AwsError } from "../../remediation/ports/aws-error.ts";
import { toAwsError } from "./aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "./client-config.ts";

export function createParameters(settings: AwsSettings): {
  /** A parameter's text. Throws AwsError; `absent` where there is no such parameter. */
  read(name: string): Promise<string>;
} {
  const client = new SSMClient(clientConfiguration(settings));
  const action = "ssm:GetParameter";
  return {
    async read(name) {
      try {
        const { Parameter } = await client.send(
          new GetParameterCommand({ Name: name, WithDecryption: true }),
        );
        if (Parameter?.Value === undefined)
          throw new AwsError("unavailable", action, `${action}: no value in the answer`);
        return Parameter.Value;
      } catch (error) {
        throw toAwsError(action, error);
      }
    },
  };
}
