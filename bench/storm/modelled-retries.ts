/**
 * The SDK's own retries of a throttled call, in modelled time.
 *
 * As @smithy/core's standard strategy has them: pauses that double from half a second for a throttled call, each a random
 * part of its length, of 20 seconds at most (https://github.com/smithy-lang/smithy-typescript, util-retry, read 2026-11).
 */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ATTEMPTS_MAX, type AwsSettings } from "../../src/aws/client/client-config.ts";
import type { Random } from "../../src/sandbox/random.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";

const BASE_MS = 500;
const PAUSE_MS_MAX = 20_000;
const THROTTLED = /Throttling/;

type Answered = {
  readonly response: { body: Readable; readonly headers: Readonly<Record<string, string>> };
};

/** Settings of clients that send once, and are retried by this clock. */
export function modelledRetries(
  clock: VirtualClock,
  random: Random,
): Pick<AwsSettings, "attemptsMax" | "watch"> {
  return {
    attemptsMax: 1,
    watch: async (_request, send) => {
      for (let attempt = 1; ; attempt += 1) {
        // No time passes in the world before the whole answer is here.
        const answer = await clock.outside(async () => {
          const sent = await send(undefined);
          const { response } = sent as Answered;
          response.body = Readable.from([await buffer(response.body)]);
          return sent;
        });
        const { headers } = (answer as Answered).response;
        const isThrottled = THROTTLED.test(headers["x-amzn-errortype"] ?? "");
        if (!isThrottled || attempt === ATTEMPTS_MAX) return answer;
        const pause = Math.min(PAUSE_MS_MAX, BASE_MS * 2 ** (attempt - 1));
        await clock.sleep(Math.ceil(random.next() * pause));
      }
    },
  };
}
