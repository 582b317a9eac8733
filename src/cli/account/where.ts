/** Which account is asked, in words: what every command says before it does anything there. */

import type { AwsSettings } from "../../aws/client/client-config.ts";

/** `account 123456789012, region eu-west-1`, and the endpoint where it is not AWS's own. */
export function whereOf(
  account: string,
  { region, endpoint }: Pick<AwsSettings, "region" | "endpoint">,
): string {
  return `account ${account}, region ${region}${endpoint === undefined ? "" : `, at ${endpoint}`}`;
}
