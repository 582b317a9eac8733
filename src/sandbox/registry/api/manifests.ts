/** Manifests, tags and what refers to a manifest: asked for, stored, listed, removed. */

import { strict as assert } from "node:assert";
import { digestOf, isDigest } from "../../../image/digest.ts";
import type { RegistryResponse } from "../../../oci/http/transport.ts";
import { DOCKER_MANIFEST, isList, isManifestType, OCI_INDEX, OCI_MANIFEST } from "../media-types.ts";
import { pullSource } from "../pull-limit.ts";
import { linksOf, matches, parsed, type Repository, type StoredManifest } from "../storage.ts";
import { manifestUnknown, missing, nameUnknown } from "./error-bodies.ts";
import type { RequestContext } from "./request-context.ts";
import { answer, bytesOf, jsonAnswer, refusal } from "./response.ts";

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Answers GET and HEAD of a manifest; a GET that succeeds is a counted pull. */
export function serveManifest(context: RequestContext, method: "GET" | "HEAD"): RegistryResponse {
  const { contents, route, behaviour, pullLimit } = context;
  const source = pullSource(context.identity, context.address);
  const limited = pullLimit.refuse(method, source);
  if (limited !== undefined) return limited;

  const repository = contents.repository(route.path);
  if (repository === undefined) return nameUnknown(context);
  const stored = contents.manifest(route.path, route.name);
  const refusesArchived = method === "GET" || behaviour.headOfArchived === "refuses";
  if (stored === undefined || (repository.archived.has(stored.digest) && refusesArchived))
    return manifestUnknown(context);
  const served = asAccepted(context, stored);
  if (served === undefined) {
    const message = "manifest found, but the accept header does not allow its media type";
    return refusal(404, "MANIFEST_UNKNOWN", message, {}, { mediaType: stored.mediaType });
  }
  if (method === "GET") {
    pullLimit.spend(source, 1);
    repository.pulledAt.set(stored.digest, context.clock.now());
  }
  const headers = {
    "content-type": served.mediaType,
    "docker-content-digest": served.digest,
    "docker-distribution-api-version": "registry/2.0",
    etag: `"${served.digest}"`,
    ...pullLimit.headersFor(source),
  };
  return answer(200, headers, served.bytes);
}

/** What a request by tag gets: the stored manifest, or ECR's conversion of it. By digest nothing is ever converted. */
function asAccepted(
  { request, route, behaviour }: RequestContext,
  stored: StoredManifest,
): StoredManifest | undefined {
  const accept = request.headers.accept ?? "*/*";
  const accepted = accept.split(",").map((type) => type.split(";")[0]?.trim());
  if (isDigest(route.name) || accepted.includes("*/*") || accepted.includes(stored.mediaType)) return stored;
  if (!behaviour.convertsByTag) return undefined;
  return stored.mediaType === OCI_MANIFEST && accepted.includes(DOCKER_MANIFEST) ? converted(stored) : stored;
}

/** The same image in docker's words: other bytes, and so another digest. */
function converted({ bytes }: StoredManifest): StoredManifest {
  const text = new TextDecoder()
    .decode(bytes)
    .replaceAll(OCI_MANIFEST, DOCKER_MANIFEST)
    .replaceAll("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
    .replaceAll(
      "application/vnd.oci.image.layer.v1.tar+gzip",
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    );
  const manifest = { ...parsed(new TextEncoder().encode(text)), mediaType: DOCKER_MANIFEST };
  const written = new TextEncoder().encode(JSON.stringify(manifest));
  return { bytes: written, mediaType: DOCKER_MANIFEST, digest: digestOf(written) };
}

/** Stores a manifest under its digest and, if it is put by one, a tag. What it names must be there first. */
export async function storeManifest(context: RequestContext): Promise<RegistryResponse> {
  const { contents, request, route, behaviour } = context;
  const bytes = await bytesOf(request, behaviour.manifestBytesMax);
  if (bytes === "too-large") return refusal(413, "MANIFEST_INVALID", "manifest is too large");
  const repository = repositoryToPush(context);
  const manifest = parsed(bytes);
  const mediaType = request.headers["content-type"]?.split(";")[0]?.trim() ?? String(manifest?.mediaType);
  if (manifest === undefined || !isManifestType(mediaType))
    return refusal(400, "MANIFEST_INVALID", "manifest invalid");
  if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType) {
    return refusal(400, "MANIFEST_INVALID", "mediaType does not match the content type");
  }

  const byDigest = isDigest(route.name);
  const digest = isDigest(route.name) ? route.name : digestOf(bytes);
  if (byDigest && !matches(digest, bytes)) return otherDigest(context);
  if (!byDigest && !TAG.test(route.name))
    return refusal(400, "TAG_INVALID", "manifest tag did not match URI");
  const links = linksOf(manifest);
  const absentBlobs = links.blobs.filter((blob) => !repository.blobs.has(blob));
  if (absentBlobs.length > 0) return missing(context, "Layers", absentBlobs);
  const absentChildren = links.children.filter((child) => !repository.manifests.has(child));
  if (absentChildren.length > 0) return missing(context, "Images", absentChildren);
  if (!byDigest && repository.immutableTags && repository.tags.has(route.name))
    return tagIsImmutable(context);

  if (!repository.manifests.has(digest)) repository.pushedAt.set(digest, context.clock.now());
  contents.putManifest(route.path, bytes, mediaType, digest);
  if (!byDigest) repository.tags.set(route.name, digest);
  const subject = behaviour.referrers && links.subject !== undefined ? { "oci-subject": links.subject } : {};
  const location = `${behaviour.locations === "absolute" ? request.url.origin : ""}/v2/${route.path}/manifests/${digest}`;
  return answer(201, { location, "docker-content-digest": digest, ...subject });
}

/** The repository that a push goes to. Where pushes do not create it, it was looked for before. */
function repositoryToPush({ contents, route }: RequestContext): Repository {
  contents.createRepository(route.path);
  const repository = contents.repository(route.path);
  assert(repository !== undefined, "the repository was just created");
  return repository;
}

// ECR's sentence: google/go-containerregistry#1568.
function otherDigest({ registry, route }: RequestContext): RegistryResponse {
  if (registry.kind !== "ecr")
    return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  const message = `The image with digest '${route.name}' in repository '${route.path}' and registry ID '${registry.host.split(".")[0]}' does not match the image digest that Amazon ECR has calculated.`;
  return refusal(400, "MANIFEST_INVALID", message);
}

// For an equal digest too: aws/containers-roadmap#2380.
function tagIsImmutable({ route }: RequestContext): RegistryResponse {
  const message = `The image tag '${route.name}' already exists in the '${route.path}' repository and cannot be overwritten because the tag is immutable.`;
  return refusal(400, "TAG_INVALID", message);
}

/** Removes a tag, or by digest a manifest with all its tags. */
export function deleteManifest(context: RequestContext): RegistryResponse {
  const { contents, route, behaviour } = context;
  if (!behaviour.deletes) return refusal(405, "UNSUPPORTED", "The operation is unsupported.");
  const repository = contents.repository(route.path);
  if (repository === undefined) return nameUnknown(context);
  const stored = contents.manifest(route.path, route.name);
  if (stored === undefined) return manifestUnknown(context);
  if (isDigest(route.name)) {
    repository.manifests.delete(stored.digest);
    for (const [tag, digest] of repository.tags) if (digest === stored.digest) repository.tags.delete(tag);
  } else {
    repository.tags.delete(route.name);
  }
  return answer(202);
}

/** The tags of a repository in the order of their names, in pages if `n` is given. */
export function listTags(context: RequestContext): RegistryResponse {
  const { contents, request, route } = context;
  const repository = contents.repository(route.path);
  if (repository === undefined) return nameUnknown(context);
  const { page, headers } = paged([...repository.tags.keys()].sort(), request.url);
  return jsonAnswer(200, { name: route.path, tags: page }, headers);
}

/** The repositories of the whole registry, in pages if `n` is given. */
export function listRepositories({ contents, request, behaviour }: RequestContext): RegistryResponse {
  if (!behaviour.catalog) return refusal(405, "UNSUPPORTED", "The operation is unsupported.");
  const { page, headers } = paged(contents.repositories(), request.url);
  return jsonAnswer(200, { repositories: page }, headers);
}

function paged(
  all: readonly string[],
  url: URL,
): { page: readonly string[]; headers: Readonly<Record<string, string>> } {
  const last = url.searchParams.get("last");
  const after = last === null ? all : all.filter((name) => name > last);
  const asked = Number(url.searchParams.get("n") ?? after.length);
  const page = after.slice(0, Number.isSafeInteger(asked) && asked >= 0 ? asked : after.length);
  const end = page.at(-1);
  if (page.length === after.length || end === undefined) return { page, headers: {} };
  const next = `${url.pathname}?n=${asked}&last=${encodeURIComponent(end)}`;
  return { page, headers: { link: `<${next}>; rel="next"` } };
}

/** The manifests whose subject is this one: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers */
export function listReferrers({ contents, request, route, behaviour }: RequestContext): RegistryResponse {
  if (!behaviour.referrers) return refusal(404, "UNSUPPORTED", "The operation is unsupported.");
  if (!isDigest(route.name)) return refusal(400, "DIGEST_INVALID", "invalid digest");
  const wanted = request.url.searchParams.get("artifactType");
  const manifests = contents.referrers(route.path, route.name).map(({ bytes, digest, mediaType }) => {
    const { artifactType, config, annotations } = parsed(bytes) ?? {};
    const configType =
      typeof config === "object" && config !== null && "mediaType" in config ? config.mediaType : undefined;
    const type = artifactType ?? (isList(mediaType) ? undefined : configType);
    return {
      mediaType,
      digest,
      size: bytes.length,
      ...(type === undefined ? {} : { artifactType: type }),
      ...(annotations === undefined ? {} : { annotations }),
    };
  });
  const kept = wanted === null ? manifests : manifests.filter(({ artifactType }) => artifactType === wanted);
  const filtered = wanted === null ? {} : { "oci-filters-applied": "artifactType" };
  return jsonAnswer(
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: kept },
    { "content-type": OCI_INDEX, ...filtered },
  );
}
