/**
 * What is in an image name: a registry's host, a path there, and a tag or a digest or both.
 *
 * People write names the short way (`nginx`), machines the whole way (`docker.io/library/nginx`);
 * a reference keeps all parts, and prints either way. The grammar is the distribution project's:
 *
 *     reference  := name [ ":" tag ] [ "@" digest ]
 *     name       := [ host "/" ] path
 *     host       := ( domain-component *( "." domain-component ) | "[" IPv6 "]" ) [ ":" port ]
 *     path       := component *( "/" component )
 *     component  := alnum+ *( separator alnum+ )          separator := "_" | "." | "__" | "-"+
 *     tag        := word *127( word | "." | "-" )
 *
 * Source: https://github.com/distribution/reference/blob/main/reference.go (read 2026-11).
 */

import { type Digest, isDigest } from "./digest.ts";
import { InvalidInput } from "./invalid-input.ts";
import { DOCKER_HUB_HOST, isDockerHub, isDockerHubFront, isDockerHubName } from "./registry-hosts.ts";

export type ImageReference = {
  /** Where it lives, in the letters it was written in: `docker.io`, `public.ecr.aws`, `localhost:5000`. */
  readonly host: string;
  /** The repository's path at that host: `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
};

/** "The maximum total number of characters in a repository name": of the path, `library/` included, the host not. */
const PATH_LENGTH_MAX = 255;
/** The grammar bounds no host; DNS does (253), and a port has 5 digits. */
const HOST_LENGTH_MAX = 259;

const ALNUM = "[a-z0-9]+";
const COMPONENT = `${ALNUM}(?:(?:\\.|_|__|-+)${ALNUM})*`;
const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";

const NAME = new RegExp(`^(?:(?<host>${HOST})/)?(?<path>${COMPONENT}(?:/${COMPONENT})*)$`);
const WHOLE_TAG = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

export function isTag(text: string): boolean {
  return WHOLE_TAG.test(text);
}

/** Reads a familiar or canonical image reference. Throws InvalidInput that says what is wrong with it. */
export function parseReference(text: string): ImageReference {
  const wrong = (expected: string): never => {
    throw new InvalidInput("image", `${expected}, got ${JSON.stringify(text.slice(0, 300))}`);
  };
  // Nothing longer can be one: host / path : tag @ digest. Keeps a megabyte of nonsense from the expressions below.
  if (text.length > HOST_LENGTH_MAX + 1 + PATH_LENGTH_MAX + 1 + 128 + 1 + 135)
    return wrong("an image reference, which is shorter");
  if (IDENTIFIER.test(text)) return wrong("a name, not a bare 64-digit image id");

  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    return wrong("a digest such as sha256:<64 hex digits> after @");

  // A colon after the last slash begins a tag; one before it belongs to the host's port.
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) return wrong("a tag of [A-Za-z0-9_.-], at most 128 characters");

  const { host, path } = splitHost(name);
  const canonical = `${host}/${path}`;
  if (NAME.exec(canonical)?.groups?.path !== path)
    return wrong("an image reference (lower-case repository path)");
  // The grammar accepts hosts and ports that cannot exist: `999.999.999.999`, `[::::1]`, `example.com:99999`.
  if (!URL.canParse(`https://${host}`)) return wrong("a registry host, with a port up to 65535");
  if (host.length > HOST_LENGTH_MAX) return wrong("a registry host of at most 253 characters and a port");
  if (path.length > PATH_LENGTH_MAX) return wrong("a repository path of at most 255 characters");
  return { host, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The reference that the text is, or undefined where it is not one. */
export function tryParseReference(text: unknown): ImageReference | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** The whole name: `docker.io/library/nginx:1.25@sha256:…`. */
export function canonicalName(reference: ImageReference): string {
  return `${repositoryName(reference)}${suffix(reference)}`;
}

/** The name as people write it: `nginx:1.25`. */
export function familiarName(reference: ImageReference): string {
  if (reference.host !== DOCKER_HUB_HOST) return canonicalName(reference);
  const official = /^library\/([^/]+)$/.exec(reference.path)?.[1];
  // A first component that reads as a host must keep the real host before it.
  const short = official ?? reference.path;
  const { host, path } = splitHost(short);
  const same = host === reference.host && path === reference.path && !IDENTIFIER.test(short);
  return `${same ? short : `${DOCKER_HUB_HOST}/${reference.path}`}${suffix(reference)}`;
}

/** Host and path without tag or digest: `docker.io/library/nginx`. */
export function repositoryName(reference: ImageReference): string {
  return `${reference.host}/${reference.path}`;
}

/** The repository that a text names, canonical; a text that is not a reference comes back as it is. */
export function repositoryOf(text: string): string {
  const reference = tryParseReference(text);
  return reference === undefined ? text : repositoryName(reference);
}

/** What to ask a registry for: the digest where there is one, else the tag, else `latest`. */
export function manifestName(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/** The same repository pinned to a digest, without a tag: what ECS documents as `repository@digest`. */
export function pinToDigest(reference: ImageReference, digest: Digest): ImageReference {
  return { host: reference.host, path: reference.path, digest };
}

/**
 * The name that an image behind another host of Docker Hub has at Docker Hub itself; undefined for every other image.
 * What is found under it is proved by digest, as everything is: a front could lead elsewhere tomorrow.
 */
export function dockerHubName(reference: ImageReference): ImageReference | undefined {
  if (!isDockerHubFront(reference.host)) return undefined;
  // Docker puts library/ before a name of one part, and its registry has such images nowhere else.
  const isOfficial = isDockerHub(reference.host) && !reference.path.includes("/");
  const path = isOfficial ? `library/${reference.path}` : reference.path;
  return { ...reference, host: DOCKER_HUB_HOST, path };
}

function suffix({ tag, digest }: ImageReference): string {
  return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function splitHost(name: string): { host: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const host = isHost ? first : DOCKER_HUB_HOST;
  const rest = isHost ? name.slice(slash + 1) : name;
  if (!isDockerHubName(host)) return { host, path: rest };
  return { host: DOCKER_HUB_HOST, path: rest.includes("/") ? rest : `library/${rest}` };
}
