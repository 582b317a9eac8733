/** A read that AWS turned away or did not answer, asked again by itself. */

import type { Clock } from "../../runtime/clock.ts";
import { AwsError } from "./aws-error.ts";

/** Before the second and the third try. */
const PAUSES_MS = [1000, 3000];

/**
 * Begun anew for one read, a step would ask all its others again, and in a storm that is what keeps AWS busy.
 *
 * @param ended the caller no longer waits for it
 */
export async function readAgain<T>(ask: () => Promise<T>, clock: Clock, ended?: AbortSignal): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AwsError) || !(error.kind === "throttled" || error.kind === "unavailable"))
        throw error;
    }
    await clock.sleep(pause, ended);
  }
  return await ask();
}
