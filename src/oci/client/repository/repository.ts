/**
 * One repository of one registry, opened to pull from or to push to: the distribution specification as methods.
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md. Absence is undefined, refusal is
 * RegistryError, and every manifest that comes out of here has been checked against its name.
 */

import type { Readable } from "node:stream";
import { type Digest, isDigest } from "../../../image/digest.ts";
import { isDockerHubFront } from "../../../image/registry-hosts.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Access } from "../../auth/credentials.ts";
import { discard } from "../../http/response-body.ts";
import type { RegistryResponse } from "../../http/transport.ts";
import { hashed, namesOther } from "../hashed.ts";
import { type Descriptor, MANIFEST_BYTES_MAX } from "../manifest.ts";
import { bareMediaType, isManifestType, MANIFEST_ACCEPT } from "../media-types.ts";
import type { RateLimit } from "../rate-limit.ts";
import type { RegistryClient } from "../registry-client.ts";
import { RegistryError } from "../registry-error.ts";
import { forTidying, heardOut } from "../request-time-limit.ts";
import type { Manifest, ManifestHead } from "../types.ts";
import { listReferrers } from "./list-referrers.ts";
import { RepositoryRequests } from "./repository-requests.ts";

export type Upload = { readonly kind: "mounted" } | { readonly kind: "open"; readonly url: URL };

/** Docker Hub's window moves on: what was used up may be free again a minute later. */
const SPENT_SECONDS = 60;

export class Repository {
  readonly host: string;
  readonly path: string;
  readonly #client: RegistryClient;
  readonly #clock: Clock;
  readonly #openedAt: number;
  readonly #requests: RepositoryRequests;

  constructor(
    client: RegistryClient,
    path: string,
    access: Access,
    clock: Clock,
    alsoPulls: readonly string[] = [],
  ) {
    this.#client = client;
    this.host = client.address.host;
    this.path = path;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#requests = new RepositoryRequests(client, path, access, clock, alsoPulls);
  }

  /** Requests sent to the registry so far; tokens and redirected hops not counted. */
  get requests(): number {
    return this.#requests.count;
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
    const attempted = `HEAD manifest ${this.#requests.named(name)}`;
    const answer = await this.#requests.send({
      method: "HEAD",
      url: this.#requests.url(`manifests/${name}`),
      headers: { accept: MANIFEST_ACCEPT },
      attempted,
      accepts: [200, 404, 405],
      signal,
    });
    discard(answer);
    if (answer.status === 404) return undefined;
    const { headers } = answer;
    const stated = headers["docker-content-digest"];
    const mediaType = bareMediaType(headers["content-type"]);
    // A proxy's page of HTML has no name that was asked for, whatever its status.
    const asked = isDigest(name) && isManifestType(mediaType) ? name : undefined;
    const digest = isDigest(stated) ? stated : asked;
    // Some proxies know no HEAD.
    if (digest === undefined || answer.status === 405) {
      // A GET is a counted pull at Docker Hub; elsewhere it is the only way to learn the digest.
      if (isDockerHubFront(this.host))
        throw this.#requests.malformed(`${attempted}: the answer names no digest`);
      return this.getManifest(name, signal);
    }
    if (isDigest(name) && digest !== name)
      throw this.#requests.malformed(`${attempted}: the answer is of ${digest}`);
    const size = Number(headers["content-length"]);
    return {
      digest,
      mediaType,
      ...(Number.isInteger(size) && size > 0 ? { size } : {}),
      ...(this.quota === undefined ? {} : { quota: this.quota }),
    };
  }

  /** A manifest's bytes, checked against its digest; `bulkFollows` where its blobs are asked for next. */
  async getManifest(name: string, signal?: AbortSignal, bulkFollows = false): Promise<Manifest | undefined> {
    const attempted = `GET manifest ${this.#requests.named(name)}`;
    const { answer, bytes } = await this.#requests.sendAndRead(
      {
        method: "GET",
        url: this.#requests.url(`manifests/${name}`),
        headers: { accept: MANIFEST_ACCEPT },
        attempted,
        accepts: [200, 404],
        bulkFollows,
        signal,
      },
      MANIFEST_BYTES_MAX,
    );
    if (answer.status === 404) return undefined;
    if (bytes === undefined) throw this.#requests.malformed(`${attempted}: the manifest is over 4 MiB`);
    const stated = answer.headers["docker-content-digest"];
    const wanted = isDigest(name) ? name : isDigest(stated) ? stated : undefined;
    const digest = hashed(bytes, wanted);
    if (wanted !== undefined && digest !== wanted) {
      throw this.#requests.malformed(`${attempted}: the bytes are ${digest}, not ${wanted}`);
    }
    return {
      digest,
      bytes,
      size: bytes.byteLength,
      mediaType: bareMediaType(answer.headers["content-type"]),
      ...(this.quota === undefined ? {} : { quota: this.quota }),
    };
  }

  /** What has a manifest as its subject, by the registry's own list; undefined where it keeps none. */
  listReferrers(subject: Digest, signal?: AbortSignal): Promise<readonly Descriptor[] | undefined> {
    return listReferrers(this.#requests, subject, signal);
  }

  /** A whole blob in memory, checked against its digest. */
  async getBlob(digest: Digest, bytesMax: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const attempted = `GET blob ${this.#requests.named(digest)}`;
    const url = this.#requests.url(`blobs/${digest}`);
    const asked = { method: "GET", url, attempted, accepts: [200, 404], signal } as const;
    const { answer, bytes } = await this.#requests.sendAndRead(asked, bytesMax);
    if (answer.status === 404) return undefined;
    if (bytes === undefined) throw this.#requests.malformed(`${attempted}: more than ${bytesMax} bytes came`);
    const got = hashed(bytes, digest);
    if (got !== digest) throw this.#requests.malformed(`${attempted}: the bytes are ${got}`);
    return bytes;
  }

  /** A blob's bytes as they come, from an offset: 206, or 200 where no ranges are known; `bulk` where they are many. */
  async openBlob(
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
    bulk = false,
  ): Promise<RegistryResponse | undefined> {
    const answer = await this.#requests.send({
      method: "GET",
      url: this.#requests.url(`blobs/${digest}`),
      ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }),
      attempted: `GET blob ${this.#requests.named(digest)}`,
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
    const answer = await this.#requests.send({
      method: "HEAD",
      url: this.#requests.url(`blobs/${digest}`),
      attempted: `HEAD blob ${this.#requests.named(digest)}`,
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
    const url = this.#requests.url("blobs/uploads/");
    if (mountFrom !== undefined) {
      url.searchParams.set("mount", digest);
      url.searchParams.set("from", mountFrom);
    }
    const attempted = `POST upload of ${this.#requests.named(digest)}`;
    const ask = (to: URL): Promise<RegistryResponse> =>
      this.#requests.send({
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
      answer = await ask(this.#requests.url("blobs/uploads/"));
    }
    discard(answer);
    if (answer.status === 201 && mountFrom !== undefined) return { kind: "mounted" };
    const { location } = answer.headers;
    if (location === undefined) throw this.#requests.malformed(`${attempted}: the answer names no location`);
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
    const answer = await this.#requests.send({
      method: "PUT",
      url,
      headers: { "content-length": String(blob.size), "content-type": "application/octet-stream" },
      body,
      fresh,
      attempted: `PUT blob ${this.#requests.named(blob.digest)}`,
      accepts: [201],
      signal,
    });
    discard(answer);
    const stored = answer.headers["docker-content-digest"];
    if (namesOther(stored, blob.digest))
      throw this.#requests.malformed(
        `PUT blob ${this.#requests.named(blob.digest)}: the registry stored ${stored}`,
      );
  }

  /** Gives up an upload; a registry that does not let us forgets it by itself. */
  async cancelUpload(upload: URL): Promise<void> {
    try {
      const attempted = `DELETE upload in ${this.#requests.named("")}`;
      const asked = { method: "DELETE", url: upload, attempted, accepts: [200, 202, 204, 404] } as const;
      discard(await this.#requests.send(asked, forTidying(this.#client.limit)));
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
    const attempted = `PUT manifest ${this.#requests.named(name)}`;
    const answer = await this.#requests.send({
      method: "PUT",
      url: this.#requests.url(`manifests/${name}`),
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
    throw this.#requests.malformed(`${attempted}: the registry stored ${stored}, not ${manifest.digest}`);
  }
}
