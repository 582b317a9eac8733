/**
 * A registry that answers as ECR does: a blob's GET leads to a signed address at another origin, as S3's are, which
 * refuses a request that shows the registry's login there.
 *
 * Reads one OCI layout, over TLS. A process of its own: `redirecting-registry.ts CERTIFICATE KEY LAYOUT` prints the ports of the
 * registry and of the store. For each line of its input it prints the requests that the registry has answered; the line
 * `store PORT` says which port redirects name from then on.
 */

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** `AWS:<password>`, as ECR's logins are. */
export const LOGIN = Buffer.from("AWS:a-password-of-twelve-hours").toString("base64");

type Listed = { readonly mediaType: string; readonly digest: string };
type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

if (import.meta.main) await run(process.argv.slice(2));

async function run([certificate = "", key = "", layout = ""]: readonly string[]): Promise<void> {
  const tls = { cert: await readFile(certificate), key: await readFile(key) };
  const types = await mediaTypes(layout);
  const sign = (path: string): string => createHmac("sha256", LOGIN).update(path).digest("hex");
  let requests = 0;
  let storeAddress = "";

  const store: Handler = async (request, response) => {
    const url = new URL(request.url ?? "", storeAddress);
    // "Only one auth mechanism allowed": S3's own words.
    if (request.headers.authorization !== undefined) return void response.writeHead(400).end();
    if (url.searchParams.get("X-Amz-Signature") !== sign(url.pathname))
      return void response.writeHead(403).end();
    await sendFile(response, join(layout, "blobs", "sha256", url.pathname.slice(1)));
  };
  const registry: Handler = async (request, response) => {
    requests += 1;
    if (request.headers.authorization !== `Basic ${LOGIN}`) {
      const challenge = 'Basic realm="https://ecr.example/",service="ecr.amazonaws.com"';
      return void response.writeHead(401, { "www-authenticate": challenge, "content-length": 0 }).end();
    }
    const [, kind, name = ""] = /\/(manifests|blobs)\/([\w.:-]+)$/.exec(request.url ?? "") ?? [];
    if (kind === undefined) return void response.writeHead(200, { "content-length": 2 }).end("{}");
    const digest = name.startsWith("sha256:") ? name : (types.root ?? "");
    const hex = digest.slice("sha256:".length);
    if (kind === "blobs" && request.method === "GET") {
      const location = `${storeAddress}/${hex}?X-Amz-Expires=3600&X-Amz-Signature=${sign(`/${hex}`)}`;
      return void response.writeHead(307, { location, "content-length": 0 }).end();
    }
    const type = kind === "blobs" ? "application/octet-stream" : (types.of.get(digest) ?? "");
    response.setHeader("docker-content-digest", digest).setHeader("content-type", type);
    await sendFile(response, join(layout, "blobs", "sha256", hex), request.method === "HEAD");
  };

  // Another name than the registry has: to clients in Go, another port alone is the same place.
  const storePort = await listen(tls, store);
  storeAddress = `https://localhost:${storePort}`;
  process.stdout.write(`${await listen(tls, registry)} ${storePort}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    // The far end of a wire that redirects lead through.
    if (line.startsWith("store ")) storeAddress = `https://localhost:${line.slice(6)}`;
    process.stdout.write(`${requests}\n`);
  }
  process.exit();
}

/** The media type of each manifest, and the root's digest. */
async function mediaTypes(layout: string): Promise<{ of: ReadonlyMap<string, string>; root?: string }> {
  const read = async (path: string): Promise<{ manifests?: readonly Listed[] }> =>
    JSON.parse(await readFile(join(layout, path), "utf8"));
  const [root] = (await read("index.json")).manifests ?? [];
  if (root === undefined) return { of: new Map() };
  const index = await read(`blobs/${root.digest.replace(":", "/")}`);
  const all = [root, ...(index.manifests ?? [])].map(({ digest, mediaType }) => [digest, mediaType] as const);
  return { of: new Map(all), root: root.digest };
}

async function sendFile(response: ServerResponse, path: string, isHead = false): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return void response.writeHead(404, { "content-length": 0 }).end();
  response.setHeader("content-length", found.size);
  if (isHead) return void response.end();
  createReadStream(path, { highWaterMark: 1 << 20 })
    .once("error", () => response.destroy())
    .pipe(response);
}

async function listen(tls: https.ServerOptions, handle: Handler): Promise<number> {
  const server = https.createServer(
    { ...tls, noDelay: true },
    (request, response) => void handle(request, response),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
