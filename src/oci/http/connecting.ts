/** Until a request has a connection that is open: what waits for it, and for how long. */

import type * as Http from "node:http";
import type { Socket } from "node:net";
import type { Timer } from "../../runtime/clock.ts";

/** Runs something as soon as a request has a connection that is open. */
export function whenOpen(outgoing: Http.ClientRequest, run: () => void): void {
  outgoing.once("socket", (socket: TlsOrPlain) => {
    if (isOpening(socket)) socket.once(socket.encrypted === true ? "secureConnect" : "connect", run);
    else run();
  });
}

type TlsOrPlain = Socket & { readonly secureConnecting?: boolean; readonly encrypted?: boolean };

function isOpening({ connecting, secureConnecting }: TlsOrPlain): boolean {
  return connecting || secureConnecting === true;
}

/** A handshake of TLS that comes a byte at a time keeps the idle time-out from firing: it has the time as a whole. */
export function watchConnecting(
  outgoing: Http.ClientRequest,
  timer: Timer,
  idleMs: number,
  end: (reason: unknown) => void,
): void {
  outgoing.once("socket", (socket: TlsOrPlain) => {
    if (!isOpening(socket)) return;
    const callOff = timer.after(idleMs, () => {
      if (isOpening(socket)) end(new Error(`no connection was open after ${idleMs / 1000} s`));
    });
    outgoing.once("response", callOff);
    outgoing.once("close", callOff);
  });
}
