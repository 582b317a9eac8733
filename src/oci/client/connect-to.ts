/** Connects to registries before they are asked: the round trips of a connection pass while the program still loads. */

import type { ImageReference } from "../../image/reference.ts";
import { afterThisRound } from "../../runtime/event-loop.ts";
import type { HttpTransport } from "../http/http-transport.ts";
import { addressOf, type Endpoints } from "../http/registry-address.ts";

/** Sends no request. Answers when the connections have begun: what is loaded next may keep the event loop for ten milliseconds. */
export async function connectTo(
  places: readonly Pick<ImageReference, "host">[],
  endpoints: Endpoints,
  { connect }: Pick<HttpTransport, "connect">,
): Promise<void> {
  for (const { host } of places) {
    const { base, reachOf } = addressOf(host, endpoints);
    connect({ url: base, reach: reachOf(base) });
  }
  await new Promise<void>((resolve) => void afterThisRound(resolve));
}
