/**
 * HTTP to one API server: as a kubeconfig says where it is, which authority to trust, and who we are.
 *
 * The kubeconfig's reader knows logins of every kind (certificates, token files that rotate, programs of clouds). Its own
 * transport has neither time limits nor bounds, so requests are made here.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent, type RequestOptions, request as requestHttps } from "node:https";
import { ClusterError } from "../cluster-error.ts";

/** Address and login, looked up anew for each request: tokens and certificates rotate. */
export type Login = {
  readonly server: string;
  /** Completes the options of a request with the authority, the client's certificate and headers. */
  complete(options: RequestOptions): Promise<void>;
  /** Its requests go by the agent that `complete` sets. */
  readonly hasProxy: boolean;
};

export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the server's address on. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
};

export type Connection = {
  /** Sends one request, and answers once the headers are there. Rejects with a ClusterError, or the signal's reason. */
  send(call: Call, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
};

const KEEP_ALIVE_MS = 30_000;

export function createConnection(login: Login, userAgent: string): Connection {
  const base = new URL(login.server);
  const isPlain = base.protocol === "http:";
  // Each of the requests under way, and each watch, has a connection of its own; between requests a few stay open.
  const settings = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxFreeSockets: 4 };
  const agent = isPlain ? new HttpAgent(settings) : new Agent(settings);

  async function optionsOf({ method, path, contentType, body }: Call, signal: AbortSignal) {
    const options: RequestOptions = { headers: {} };
    try {
      await login.complete(options);
    } catch (error) {
      throw new ClusterError(0, "Unauthorized", `no login for ${base.origin}: ${wordsOf(error)}`, {
        cause: error,
      });
    }
    if (!login.hasProxy) options.agent = agent;
    return {
      ...options,
      method,
      protocol: base.protocol,
      host: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port === "" ? undefined : base.port,
      path: `${base.pathname.replace(/\/$/, "")}${path}`,
      signal,
      headers: {
        ...options.headers,
        Accept: "application/json",
        "User-Agent": userAgent,
        ...(contentType === undefined ? {} : { "Content-Type": contentType }),
        ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }),
      },
    } satisfies RequestOptions;
  }

  async function send(call: Call, signal: AbortSignal, isAgain = false): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const options = await optionsOf(call, signal);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = (isPlain ? requestHttp : requestHttps)(options, resolve);
    sent.on("error", reject);
    sent.end(call.body);
    try {
      return await promise;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // The server closed a connection that was idle, just as a request took it. A read may be sent once more.
      if (sent.reusedSocket && call.method === "GET" && !isAgain) return await send(call, signal, true);
      throw new ClusterError(0, "Unreachable", `${base.origin} cannot be reached: ${wordsOf(error)}`, {
        cause: error,
      });
    }
  }

  return { send: (call, signal) => send(call, signal), close: () => agent.destroy() };
}

/** An error for several addresses has no words of its own, but each of its errors has. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(", ");
  return error instanceof Error ? error.message.trim() || error.name : String(error);
}
