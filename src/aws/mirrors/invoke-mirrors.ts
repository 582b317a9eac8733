/** Asks the function that cleans up, or that refreshes, and waits for its report. */

import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { PruneRequest } from "../../mirrors/prune/prune-request.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json } from "../../runtime/json.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** As long as the function may run. */
const REQUEST_SECONDS = 900;

/** Throws AwsError, also where the function failed. */
export async function invokeMirrors(
  settings: AwsSettings,
  stack: string,
  request: PruneRequest,
  work: "mirrors" | "refresh" = "mirrors",
): Promise<Json> {
  const action = "lambda:InvokeFunction";
  // Another try would be another run.
  const client = new LambdaClient(
    clientConfiguration({ ...settings, attemptsMax: 1, requestSeconds: REQUEST_SECONDS }),
  );
  const { FunctionError, Payload } = await callAws(action, () =>
    client.send(
      new InvokeCommand({
        FunctionName: `${stack}-${work}`,
        Qualifier: "live",
        Payload: Buffer.from(JSON.stringify(request)),
      }),
    ),
  );
  const said = Buffer.from(Payload ?? new Uint8Array()).toString("utf8");
  if (FunctionError !== undefined)
    throw new AwsError("unavailable", action, `${stack}-${work} failed: ${said.slice(0, 300)}`);
  return JSON.parse(said) as Json;
}
