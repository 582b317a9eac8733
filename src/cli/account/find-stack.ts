/** The one stack that a command goes by where none was named: the region's only one. */

import type { AwsSettings } from "../../aws/client/client-config.ts";
import { listStacks } from "../../aws/stack/list-stacks.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { RefusedCommand } from "../refused-command.ts";

/** As `infra/samconfig.toml` calls it. */
export const STACK_DEFAULT = "repull";

/** Undefined where there is none. Throws InvalidInput that lists them where there are several, Refused where they cannot be listed. */
export async function findStack(aws: AwsSettings): Promise<string | undefined> {
  const names = await listed(aws);
  if (names.length > 1)
    throw new InvalidInput(
      "--stack",
      `the name of one stack, because ${aws.region} has ${names.length}: ${names.join(", ")}; nothing was written`,
    );
  return names[0];
}

async function listed(aws: AwsSettings): Promise<readonly string[]> {
  try {
    return await listStacks(aws);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RefusedCommand(
      "stack-unreadable",
      `the stacks in ${aws.region} cannot be listed, so neither a policy nor a kill switch is known: ${error.message}; nothing was written; --no-stack uses none`,
      { cause: error },
    );
  }
}
