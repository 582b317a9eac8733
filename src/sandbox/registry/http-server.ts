/**
 * Serves a sandbox registry on loopback, for clients that are not ours: skopeo, crane, regctl, docker.
 *
 * A registry answers for several hosts, a server has one. Addresses that lead to another of the registry's
 * hosts are rewritten to a path of this server, and those of its blobs to `localhost` instead of 127.0.0.1:
 * to a client that is another host, which must not get its credentials, as in the world.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { RegistryRequest, RegistryResponse } from "../../oci/http/transport.ts";
import type { SandboxRegistry } from "./registry.ts";

export type ServedRegistry = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `127.0.0.1:<port>`: the part before the path in an image's name. */
  readonly host: string;
  /** Ends the server and every connection to it. */
  close(): Promise<void>;
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/**
 * Serves the registry on 127.0.0.1.
 * @param options `port`: 0 or absent for any free one; `address`: where all clients count as calling from
 */
export async function serveRegistry(
  registry: SandboxRegistry,
  options: { readonly port?: number; readonly address?: string } = {},
): Promise<ServedRegistry> {
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = METHODS.find((one) => one === incoming.method);
    if (method === undefined) {
      outgoing.writeHead(405).end();
      return;
    }
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    const request: RegistryRequest = {
      method,
      url: worldUrl(incoming.url ?? "/", registry),
      headers: joined(incoming.headers),
      body: incoming,
      signal: gone.signal,
    };
    const answer = await registry.handle(
      request,
      options.address ?? incoming.socket.remoteAddress ?? "127.0.0.1",
    );
    outgoing.writeHead(answer.status, servedHeaders(answer, registry, port));
    await pipeline(answer.body, outgoing);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** `/-/<host>/<path>` leads to another of the registry's hosts, all else to the registry itself. */
function worldUrl(target: string, registry: SandboxRegistry): URL {
  const { host = "", rest = "" } = /^\/-\/(?<host>[^/]+)(?<rest>\/.*)$/.exec(target)?.groups ?? {};
  const other = URL.canParse(`https://${host}${rest}`) ? new URL(`https://${host}${rest}`) : undefined;
  return other !== undefined && registry.answersAt(other)
    ? other
    : new URL(`https://${registry.host}${target}`);
}

function servedHeaders(
  { headers }: RegistryResponse,
  registry: SandboxRegistry,
  port: number,
): Record<string, string> {
  const served: Record<string, string> = { ...headers };
  for (const name of ["location", "www-authenticate"] as const) {
    const value = headers[name];
    if (value === undefined) continue;
    served[name] = value.replaceAll(/https:\/\/(?<host>[^/"]+)\//g, (_, host: string) =>
      servedBase(host, registry, port),
    );
  }
  return served;
}

function servedBase(host: string, registry: SandboxRegistry, port: number): string {
  if (host === registry.host) return `http://127.0.0.1:${port}/`;
  return `http://${host === registry.behaviour.blobsRedirectTo ? "localhost" : "127.0.0.1"}:${port}/-/${host}/`;
}

function joined(headers: IncomingMessage["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
