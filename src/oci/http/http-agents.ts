/** Node's own HTTP clients to places of one kind, each with the connections that it keeps; opened when it is needed. */

import type * as Http from "node:http";
import type * as Https from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { guardedLookup, hostWithoutBrackets, type Reach, type Resolve } from "./address-guard.ts";
import { EarlyConnections } from "./connections/early-connections.ts";
import { connectSecurely, type TlsSessions } from "./tls-sessions.ts";

export type HttpAgentsOptions = {
  readonly idleMs: number;
  readonly socketsPerHostMax: number;
  readonly tls: TlsSessions;
  readonly proxyEnv?: ProxyEnv | undefined;
  readonly resolve?: Resolve | undefined;
};

export type ProxyEnv = Readonly<Record<string, string | undefined>>;

type HttpAgent = { readonly request: typeof Http.request; readonly agent: Http.Agent };

/**
 * What a connection is for. `fresh`: a new one for each request, where a kept one may be stale. `bulk`: long bodies by a
 * proxy, in parallel with the uploads that they feed: with one pool for both, each could wait for the other.
 */
export type ConnectionUse = "kept" | "fresh" | "bulk";

export class HttpAgents {
  readonly #options: HttpAgentsOptions;
  readonly #reach: Reach;
  readonly #open = new Map<string, HttpAgent>();
  readonly #early: EarlyConnections;

  constructor(options: HttpAgentsOptions, reach: Reach) {
    this.#options = options;
    this.#reach = reach;
    this.#early = new EarlyConnections(options.idleMs);
  }

  /** Connects for the first request to a place, which is reached without a proxy. What fails here, that request meets again. */
  connect(url: URL): void {
    const isSecure = url.protocol === "https:";
    const place = { host: hostWithoutBrackets(url), port: Number(url.port) || (isSecure ? 443 : 80) };
    const { tls } = this.#options;
    const begin = (socket: Socket): Socket =>
      connectSecurely(tls, { ...place, reach: this.#reach }, { socket });
    this.#early.open({ ...place, lookup: this.#lookup() }, isSecure ? begin : undefined);
  }

  /** The client for a URL's scheme. */
  for({ protocol }: URL, use: ConnectionUse = "kept"): HttpAgent {
    const key = `${use} ${protocol}`;
    const client = this.#open.get(key) ?? (protocol === "https:" ? this.#secure(use) : this.#plain(use));
    this.#open.set(key, client);
    return client;
  }

  close(): void {
    for (const { agent } of this.#open.values()) agent.destroy();
    this.#early.close();
  }

  #plain(use: ConnectionUse): HttpAgent {
    // Not by import: that reads each export of node:http, and with them all of undici. Measured 2026-11 on Node 24.21:
    // 25 ms, more than half of what a copy that has nothing to do takes.
    const { Agent, request } = process.getBuiltinModule("node:http");
    const agent = new Agent(this.#settings(use));
    if (use === "kept") useEarly(agent, this.#early);
    return { request, agent };
  }

  /** TLS is loaded here, and not before: 10 ms of CPU. */
  #secure(use: ConnectionUse): HttpAgent {
    const https = process.getBuiltinModule("node:https");
    const { tls, proxyEnv } = this.#options;
    const agent = new https.Agent({ ...this.#settings(use), secureContext: tls.context });
    // Through a proxy, the socket is the proxy's at first: Node's own store of sessions knows which of them is whose.
    if (proxiesOf(proxyEnv).length === 0) resumeSessions(agent, tls, this.#reach);
    if (use === "kept") useEarly(agent, this.#early);
    return { request: https.request, agent };
  }

  #settings(use: ConnectionUse): Http.AgentOptions {
    const { idleMs, socketsPerHostMax, proxyEnv } = this.#options;
    return {
      keepAlive: use !== "fresh",
      maxSockets: socketsPerHostMax,
      // On the agent, so that it covers the time until a connection is open, too.
      timeout: idleMs,
      // The connection used last is the least likely to have been closed by its peer.
      scheduling: "lifo",
      lookup: this.#lookup(),
      ...(proxyEnv === undefined ? {} : { proxyEnv }),
    };
  }

  #lookup(): LookupFunction {
    const { proxyEnv, resolve } = this.#options;
    return guardedLookup(this.#reach, new Set(proxiesOf(proxyEnv).map(hostOf)), resolve);
  }
}

/** Lets an agent's first request to a place go over the connection that was opened for it. */
function useEarly(agent: Http.Agent, early: EarlyConnections): void {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const taken = early.take({ host: options.host ?? "", port: Number(options.port) });
    if (taken === undefined || callback === undefined) return create(options, callback);
    taken.then(
      (socket) => callback(null, socket),
      // Of a failure the agent wants no socket, whatever its types say.
      (error) => callback(error, undefined as never),
    );
    return undefined;
  };
}

/** Lets an agent share the sessions of all other connections. */
function resumeSessions(agent: Https.Agent, tls: TlsSessions, reach: Reach): void {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const place = { reach, host: options.servername || (options.host ?? ""), port: Number(options.port) };
    const socket = create({ ...options, ...tls.offer(place) }, callback);
    if (socket != null) tls.watch(place, socket as Socket);
    return socket;
  };
}

/** The proxies of an environment, as Node reads it. */
export function proxiesOf(env: ProxyEnv = {}): readonly string[] {
  const settings = [env.HTTPS_PROXY, env.https_proxy, env.HTTP_PROXY, env.http_proxy];
  return settings.flatMap((setting) => setting || []);
}

function hostOf(proxy: string): string {
  return URL.parse(proxy)?.hostname ?? "";
}
