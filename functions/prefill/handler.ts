/**
 * Entry point of `prefill`: an event of a new deployment or revision in, a copy of each image that a limit would make
 * Repull copy. What fails comes again by the queue, and is put aside after that.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSEvent } from "aws-lambda";
import { isToBeLookedAtAgain, type PrefillResult, prefill } from "../../src/prevention/prefill/prefill.ts";
import { prefillPorts } from "../prefill-ports.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, settingsFrom } from "../settings.ts";

makeStacksReadable();
const settings = settingsFrom(process.env);
const log = new Logger({ serviceName: "repull-prefill" });
let ports: ReturnType<typeof prefillPorts> | undefined;

/** Lambda's entry. */
export async function handler(
  { Records }: Pick<SQSEvent, "Records">,
  context: Context,
): Promise<readonly PrefillResult[]> {
  ports ??= prefillPorts(settings, accountOf(context.invokedFunctionArn));
  const policy = await readEffectivePolicy(settings);
  const results: PrefillResult[] = [];
  for (const { body, messageId } of Records) {
    const result = await prefill(parsed(body), policy, settings.clusterPattern, ports(policy));
    log.info(`event ${result.kind}`, { messageId, ...result });
    results.push(result);
  }
  if (results.some(isToBeLookedAtAgain)) throw new LookAgain("an image waits, or could not be asked about");
  return results;
}

/** The message stays in the queue, which brings it again. */
class LookAgain extends Error {
  override readonly name = "LookAgain";
}

/** What is not JSON is refused by the one who reads it, without a word of it: V8 quotes the text in its message. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
