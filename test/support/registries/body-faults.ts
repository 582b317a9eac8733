/** What a hostile registry does in place of an honest answer, in the words of the tests' tables. */

import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { OCI_MANIFEST } from "./copy-world.ts";
import { type Mischief, refuse } from "./loopback-registry.ts";

export const ALWAYS = Number.POSITIVE_INFINITY;
export const isBlob = (path: string): boolean => /\/blobs\/sha256:/.test(path);
export const isManifest = (path: string): boolean => /\/manifests\//.test(path);
export const isUpload = (path: string): boolean => /\/blobs\/uploads\//.test(path);

/** So many times, where method and path are these. */
export function on(
  method: string,
  matches: (path: string) => boolean,
  times: number,
  act: Mischief,
): Mischief {
  let left = times;
  return (request, response, registry) => {
    if (request.method !== method || !matches(request.url ?? "") || left === 0) return false;
    left -= 1;
    return act(request, response, registry);
  };
}

/** Sends these bytes under this length, and breaks off where they are fewer. */
export function sends(
  bytes: (honest: Buffer) => Buffer,
  stated?: (honest: Buffer) => number | undefined,
): Mischief {
  return (request, response, registry) => {
    const honest = registry.blobs.get(request.url?.split("/").at(-1) ?? "") ?? Buffer.alloc(0);
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = bytes(honest);
    const length = stated === undefined ? body.length : stated(honest);
    response.writeHead(offset > 0 ? 206 : 200, {
      ...(length === undefined ? {} : { "content-length": length - offset }),
      ...(offset > 0 ? { "content-range": `bytes ${offset}-${honest.length - 1}/${honest.length}` } : {}),
    });
    const sent = body.subarray(offset);
    if (length !== undefined && sent.length < length - offset) response.write(sent, () => response.destroy());
    else response.end(sent);
    return true;
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}, message = "as the test says"): Mischief =>
  (request, response) => {
    request.resume();
    refuse(response, code, code === 429 ? "TOOMANYREQUESTS" : "UNKNOWN", message, headers);
    return true;
  };
export const hangUp: Mischief = (request) => {
  request.socket.destroy();
  return true;
};
export const flipped = (honest: Buffer): Buffer => {
  const wrong = Buffer.from(honest);
  wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
  return wrong;
};
export const short = (honest: Buffer): Buffer => honest.subarray(0, honest.length >> 1);

/** Bytes for as long as the client reads. */
export function endless(response: ServerResponse, code = 200): void {
  response.writeHead(code, { "content-type": OCI_MANIFEST });
  const piece = randomBytes(64 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}
