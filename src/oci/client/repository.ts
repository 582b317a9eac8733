/**
 * One repository of one registry, opened to pull from or to push to: the distribution specification as methods.
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md. Absence is undefined, refusal is
 * RegistryError, and every manifest that comes out of here has been checked against its name.
 */

import type { Readable } from "node:stream";
import { type Digest, isDigest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Access } from "../auth/credentials.ts";
import { discard, readBody } from "../http/response-body.ts";
import type { RegistryResponse } from "../http/transport.ts";
import { redactForLog } from "./error-response.ts";
import { hashed, namesOther } from "./hashed.ts";
import { type Descriptor, MANIFEST_BYTES_MAX, parseManifest } from "./manifest.ts";
import { bareMediaType, MANIFEST_ACCEPT, OCI_INDEX } from "./media-types.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { RegistryClient, RegistryRequestSpec } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";
import { forTidying, heardOut, type RequestTimeLimit, withinRequestTime } from "./request-time-limit.ts";
import type { Manifest, ManifestHead } from "./types.ts";

export type Upload = { readonly kind: "mounted" } | { readonly kind: "open"; readonly url: URL };

type Asked = Omit<RegistryRequestSpec, "scopes" | "onRequest">;
type Read = { readonly answer: RegistryResponse; readonly bytes: Uint8Array | undefined };

const REFERRER_PAGES_MAX = 16;
/** Docker Hub's window moves on: what was used up may be free again a minute later. */
const SPENT_SECONDS = 60;

export class Repository {
  readonly host: string;
  readonly path: string;
  readonly #client: RegistryClient;
  readonly #clock: Clock;
  readonly #scopes: readonly string[];
  readonly #openedAt: number;
  #requests = 0;

  constructor(
    exchange: RegistryClient,
    path: string,
    access: Access,
    clock: Clock,
    alsoPulls: readonly string[] = [],
  ) {
    this.#client = exchange;
    this.host = exchange.address.host;
    this.path = path;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#scopes = [
      `repository:${path}:${access === "push" ? "pull,push" : "pull"}`,
      ...alsoPulls.map((other) => `repository:${other}:pull`),
    ];
  }

  /** Requests sent to the registry so far; tokens and redirected hops not counted. */
  get requests(): number {
    return this.#requests;
  }

  /** The quota as the latest answer named it, since this repository was opened. */
  get quota(): RateLimit | undefined {
    const read = this.#client.quota;
    return read !== undefined && read.readAt >= this.#openedAt ? read.quota : undefined;
  }

  /** The quota that any earlier request of this process found used up: another request now would be refused as well. */
  get spentQuota(): RateLimit | undefined {
    const read = this.#client.quota;
    const isRecent = read !== undefined && this.#clock.now() - read.readAt < SPENT_SECONDS * 1000;
    return isRecent && read.quota.remaining === 0 ? read.quota : undefined;
  }

  /** The manifest that a name resolves to, without its bytes. `name` is a tag or a digest. */
  async headManifest(name: string, signal?: AbortSignal): Promise<ManifestHead | undefined> {
    const attempted = `HEAD manifest ${this.#named(name)}`;
    const answer = await this.#ask({
      method: "HEAD",
      url: this.#url(`manifests/${name}`),
      headers: { accept: MANIFEST_ACCEPT },
      attempted,
      accepts: [200, 404, 405],
      signal,
    });
    discard(answer);
    if (answer.status === 404) return undefined;
    const { headers } = answer;
    const stated = headers["docker-content-digest"];
    const digest = isDigest(stated) ? stated : isDigest(name) ? name : undefined;
    // Some proxies know no HEAD.
    if (digest === undefined || answer.status === 405) {
      // A GET is a counted pull at Docker Hub; elsewhere it is the only way to learn the digest.
      if (isDockerHubFront(this.host)) throw this.#malformed(`${attempted}: the answer names no digest`);
      return this.getManifest(name, signal);
    }
    if (isDigest(name) && digest !== name) throw this.#malformed(`${attempted}: the answer is of ${digest}`);
    const size = Number(headers["content-length"]);
    return {
      digest,
      mediaType: bareMediaType(headers["content-type"]),
      ...(Number.isInteger(size) && size > 0 ? { size } : {}),
      ...(this.quota === undefined ? {} : { quota: this.quota }),
    };
  }

  /** A manifest's bytes, checked against its digest. */
  async getManifest(name: string, signal?: AbortSignal): Promise<Manifest | undefined> {
    const attempted = `GET manifest ${this.#named(name)}`;
    const { answer, bytes } = await this.#askToRead(
      {
        method: "GET",
        url: this.#url(`manifests/${name}`),
        headers: { accept: MANIFEST_ACCEPT },
        attempted,
        accepts: [200, 404],
        signal,
      },
      MANIFEST_BYTES_MAX,
    );
    if (answer.status === 404) return undefined;
    if (bytes === undefined) throw this.#malformed(`${attempted}: the manifest is over 4 MiB`);
    const stated = answer.headers["docker-content-digest"];
    const wanted = isDigest(name) ? name : isDigest(stated) ? stated : undefined;
    const digest = hashed(bytes, wanted);
    if (wanted !== undefined && digest !== wanted) {
      throw this.#malformed(`${attempted}: the bytes are ${digest}, not ${wanted}`);
    }
    return {
      digest,
      bytes,
      size: bytes.byteLength,
      mediaType: bareMediaType(answer.headers["content-type"]),
      ...(this.quota === undefined ? {} : { quota: this.quota }),
    };
  }

  /**
   * What has a manifest as its subject, by the registry's own list; undefined where it makes none.
   * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
   */
  async listReferrers(subject: Digest, signal?: AbortSignal): Promise<readonly Descriptor[] | undefined> {
    const attempted = `GET referrers ${this.#named(subject)}`;
    const referrers: Descriptor[] = [];
    let url: URL | undefined = this.#url(`referrers/${subject}`);
    let came = 0;
    for (let page = 0; url !== undefined; page++) {
      if (page >= REFERRER_PAGES_MAX) throw this.#malformed(`${attempted}: the list has no end`);
      const { answer, bytes }: Read = await this.#askToRead(
        {
          method: "GET",
          url,
          headers: { accept: OCI_INDEX },
          attempted,
          accepts: [200, 400, 404, 405],
          signal,
        },
        MANIFEST_BYTES_MAX,
      );
      const isList = answer.status === 200 && bareMediaType(answer.headers["content-type"]) === OCI_INDEX;
      if (!isList) return undefined;
      if (bytes === undefined) throw this.#malformed(`${attempted}: the list is over 4 MiB`);
      came += bytes.byteLength;
      if (came > 2 * MANIFEST_BYTES_MAX) throw this.#malformed(`${attempted}: the list is over 8 MiB`);
      referrers.push(...this.#listIn(bytes, attempted));
      const next = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(answer.headers.link ?? "")?.[1];
      url = next === undefined ? undefined : this.#client.resolve(next, url, attempted);
    }
    return referrers;
  }

  /** A whole blob in memory, checked against its digest. */
  async getBlob(digest: Digest, bytesMax: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const attempted = `GET blob ${this.#named(digest)}`;
    const url = this.#url(`blobs/${digest}`);
    const asked = { method: "GET", url, attempted, accepts: [200, 404], signal } as const;
    const { answer, bytes } = await this.#askToRead(asked, bytesMax);
    if (answer.status === 404) return undefined;
    if (bytes === undefined) throw this.#malformed(`${attempted}: more than ${bytesMax} bytes came`);
    const got = hashed(bytes, digest);
    if (got !== digest) throw this.#malformed(`${attempted}: the bytes are ${got}`);
    return bytes;
  }

  /**
   * A blob's bytes as they come, from an offset: 206, or 200 where the registry knows no ranges.
   * @param bulk whether they are many
   */
  async openBlob(
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
    bulk = false,
  ): Promise<RegistryResponse | undefined> {
    const answer = await this.#ask({
      method: "GET",
      url: this.#url(`blobs/${digest}`),
      ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }),
      attempted: `GET blob ${this.#named(digest)}`,
      accepts: [200, 206, 404],
      bulk,
      signal,
    });
    if (answer.status !== 404) return answer;
    discard(answer);
    return undefined;
  }

  /** Whether the repository has a blob. */
  async hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#ask({
      method: "HEAD",
      url: this.#url(`blobs/${digest}`),
      attempted: `HEAD blob ${this.#named(digest)}`,
      // Where no HEAD is known, it is not known to be there.
      accepts: [200, 404, 405],
      signal,
    });
    discard(answer);
    return answer.status === 200;
  }

  /** Begins an upload, or mounts the blob. Who gives up is answered a little later: what has begun is given up by its name. */
  beginUpload(digest: Digest, mountFrom?: string, signal?: AbortSignal): Promise<Upload> {
    return heardOut(this.#client.limit, signal, (later) => this.#beginUpload(digest, mountFrom, later));
  }

  async #beginUpload(digest: Digest, mountFrom?: string, signal?: AbortSignal): Promise<Upload> {
    const url = this.#url("blobs/uploads/");
    if (mountFrom !== undefined) {
      url.searchParams.set("mount", digest);
      url.searchParams.set("from", mountFrom);
    }
    const attempted = `POST upload of ${this.#named(digest)}`;
    const ask = (to: URL): Promise<RegistryResponse> =>
      this.#ask({
        method: "POST",
        url: to,
        headers: { "content-length": "0" },
        attempted,
        accepts: [201, 202],
        signal,
      });
    let answer: RegistryResponse;
    try {
      answer = await ask(url);
    } catch (error) {
      // Not allowed to mount is not forbidden to upload.
      const denied =
        error instanceof RegistryError &&
        ["denied", "unauthorized", "absent", "malformed"].includes(error.kind);
      if (mountFrom === undefined || !denied) throw error;
      answer = await ask(this.#url("blobs/uploads/"));
    }
    discard(answer);
    if (answer.status === 201 && mountFrom !== undefined) return { kind: "mounted" };
    const { location } = answer.headers;
    if (location === undefined) throw this.#malformed(`${attempted}: the answer names no location`);
    return { kind: "open", url: this.#client.resolve(location, url, attempted) };
  }

  /** Sends a blob in one PUT with its length: the only upload that every registry, ECR too, takes rightly. */
  async putBlob(
    upload: URL,
    blob: { readonly digest: Digest; readonly size: number },
    body: Uint8Array | Readable,
    signal?: AbortSignal,
    fresh = false,
  ): Promise<void> {
    const url = new URL(upload);
    // Put behind what is there, which may be signed as it is written.
    url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${blob.digest}`;
    const answer = await this.#ask({
      method: "PUT",
      url,
      headers: { "content-length": String(blob.size), "content-type": "application/octet-stream" },
      body,
      fresh,
      attempted: `PUT blob ${this.#named(blob.digest)}`,
      accepts: [201],
      signal,
    });
    discard(answer);
    const stored = answer.headers["docker-content-digest"];
    if (namesOther(stored, blob.digest))
      throw this.#malformed(`PUT blob ${this.#named(blob.digest)}: the registry stored ${stored}`);
  }

  /** Gives up an upload; a registry that does not let us forgets it by itself. */
  async cancelUpload(upload: URL): Promise<void> {
    try {
      const attempted = `DELETE upload in ${this.#named("")}`;
      const asked = { method: "DELETE", url: upload, attempted, accepts: [200, 202, 204, 404] } as const;
      discard(await this.#ask(asked, forTidying(this.#client.limit)));
    } catch {
      // Only tidiness is lost.
    }
  }

  /** Stores a manifest under its own digest, or under a tag; answers whether the registry said what it has stored. */
  async putManifest(
    name: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: Digest },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const attempted = `PUT manifest ${this.#named(name)}`;
    const answer = await this.#ask({
      method: "PUT",
      url: this.#url(`manifests/${name}`),
      headers: {
        "content-length": String(manifest.bytes.byteLength),
        "content-type": manifest.mediaType,
      },
      body: manifest.bytes,
      attempted,
      accepts: [200, 201],
      signal,
    });
    discard(answer);
    const stored = answer.headers["docker-content-digest"];
    if (!isDigest(stored)) return false;
    if (stored === manifest.digest) return true;
    throw this.#malformed(`${attempted}: the registry stored ${stored}, not ${manifest.digest}`);
  }

  /** One question. Its bytes are counted in its time where they are here already; a stream's have their own pace. */
  async #ask(asked: Asked, limit: RequestTimeLimit = this.#client.limit): Promise<RegistryResponse> {
    if (asked.body !== undefined && !(asked.body instanceof Uint8Array)) return await this.#send(asked);
    return await withinRequestTime(limit, { ...asked, host: this.host }, (signal) =>
      this.#send({ ...asked, signal }),
    );
  }

  /** One question and the whole of its answer, where that is a 200; undefined where it is longer than the bound. */
  #askToRead(asked: Asked, bytesMax: number): Promise<Read> {
    return withinRequestTime(this.#client.limit, { ...asked, host: this.host }, async (signal) => {
      const answer = await this.#send({ ...asked, signal });
      if (answer.status === 200)
        return { answer, bytes: await this.#read(answer, bytesMax, asked.attempted, signal) };
      discard(answer);
      return { answer, bytes: undefined };
    });
  }

  #send(asked: Asked): Promise<RegistryResponse> {
    return this.#client.send({
      ...asked,
      scopes: this.#scopes,
      onRequest: () => {
        this.#requests += 1;
      },
    });
  }

  async #read(
    answer: RegistryResponse,
    bytesMax: number,
    attempted: string,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      return await readBody(answer, bytesMax, this.#clock, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const { status } = answer;
      const fields = { kind: "unavailable", host: this.host, status, transient: true } as const;
      const because = cause instanceof Error ? `: ${redactForLog(cause.message)}` : "";
      throw new RegistryError(`${attempted}: the answer broke off${because}`, fields, { cause });
    }
  }

  #listIn(bytes: Uint8Array, attempted: string): readonly Descriptor[] {
    try {
      const list = parseManifest(bytes, OCI_INDEX);
      return list.kind === "index" ? list.children : [];
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw this.#malformed(`${attempted}: ${error.message}`);
    }
  }

  #url(rest: string): URL {
    const { base } = this.#client.address;
    return new URL(`${base.pathname.replace(/\/+$/, "")}/v2/${this.path}/${rest}`, base);
  }

  #named(name: string): string {
    return `${this.host}/${this.path}${isDigest(name) ? "@" : ":"}${name}`;
  }

  #malformed(message: string): RegistryError {
    return new RegistryError(message, { kind: "malformed", host: this.host });
  }
}
