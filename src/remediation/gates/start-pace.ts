/**
 * When an execution may begin, where hundreds of services fail in one minute.
 *
 * RegisterTaskDefinition allows 20 calls at once and then one a second for the whole account
 * (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html, read 2026-11). Executions that all survey at
 * once spend the rate of the reads on refusals, and end no sooner. So each takes a place in a minute, counted where the
 * quotas are, and waits for it durably; one alone finds a place now.
 */

import { createHash } from "node:crypto";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";

const MINUTE_MS = 60_000;
/** Together the sixty that a minute has room for. */
const AT_ONCE_MAX = 15;
const LATER_MAX = 45;
/** A crowd that is larger spreads over as long again. */
const MINUTES_MAX = 30;

/** Seconds that this execution waits; 0 where places cannot be counted: then each call's own retries remain. */
export async function secondsUntilTurn(
  execution: string,
  { quotaStore, clock }: Pick<Ports, "quotaStore" | "clock">,
): Promise<number> {
  const now = clock.now();
  const thisMinute = Math.floor(now / MINUTE_MS);
  const takes = async (name: string, minute: number, max: number): Promise<boolean> => {
    const at = new Date(minute * MINUTE_MS).toISOString().slice(0, 16);
    const period = { name: `${name} ${at}`, endsAt: (minute + 1) * MINUTE_MS };
    const answer = await quotaStore.acquire({ period, requester: execution, amount: 1, max });
    return answer.kind === "granted";
  };
  const moment = momentOf(execution);
  try {
    if (await takes("startsAtOnce", thisMinute, AT_ONCE_MAX)) return 0;
    for (let minute = thisMinute + 1; minute <= thisMinute + MINUTES_MAX; minute += 1)
      if (await takes("starts", minute, LATER_MAX))
        return Math.ceil((minute * MINUTE_MS - now) / 1000 + moment * 60);
  } catch (error) {
    if (error instanceof AwsError) return 0;
    throw error;
  }
  return Math.ceil((1 + moment) * MINUTES_MAX * 60);
}

/** Of the execution's own, evenly spread: at least 0, less than 1. */
function momentOf(execution: string): number {
  const [one = 0, two = 0] = createHash("sha256").update(execution).digest();
  return (one * 256 + two) / 65_536;
}
