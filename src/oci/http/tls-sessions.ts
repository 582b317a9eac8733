/**
 * What TLS remembers between connections: which authorities are trusted, read once, and a session for each place.
 *
 * To build a context reads every root certificate; a session spares the next connection the peer's certificates, and before
 * TLS 1.3 a round trip as well. A peer that refuses it makes a whole handshake (RFC 8446, section 2.2).
 */

import { isIP, type Socket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { Reach } from "./address-guard.ts";

/** A copy asks two or three places, and a hostile redirect cannot fill memory. */
const SESSIONS_MAX = 32;

export type TlsPlace = { readonly reach: Reach; readonly host: string; readonly port: number };

/** One for each set of trusted authorities: a session says that its peer's name was checked against them. */
export class TlsSessions {
  readonly #ca: readonly string[] | undefined;
  readonly #sessions = new Map<string, Buffer>();
  #context: SecureContext | undefined;

  /** @param ca authorities to trust instead of the system's */
  constructor(ca: readonly string[] | undefined) {
    this.#ca = ca;
  }

  /** For every connection. Loads TLS, which plain ones do not need. */
  get context(): SecureContext {
    const ca = this.#ca === undefined ? {} : { ca: [...this.#ca] };
    this.#context ??= process.getBuiltinModule("node:tls").createSecureContext(ca);
    return this.#context;
  }

  /** What the next connection to a place offers. */
  offer(place: TlsPlace): { readonly session?: Buffer } {
    const session = this.#sessions.get(keyOf(place));
    return session === undefined ? {} : { session };
  }

  /** Keeps the latest session of a connection. Its name is checked by then. */
  watch(place: TlsPlace, socket: Socket): void {
    const key = keyOf(place);
    socket.on("session", (session: Buffer) => this.#keep(key, session));
    // One that may have been refused is not offered again.
    socket.on("error", () => this.#sessions.delete(key));
  }

  #keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size >= SESSIONS_MAX) this.#sessions.delete(oldest);
    this.#sessions.set(key, session);
  }
}

/** Begins TLS with a place for HTTP/1.1, over a connection that there is or one that it opens. */
export function connectSecurely(
  tls: TlsSessions,
  place: TlsPlace,
  options: Omit<ConnectionOptions, "host" | "port">,
): TLSSocket {
  const { host, port } = place;
  // Loaded where it is needed, as in http-agents.ts.
  const socket = process.getBuiltinModule("node:tls").connect({
    ...options,
    ...tls.offer(place),
    host,
    port,
    secureContext: tls.context,
    // An address is not a server name, and its certificate is checked against it all the same.
    servername: isIP(host) === 0 ? host : "",
    ALPNProtocols: ["http/1.1"],
  });
  tls.watch(place, socket);
  return socket;
}

/** A place that was reached by one right is not the same by another: its name may lead elsewhere. */
function keyOf({ reach, host, port }: TlsPlace): string {
  return `${reach} ${host} ${port}`;
}
