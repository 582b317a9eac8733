/**
 * Uploads: a session is opened, filled by one PUT or by PATCHes, and closed with the digest that it must have.
 *
 * ECR's differences are all here: 201 for a PATCH, later parts lost or wrongly counted, parts of at least
 * 5 MiB, mounting by opt-in. `behaviour.ts` names the source of each.
 */

import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../../../image/digest.ts";
import type { RegistryResponse } from "../../../oci/http/transport.ts";
import { linksOf, matches, parsed } from "../storage.ts";
import type { RequestContext } from "./request-context.ts";
import { answer, bytesOf, refusal } from "./response.ts";

type Session = {
  readonly path: string;
  parts: Uint8Array[];
  /** The size that the `Range` header shows, which at ECR may be stale. */
  sizeShown: number;
};

export function createUploads() {
  const sessions = new Map<string, Session>();
  let opened = 0;

  const sessionOf = ({ route }: RequestContext): Session | undefined => {
    const session = sessions.get(route.name);
    return session?.path === route.path ? session : undefined;
  };

  /** Opens a session, mounts a blob of another repository, or takes a blob at once, as the registry's ways have it. */
  async function start(context: RequestContext): Promise<RegistryResponse> {
    const { contents, request, route, behaviour } = context;
    const query = request.url.searchParams;
    const mount = query.get("mount");
    if (mount !== null && isDigest(mount) && mountable(context, mount, query.get("from") ?? "")) {
      const bytes = contents.blob(mount);
      if (bytes !== undefined) {
        contents.createRepository(route.path);
        contents.putBlob(route.path, bytes, mount);
        return stored(context, mount);
      }
    }
    contents.createRepository(route.path);
    const digest = query.get("digest");
    if (digest !== null && behaviour.singlePost === "works") {
      return finish(context, digest, { path: route.path, parts: [], sizeShown: 0 });
    }
    await bytesOf(request, behaviour.layerBytesMax);
    opened += 1;
    const hex = createHash("sha256").update(`${context.registry.host} upload ${opened}`).digest("hex");
    const id = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20, 32),
    ].join("-");
    sessions.set(id, { path: route.path, parts: [], sizeShown: 0 });
    return progress(context, id, 0, 202);
  }

  /** Takes one more part. Content-Range, if given, must continue at the upload's current offset. */
  async function append(context: RequestContext): Promise<RegistryResponse> {
    const { request, route, behaviour } = context;
    const session = sessionOf(context);
    if (session === undefined) return uploadUnknown();
    const start = /^(?:bytes )?(?<start>\d+)-\d+/.exec(request.headers["content-range"] ?? "")?.groups?.start;
    const size = sizeOf(session.parts);
    if (start !== undefined && Number(start) !== size) {
      return refusal(
        416,
        "BLOB_UPLOAD_INVALID",
        "range does not follow the last part",
        rangeOf(session.sizeShown),
      );
    }
    const before = session.parts.at(-1);
    if (
      before !== undefined &&
      before.length < behaviour.partBytesMin &&
      behaviour.laterParts !== "discarded"
    ) {
      return refusal(
        400,
        "BLOB_UPLOAD_INVALID",
        `Layer part is too small: at least ${behaviour.partBytesMin} bytes are needed`,
      );
    }
    const bytes = await bytesOf(request, behaviour.layerBytesMax - size);
    if (bytes === "too-large") return tooLarge();
    const isFirst = session.parts.length === 0;
    if (isFirst || behaviour.laterParts !== "discarded") session.parts.push(bytes);
    if (isFirst || behaviour.laterParts === "kept") session.sizeShown += bytes.length;
    return progress(context, route.name, session.sizeShown, behaviour.patchStatus);
  }

  /** Closes a session: the bytes it holds, and those of this request, must have the digest. */
  async function complete(context: RequestContext): Promise<RegistryResponse> {
    const session = sessionOf(context);
    if (session === undefined) return uploadUnknown();
    const done = await finish(context, context.request.url.searchParams.get("digest") ?? "", session);
    sessions.delete(context.route.name);
    return done;
  }

  async function finish(
    context: RequestContext,
    digest: string,
    session: Session,
  ): Promise<RegistryResponse> {
    const { contents, request, behaviour, registry } = context;
    const rest = await bytesOf(request, behaviour.layerBytesMax - sizeOf(session.parts));
    if (rest === "too-large") return tooLarge();
    if (!isDigest(digest))
      return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    const bytes = session.parts.length === 0 ? rest : Buffer.concat([...session.parts, rest]);
    if (!matches(digest, bytes)) {
      // ECR's sentence: dotnet/sdk-container-builds#424.
      return registry.kind === "ecr"
        ? refusal(
            400,
            "BLOB_UPLOAD_INVALID",
            "None of the provided layer digests match the calculated layer digest",
          )
        : refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    contents.putBlob(context.route.path, bytes, digest);
    return stored(context, digest);
  }

  return {
    start,
    append,
    complete,
    /** How far a session is. */
    status(context: RequestContext): RegistryResponse {
      const session = sessionOf(context);
      return session === undefined
        ? uploadUnknown()
        : progress(context, context.route.name, session.sizeShown, 204);
    },
    cancel(context: RequestContext): RegistryResponse {
      if (sessionOf(context) === undefined) return uploadUnknown();
      sessions.delete(context.route.name);
      return answer(204);
    },
    /** Sessions that were opened and neither closed nor cancelled. */
    open: (): number => sessions.size,
  };
}

function mountable(
  { contents, request, signIn, behaviour }: RequestContext,
  digest: Digest,
  from: string,
): boolean {
  const repository = contents.repository(from);
  if (
    behaviour.mounting === "off" ||
    repository?.blobs.has(digest) !== true ||
    !signIn.mayPull(request, from)
  )
    return false;
  if (behaviour.mounting === "works") return true;
  return [...repository.manifests.values()].some(({ bytes }) =>
    linksOf(parsed(bytes) ?? {}).blobs.includes(digest),
  );
}

function stored({ request, route, behaviour }: RequestContext, digest: string): RegistryResponse {
  const location = `${behaviour.locations === "absolute" ? request.url.origin : ""}/v2/${route.path}/blobs/${digest}`;
  return answer(201, { location, "docker-content-digest": digest });
}

function progress(
  { request, route, behaviour }: RequestContext,
  id: string,
  size: number,
  status: number,
): RegistryResponse {
  const origin = behaviour.locations === "absolute" ? request.url.origin : "";
  // A query of the registry's own: who closes the session must add to it, not replace it.
  const location = `${origin}/v2/${route.path}/blobs/uploads/${id}?_state=${id.slice(0, 8)}`;
  return answer(status, { location, "docker-upload-uuid": id, ...rangeOf(size) });
}

function rangeOf(size: number): Readonly<Record<string, string>> {
  return { range: `0-${Math.max(0, size - 1)}` };
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function uploadUnknown(): RegistryResponse {
  return refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
}

function tooLarge(): RegistryResponse {
  return refusal(413, "SIZE_INVALID", "blob is larger than this registry takes");
}
