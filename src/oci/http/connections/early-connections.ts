/**
 * Connections that are opened before there is a request: their round trips pass while the program loads and asks elsewhere.
 *
 * The first request to a place gets the one for it, open or not; each further request opens its own. One that has failed before it
 * was asked for is forgotten: the request connects by itself, and meets the failure again.
 */

import { connect, type LookupFunction, type Socket } from "node:net";

/** Where to, and how the name is resolved. */
export type EarlyPlace = {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
};

type Early = {
  /** TLS has begun, where the place has any: what is written waits for its handshake. */
  readonly ready: Promise<Socket>;
  /** The connection as far as it is. */
  socket: Socket;
};

export class EarlyConnections {
  readonly #idleMs: number;
  readonly #open = new Map<string, Early>();

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Connects, unless it has. @param secure begins TLS, as soon as there is a connection for it */
  open(place: EarlyPlace, secure: (socket: Socket) => Socket = (socket) => socket): void {
    const key = keyOf(place);
    if (this.#open.get(key)?.socket.destroyed === false) return;
    const socket = connect({ ...place, noDelay: true });
    const { promise: ready, resolve, reject } = Promise.withResolvers<Socket>();
    const early: Early = { ready, socket };
    endWhenIdle(socket, this.#idleMs);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed before it was open")));
    socket.once("connect", () => {
      try {
        const opened = secure(socket);
        if (opened !== socket) {
          // By now its bytes are counted there.
          socket.setTimeout(0);
          endWhenIdle(opened, this.#idleMs);
        }
        early.socket = opened;
        resolve(opened);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    // Who takes it hears of its failure, and else there is none to hear.
    ready.catch(() => {});
    this.#open.set(key, early);
  }

  /** The connection to a place, which is the caller's from now on; undefined where there is none, or no longer. */
  take(place: Omit<EarlyPlace, "lookup">): Promise<Socket> | undefined {
    const key = keyOf(place);
    const early = this.#open.get(key);
    this.#open.delete(key);
    if (early === undefined || early.socket.destroyed) return undefined;
    return early.ready.then((socket) => {
      socket.removeAllListeners("timeout");
      return socket;
    });
  }

  /** Ends those that were not asked for. */
  close(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
    this.#open.clear();
  }
}

/** The time-out stays with the socket; what it means is its next user's to say. */
function endWhenIdle(socket: Socket, idleMs: number): void {
  socket.setTimeout(idleMs);
  socket.once("timeout", () => socket.destroy(new Error(`nothing came for ${idleMs / 1000} s`)));
  // An error of a connection that has no request yet must not end the process.
  socket.on("error", () => {});
}

function keyOf({ host, port }: Omit<EarlyPlace, "lookup">): string {
  return `${host} ${port}`;
}
