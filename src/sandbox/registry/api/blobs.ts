/** Blobs: served whole or in part, in place or from where the registry redirects to. */

import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../../../image/digest.ts";
import type { RegistryRequest, RegistryResponse } from "../../../oci/http/transport.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { RegistryBehaviour } from "../behaviour.ts";
import type { Contents } from "../storage.ts";
import { nameUnknown } from "./error-bodies.ts";
import type { RequestContext } from "./request-context.ts";
import { answer, bareRefusal, refusal } from "./response.ts";

/** How long a redirected address may be used. */
const SIGNED_SECONDS = 20 * 60;

/** Answers GET and HEAD of a blob. A HEAD is answered in place, a GET perhaps by a redirect. */
export function serveBlob(context: RequestContext, method: "GET" | "HEAD"): RegistryResponse {
  const { clock, contents, route, behaviour, request } = context;
  if (contents.repository(route.path) === undefined) return nameUnknown(context);
  if (!isDigest(route.name)) return refusal(400, "DIGEST_INVALID", "invalid digest");
  const bytes = contents.blobIn(route.path, route.name);
  if (bytes === undefined)
    return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", {}, { digest: route.name });
  if (method === "HEAD") return answer(200, blobHeaders(route.name), bytes);
  if (behaviour.blobsRedirectTo === undefined) return part(request, route.name, bytes);
  const expires = clock.now() + SIGNED_SECONDS * 1000;
  const query = new URLSearchParams({ expires: String(expires), verify: signature(route.name, expires) });
  const path = `${context.registry.host}/${route.name}`;
  return answer(307, { location: `https://${behaviour.blobsRedirectTo}/${path}/data?${query}` });
}

/** Answers at the address that blobs are redirected to. It knows signed addresses, and no other credentials. */
export function serveRedirected(
  request: RegistryRequest,
  { clock, contents, ways }: { clock: Pick<Clock, "now">; contents: Contents; ways: RegistryBehaviour },
): RegistryResponse {
  if (ways.redirectedRefusesAuthorization && request.headers.authorization !== undefined) {
    return bareRefusal(400, "Only one auth mechanism allowed");
  }
  const digest = decodeURIComponent(request.url.pathname.split("/")[2] ?? "");
  const expires = Number(request.url.searchParams.get("expires"));
  const signed = isDigest(digest) && request.url.searchParams.get("verify") === signature(digest, expires);
  if (!signed || clock.now() >= expires) return bareRefusal(403, "Forbidden");
  const bytes = contents.blob(digest);
  return bytes === undefined ? bareRefusal(404, "Not Found") : part(request, digest, bytes);
}

/** Removes a blob from a repository. */
export function deleteBlob(context: RequestContext): RegistryResponse {
  const { contents, route, behaviour } = context;
  if (!behaviour.deletes) return refusal(405, "UNSUPPORTED", "The operation is unsupported.");
  const repository = contents.repository(route.path);
  if (repository === undefined) return nameUnknown(context);
  if (!isDigest(route.name) || !repository.blobs.delete(route.name)) {
    return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  return answer(202);
}

/** The bytes that a Range header asks for: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests, one range only. */
function part({ headers }: RegistryRequest, digest: Digest, bytes: Uint8Array): RegistryResponse {
  const { first = "", last = "" } =
    /^bytes=(?<first>\d*)-(?<last>\d*)$/.exec(headers.range ?? "")?.groups ?? {};
  if (first === "" && last === "") return answer(200, blobHeaders(digest), bytes);
  const start = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
  if (start > end)
    return bareRefusal(416, "Range Not Satisfiable", { "content-range": `bytes */${bytes.length}` });
  const range = { "content-range": `bytes ${start}-${end}/${bytes.length}` };
  return answer(206, { ...blobHeaders(digest), ...range }, bytes.subarray(start, end + 1));
}

function blobHeaders(digest: Digest): Readonly<Record<string, string>> {
  return {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
    etag: `"${digest}"`,
  };
}

function signature(digest: string, expires: number): string {
  return createHash("sha256").update(`${digest} ${expires}`).digest("base64url");
}
