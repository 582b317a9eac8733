/**
 * A registry of the test's own over real sockets: honest by itself, and as hostile as a test makes it.
 *
 * It keeps blobs, manifests and tags in memory, checks digests, and wants children before parents. `mischief`
 * sees each request first and may answer in the registry's place, or ruin what it would have said.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

export type Seen = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
};

/** Answers in the registry's place and returns true, or leaves the request to it. */
export type Mischief = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  registry: LoopbackRegistry,
) => boolean | Promise<boolean>;

type StoredManifest = { readonly bytes: Buffer; readonly mediaType: string };

export class LoopbackRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, StoredManifest>();
  /** `repository:tag` to digest. */
  readonly tags = new Map<string, string>();
  /** `repository@digest` of what each repository holds. */
  readonly links = new Set<string>();
  readonly seen: Seen[] = [];
  /** Connections that were opened, with a request or without. */
  connectionsOpened = 0;
  /** Paths of the uploads that were begun, and neither completed nor given up. */
  readonly openUploads = new Set<string>();
  mischief: Mischief = () => false;
  immutableTags = false;
  mounts = true;
  readonly #requests = new Set<http.IncomingMessage>();
  readonly #answers = new Set<http.ServerResponse>();
  readonly #server: http.Server;
  #uploads = 0;

  constructor() {
    this.#server = http.createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", () => {
      this.connectionsOpened += 1;
    });
  }

  static async start(): Promise<LoopbackRegistry> {
    const registry = new LoopbackRegistry();
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Sockets that clients still hold. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  /** Listens on the sockets themselves; what it returns has every byte that clients have sent since. */
  tap(): () => string {
    const pieces: Buffer[] = [];
    this.#server.on("connection", (socket) => socket.on("data", (piece: Buffer) => pieces.push(piece)));
    return () => Buffer.concat(pieces).toString("latin1");
  }

  /** Requests that have neither been answered to the end nor been given up by their client. */
  get underWay(): readonly string[] {
    return [...this.#answers].map(({ req }) => `${req.method} ${req.url}`);
  }

  /** Reads on where a mischief has stopped reading: an unread socket does not learn that its peer is gone. */
  wake(): void {
    for (const request of this.#requests) request.resume();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  addBlob(repository: string, bytes: Uint8Array): { digest: string; size: number } {
    const digest = sha256(bytes);
    this.blobs.set(digest, Buffer.from(bytes));
    this.links.add(`${repository}@${digest}`);
    return { digest, size: bytes.byteLength };
  }

  addManifest(
    repository: string,
    document: object | Uint8Array,
    mediaType: string,
    tag?: string,
  ): { mediaType: string; digest: string; size: number } {
    const bytes =
      document instanceof Uint8Array ? Buffer.from(document) : Buffer.from(JSON.stringify(document));
    const digest = sha256(bytes);
    this.manifests.set(digest, { bytes, mediaType });
    this.links.add(`${repository}@${digest}`);
    if (tag !== undefined) this.tags.set(`${repository}:${tag}`, digest);
    return { mediaType, digest, size: bytes.byteLength };
  }

  /** Everything that has a name here: for asking that nothing wrong got one. */
  names(repository: string): readonly string[] {
    const tags = [...this.tags.keys()].filter((name) => name.startsWith(`${repository}:`));
    const links = [...this.links].filter((name) => name.startsWith(`${repository}@`));
    return [...tags, ...links].map((name) => name.slice(repository.length)).sort();
  }

  count(method: string, pattern: RegExp): number {
    return this.seen.filter((one) => one.method === method && pattern.test(one.path)).length;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    this.#requests.add(request);
    request.once("close", () => this.#requests.delete(request));
    this.#answers.add(response);
    response.once("close", () => this.#answers.delete(response));
    this.seen.push({ method: request.method ?? "", path, headers: request.headers });
    if (await this.mischief(request, response, this)) return;
    await this.honest(request, response);
  }

  /** What a registry without mischief answers. */
  async honest(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const upload = /^\/v2\/(?<repository>.+)\/blobs\/uploads\/(?<id>[^/]*)$/.exec(url.pathname)?.groups;
    const thing = /^\/v2\/(?<repository>.+)\/(?<kind>blobs|manifests)\/(?<name>[^/]+)$/.exec(
      url.pathname,
    )?.groups;
    if (upload?.repository !== undefined) return this.#upload(request, response, url, upload.repository);
    if (thing?.repository === undefined || thing.name === undefined)
      return refuse(response, 404, "UNSUPPORTED");
    const { repository, name } = thing;
    if (request.method === "PUT") return this.#putManifest(request, response, repository, name);
    if (thing.kind === "blobs") return this.#sendBlob(request, response, repository, name);
    return this.#sendManifest(request, response, repository, name);
  }

  #sendBlob(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    repository: string,
    digest: string,
  ): void {
    const bytes = this.links.has(`${repository}@${digest}`) ? this.blobs.get(digest) : undefined;
    if (bytes === undefined) {
      refuse(response, 404, "BLOB_UNKNOWN");
      return;
    }
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range =
      offset > 0 ? { "content-range": `bytes ${offset}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(offset > 0 ? 206 : 200, {
      "content-length": bytes.length - offset,
      "docker-content-digest": digest,
      ...range,
    });
    response.end(request.method === "HEAD" ? undefined : bytes.subarray(offset));
  }

  #sendManifest(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    repository: string,
    name: string,
  ): void {
    const digest = this.tags.get(`${repository}:${name}`) ?? name;
    const manifest = this.links.has(`${repository}@${digest}`) ? this.manifests.get(digest) : undefined;
    if (manifest === undefined) {
      refuse(response, 404, "MANIFEST_UNKNOWN");
      return;
    }
    response.writeHead(200, {
      "content-type": manifest.mediaType,
      "content-length": manifest.bytes.length,
      "docker-content-digest": digest,
    });
    response.end(request.method === "HEAD" ? undefined : manifest.bytes);
  }

  async #upload(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    url: URL,
    repository: string,
  ): Promise<void> {
    if (request.method === "DELETE") {
      this.openUploads.delete(url.pathname);
      return void response.writeHead(204).end();
    }
    if (request.method === "POST") {
      const mount = url.searchParams.get("mount");
      if (mount !== null && this.mounts && this.links.has(`${url.searchParams.get("from")}@${mount}`)) {
        this.links.add(`${repository}@${mount}`);
        return void response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` }).end();
      }
      this.#uploads += 1;
      const path = `/v2/${repository}/blobs/uploads/${this.#uploads}`;
      this.openUploads.add(path);
      const location = `${path}?state=abc`;
      return void response.writeHead(202, { location, "content-length": 0 }).end();
    }
    if (request.method !== "PUT") return refuse(response, 405, "UNSUPPORTED");
    const bytes = await bodyOf(request);
    const digest = url.searchParams.get("digest") ?? "";
    if (sha256(bytes) !== digest) return refuse(response, 400, "DIGEST_INVALID");
    this.addBlob(repository, bytes);
    this.openUploads.delete(url.pathname);
    response.writeHead(201, { "docker-content-digest": digest, "content-length": 0 }).end();
  }

  async #putManifest(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    repository: string,
    name: string,
  ): Promise<void> {
    const bytes = await bodyOf(request);
    const digest = sha256(bytes);
    const { config, layers, manifests } = JSON.parse(bytes.toString()) as {
      config?: { digest: string };
      layers?: { digest: string; mediaType: string }[] | null;
      manifests?: { digest: string }[];
    };
    const carried = (layers ?? []).filter(({ mediaType }) => !/foreign|nondistributable/.test(mediaType));
    const needed = [...(config === undefined ? [] : [config]), ...carried, ...(manifests ?? [])];
    const lacking = needed.find((one) => !this.links.has(`${repository}@${one.digest}`));
    if (lacking !== undefined) return refuse(response, 400, "MANIFEST_BLOB_UNKNOWN");
    const isTag = !name.startsWith("sha256:");
    if (!isTag && name !== digest) return refuse(response, 400, "DIGEST_INVALID");
    if (isTag && this.immutableTags && this.tags.has(`${repository}:${name}`)) {
      return refuse(
        response,
        400,
        "TAG_INVALID",
        "The image tag cannot be overwritten because the tag is immutable.",
      );
    }
    this.addManifest(repository, bytes, request.headers["content-type"] ?? "", isTag ? name : undefined);
    response.writeHead(201, { "docker-content-digest": digest, "content-length": 0 }).end();
  }
}

/** A refusal in the specification's own form. */
export function refuse(
  response: http.ServerResponse,
  status: number,
  code: string,
  message = "refused by the test",
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
