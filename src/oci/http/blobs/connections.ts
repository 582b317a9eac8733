/** Connections for long bodies, each kept for the next one to the same place by the same right. */

import { connect, type OnReadOpts, type Socket } from "node:net";
import type { Clock } from "../../../runtime/clock.ts";
import { guardedLookup, hostWithoutBrackets, type Reach, type Resolve } from "../address-guard.ts";
import { connectSecurely, type TlsSessions } from "../tls-sessions.ts";
import type { RegistryRequest, RegistryResponse } from "../transport.ts";
import { BlobConnection } from "./connection.ts";

export type BlobConnectionsOptions = {
  readonly idleMs: number;
  readonly clock: Pick<Clock, "now">;
  readonly tls: TlsSessions;
  readonly resolve?: Resolve | undefined;
};

/** As many as there are blobs in transfer at once: the caller sets the bound. */
export class BlobConnections {
  readonly #options: BlobConnectionsOptions;
  readonly #open = new Set<BlobConnection>();
  /** Free ones by what they may be used for, the one used last at the end: it is the least likely to be closed. */
  readonly #free = new Map<string, BlobConnection[]>();

  constructor(options: BlobConnectionsOptions) {
    this.#options = options;
  }

  /** A GET whose address has been judged, and whose name is judged where it is resolved. */
  async get(request: RegistryRequest): Promise<RegistryResponse> {
    const { url, reach = "public" } = request;
    // A connection that may go further is never lent to a request that may not.
    const key = `${reach} ${url.origin}`;
    const connection = this.#free.get(key)?.pop() ?? this.#connect(url, reach, key);
    return connection.get(request);
  }

  /** Opens connections for the next GETs to a place, until so many are free. What fails here, a GET meets again. */
  prepare({ url, reach = "public" }: Pick<RegistryRequest, "url" | "reach">, count: number): void {
    const key = `${reach} ${url.origin}`;
    for (let free = this.#free.get(key)?.length ?? 0; free < count; free++) {
      const connection = this.#connect(url, reach, key);
      connection.wait();
      this.#free.get(key)?.push(connection);
    }
  }

  close(): void {
    for (const connection of this.#open) connection.close();
  }

  #connect(url: URL, reach: Reach, key: string): BlobConnection {
    const { idleMs, clock, tls, resolve } = this.#options;
    const free = this.#free.get(key) ?? [];
    this.#free.set(key, free);
    const connection = new BlobConnection({
      idleMs,
      clock,
      dial: (onread) => dial(url, { reach, idleMs, tls, resolve, onread }),
      onFree: (it) => free.push(it),
      onClosed: (it) => {
        this.#open.delete(it);
        if (free.includes(it)) free.splice(free.indexOf(it), 1);
      },
    });
    this.#open.add(connection);
    return connection;
  }
}

function dial(
  url: URL,
  options: Pick<BlobConnectionsOptions, "idleMs" | "tls" | "resolve"> & { reach: Reach; onread: OnReadOpts },
): Socket {
  const { reach, idleMs, tls, resolve, onread } = options;
  const isSecure = url.protocol === "https:";
  const host = hostWithoutBrackets(url);
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const lookup = guardedLookup(reach, new Set(), resolve);
  const how = { lookup, timeout: idleMs, noDelay: true, onread };
  return isSecure ? connectSecurely(tls, { reach, host, port }, how) : connect({ ...how, host, port });
}
