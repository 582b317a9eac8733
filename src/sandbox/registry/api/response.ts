/** Answers as a registry gives them: bytes with their length, errors as the distribution specification words them. */

import { addAbortSignal, Readable } from "node:stream";
import type { RegistryRequest, RegistryResponse } from "../../../oci/http/transport.ts";

export type Headers = Readonly<Record<string, string>>;

const NOTHING = new Uint8Array();
/** What one read of a body gives: a stream must be seen to flow in pieces. */
const PIECE_BYTES = 65_536;

/** An answer with these bytes. */
export function answer(status: number, headers: Headers = {}, bytes: Uint8Array = NOTHING): RegistryResponse {
  const length = status === 204 || status === 304 ? {} : { "content-length": String(bytes.length) };
  return { status, headers: { ...length, ...headers }, body: bodyOf(bytes) };
}

/** An answer with this JSON. */
export function jsonAnswer(status: number, json: unknown, headers: Headers = {}): RegistryResponse {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  return answer(status, { "content-type": "application/json", ...headers }, bytes);
}

/** A refusal in the shape of the specification: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Headers = {},
  detail?: unknown,
): RegistryResponse {
  return jsonAnswer(
    status,
    { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] },
    headers,
  );
}

/** Several refusals of one kind in one answer: what each is about. */
export function refusals(
  status: number,
  code: string,
  message: string,
  details: readonly unknown[],
): RegistryResponse {
  return jsonAnswer(status, { errors: details.map((detail) => ({ code, message, detail })) });
}

/** A refusal in bare words, as proxies in front of a registry give it. */
export function bareRefusal(status: number, text: string, headers: Headers = {}): RegistryResponse {
  return answer(status, { "content-type": "text/plain", ...headers }, new TextEncoder().encode(text));
}

/** The same answer as a HEAD gets it: headers only. */
export function withoutBody({ status, headers, body }: RegistryResponse): RegistryResponse {
  body.destroy();
  return { status, headers, body: bodyOf(NOTHING) };
}

/** A failure below HTTP, as `node:http` reports it: no answer came. */
export function connectionError(
  code: "ECONNRESET" | "ECONNREFUSED" | "ENOTFOUND" | "ETIMEDOUT",
  host: string,
): Error {
  const words = {
    ECONNRESET: "socket hang up",
    ECONNREFUSED: `connect ECONNREFUSED ${host}`,
    ENOTFOUND: `getaddrinfo ENOTFOUND ${host}`,
    ETIMEDOUT: `dial tcp ${host}: i/o timeout`,
  };
  return Object.assign(new Error(words[code]), { code });
}

/** A body that ends with a reset after so many bytes, if it is longer. */
export function cutShort(
  { status, headers, body }: RegistryResponse,
  afterBytes: number,
  host: string,
): RegistryResponse {
  async function* some(): AsyncGenerator<Uint8Array> {
    let left = afterBytes;
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      if (piece.length > left) {
        yield piece.subarray(0, left);
        throw connectionError("ECONNRESET", host);
      }
      left -= piece.length;
      yield piece;
    }
  }
  return { status, headers, body: Readable.from(some(), { objectMode: false }) };
}

/** Ties an answer's body to the request's signal, as a socket is. */
export function abortable(given: RegistryResponse, signal: AbortSignal | undefined): RegistryResponse {
  if (signal !== undefined) addAbortSignal(signal, given.body);
  return given;
}

/**
 * The bytes of a request, or "too-large" when there are more than `bytesMax`.
 * A body that is not as long as its content-length is a connection that broke.
 */
export async function bytesOf(request: RegistryRequest, bytesMax: number): Promise<Uint8Array | "too-large"> {
  const { body, headers, url } = request;
  if (body === undefined) return NOTHING;
  const pieces: Uint8Array[] = [];
  let size = 0;
  // The stream is left as it is when there is too much: destroying a socket's body would take the answer with it.
  const parts = body instanceof Uint8Array ? [body] : body.iterator({ destroyOnReturn: false });
  for await (const piece of parts as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > bytesMax) return "too-large";
    pieces.push(piece);
  }
  const declared = headers["content-length"];
  if (declared !== undefined && Number(declared) !== size) throw connectionError("ECONNRESET", url.host);
  request.signal?.throwIfAborted();
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

/** Drains an unread request body, as a server does once it has answered. */
export function drain(body: RegistryRequest["body"]): void {
  if (body instanceof Readable && !body.destroyed && !body.readableEnded) body.resume();
}

function bodyOf(bytes: Uint8Array): Readable {
  let sent = 0;
  return new Readable({
    read() {
      const piece = bytes.subarray(sent, sent + PIECE_BYTES);
      sent += piece.length;
      this.push(piece.length === 0 ? null : Buffer.from(piece));
    },
  });
}
