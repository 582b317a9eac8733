/**
 * Ends a body whose peer only pretends to send it: endless chunk sizes and dripped trailers move no byte of a body, and keep
 * every idle time-out from firing.
 *
 * A timer asks for the pace, not the bytes. While bytes lie here unread, the peer owes nothing.
 */

import type { Readable } from "node:stream";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { ThroughputWatch } from "./minimum-throughput.ts";

/** Watches a body until it closes. Its reader has to resume it: a listener for data alone no longer starts it. */
export function watchThroughput(
  body: Readable,
  { clock, timer, everyMs }: { readonly clock: Clock; readonly timer: Timer; readonly everyMs: number },
): void {
  const pace = new ThroughputWatch(clock);
  let bytes = 0;
  body.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
  });
  // The listener has set it flowing; who reads it decides when.
  body.pause();
  let callOff = (): void => {};
  const ask = (): void => {
    const isFast = pace.moved(bytes);
    bytes = 0;
    if (!isFast) {
      body.destroy(new Error("the answer's body comes too slowly to end"));
      return;
    }
    if (body.readableLength > 0) pace.stop();
    else pace.start();
    callOff = timer.after(everyMs, ask);
  };
  callOff = timer.after(everyMs, ask);
  body.once("close", () => callOff());
}
