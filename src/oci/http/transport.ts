/**
 * The seam between the registry client and the world: one request in, one answer with a readable body out.
 *
 * Production implements it with `node:http(s)`, the sandbox with a registry in memory. It follows no redirect and retries
 * nothing: the caller decides at each hop who may see a credential.
 */

import type { Readable } from "node:stream";
import type { Reach } from "./address-guard.ts";

export type RegistryRequest = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** A stream needs `content-length` in the headers. */
  readonly body?: Uint8Array | Readable;
  readonly signal?: AbortSignal;
  /** How far the connection may go. Default: the internet's addresses. */
  readonly reach?: Reach;
  /** A GET whose body is long: it may come in pieces that are to be given back once they are written (pieces.ts). */
  readonly bulk?: boolean;
  /** GETs of long bodies from the same place are next: connections for them are opened together with this request's. */
  readonly bulkFollows?: boolean;
  /** Goes over a connection of its own: the kept one that was used before may be stale, and others as well. */
  readonly fresh?: boolean;
};

export type RegistryResponse = {
  readonly status: number;
  /** Names in lower case; repeated headers joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
};

/** Rejects only where there was no answer at all. */
export type Send = (request: RegistryRequest) => Promise<RegistryResponse>;
