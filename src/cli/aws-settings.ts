/** AWS's own environment variables, as every AWS tool reads them; credentials are left to the SDK's chain. */

import type { AwsSettings } from "../aws/client-settings.ts";
import { InvalidInput } from "../image/invalid-input.ts";

/** Region and endpoint of the environment. Throws InvalidInput where no region is set. */
export function awsSettingsFrom(env: Readonly<Record<string, string | undefined>>): AwsSettings {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  if (region === undefined || region === "")
    throw new InvalidInput("AWS_REGION", "a region, such as us-east-1");
  const endpoint = env.AWS_ENDPOINT_URL;
  return { region, ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }) };
}
