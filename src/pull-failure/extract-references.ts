/**
 * The images and addresses that an error text names.
 *
 * A reference in the text says what was wanted; a URL says who answered, and often names the digest of one
 * platform's manifest: that gives the repository, never the tag.
 */

import { isDigest } from "../image/digest.ts";
import { type ImageReference, tryParseReference } from "../image/reference.ts";
import { DOCKER_HUB_REALM, isDockerHubContent } from "../image/registry-hosts.ts";
import { canonicalHost } from "../image/registry-owner.ts";

/** Docker Hub's pull limit counts manifests, its limit on all requests counts each of them. */
export type Resource = "manifests" | "blobs" | "token" | "ping";

/** A URL of the text, and what was answered there. */
export type Address = {
  readonly index: number;
  readonly end: number;
  readonly host: string;
  /** Repository of a `/v2/…/manifests/…` or `/blobs/…` address. */
  readonly path?: string;
  readonly tag?: string;
  /** The registry that the image is of, where a mirror was asked for it. */
  readonly mirrors?: string;
  /** What was asked for there; `ping` is `/v2/` itself. */
  readonly resource?: Resource;
  /** The HTTP status that the text reports for this address. */
  readonly status?: number;
  /** The text ends where a status would follow. */
  readonly cutBeforeStatus: boolean;
  /** URL and status as the text has them. */
  readonly quote: string;
};

export type NamedReference = {
  readonly index: number;
  readonly host?: string;
  readonly reference?: ImageReference;
};

const URL_START = /\bhttps?:\/\/(?:[^\s/?#"'<>@]*@)?([^\s/?#"'<>\\,;()@[\]…]+)([^\s"'<>]*)/gi;
const ADDRESSES_MAX = 200;

const STATUS_BEFORE =
  /unexpected (?:http )?status(?: code)?(?: from (?:get|head|post|put) request to)?:? ?["']?$/i;
const STATUS_AFTER =
  /^["'\])]*:? ?(?:(?:received )?unexpected (?:http )?status(?: code)?:? ?|(?:failed with )?status(?: code)?:? ?)?[[(]?(?:remote response:? ?)?(\d{3})?(?![\d.])[\])]?:? ?(too many requests|toomanyrequests\b)?/i;
/** Clients that name the status before the address: docker-py, npm's and Jib's way, atomic. */
const STATUS_FIRST =
  /(?:\b(?:code|status|error)?:? ?\(?([45]\d\d)\)?(?: (?:client|server) error)?:?(?: [a-z-]{1,20}){0,5},? (?:for )?url: ?["'(]?|\b([45]\d\d) [a-z -]{1,40}?-? ?(?:\[error\] )?(?:get|head) ["']?)$/i;
/** Nothing, or the beginning of 429: what a cut leaves after a URL. */
const CUT_STATUS = /^["':]*(?: ?(?:4|42)?)(?:\.{2,}|…)?[\s"'})\],-]*$/;

/** `pulling from host H failed with status code [manifests T]: 429` names a host without a URL. */
const HOST_STATUS =
  /pulling from host ([\w.:-]{1,255}) failed with (?:unexpected )?status(?: code)? \[manifests ([^\]\s]{1,200})(?:\]:? ?(\d{3})?|$)/gi;

/** Every address of the text with what was answered there, in order. */
export function addressesIn(text: string): readonly Address[] {
  const found: Address[] = [];
  for (const match of text.matchAll(URL_START)) {
    if (found.length === ADDRESSES_MAX) break;
    found.push(addressOf(text, match));
  }
  for (const match of text.matchAll(HOST_STATUS)) {
    if (found.length === ADDRESSES_MAX) break;
    const [quote, host = "", , status] = match;
    found.push({
      index: match.index,
      end: match.index + quote.length,
      host: canonicalHost(host),
      resource: "manifests",
      ...(status === undefined ? {} : { status: Number(status) }),
      cutBeforeStatus: status === undefined && match.index + quote.length === text.length,
      quote,
    });
  }
  return found.sort((a, b) => a.index - b.index);
}

function addressOf(text: string, match: RegExpExecArray): Address {
  const [whole, rawHost = "", rawRest = ""] = match;
  const end = match.index + whole.length;
  const elided = /\.{2,}:?$/.test(rawHost) || text.startsWith("…", end);
  const host = rawHost.replace(/[.:]+$/, "");
  const rest = rawRest.replace(/[:.,;)\]…]+$/, "");
  const after = text.slice(end, end + 120);
  const before = text.slice(Math.max(0, match.index - 120), match.index);
  const answer = STATUS_AFTER.exec(after);
  const first = STATUS_FIRST.exec(before);
  const number = answer?.[1] ?? (answer?.[2] === undefined ? (first?.[1] ?? first?.[2]) : "429");
  const status = number === undefined ? undefined : Number(number);
  const atEnd = end === text.length;
  // A host that the cut may have shortened is not used.
  const hostIsWhole = !atEnd || rest !== "" || elided;
  const waiting =
    STATUS_BEFORE.test(before) &&
    status === undefined &&
    (atEnd || (CUT_STATUS.test(after) && end + after.length === text.length));
  return {
    index: match.index,
    end,
    host: hostIsWhole ? canonicalHost(host) : "",
    ...(hostIsWhole ? resourceAt(host) : {}),
    ...resourceOf(rest, atEnd && !/[:"'\])]$/.test(whole)),
    ...mirroredHost(rest),
    ...(status === undefined || status < 400 || status > 599 ? {} : { status }),
    cutBeforeStatus: waiting && hostIsWhole,
    quote: `${whole}${status === undefined ? "" : (answer?.[0] ?? "")}`,
  };
}

/** What a host gives that has one thing alone to give. */
function resourceAt(host: string): Partial<Pick<Address, "resource">> {
  const plain = host.toLowerCase().replace(/:443$/, "");
  if (plain === DOCKER_HUB_REALM) return { resource: "token" };
  return isDockerHubContent(plain) ? { resource: "blobs" } : {};
}

/** containerd names to a mirror the registry whose image it asks for: `?ns=docker.io` (docs/hosts.md, read 2026-11). */
function mirroredHost(rest: string): Partial<Pick<Address, "mirrors">> {
  const host = /[?&]ns=([\w.-]{1,253}(?::\d{1,5})?)(?=&|$)/i.exec(rest)?.[1];
  return host === undefined ? {} : { mirrors: canonicalHost(host) };
}

function resourceOf(rest: string, mayBeCut: boolean): Partial<Pick<Address, "path" | "tag" | "resource">> {
  if (/^\/(?:v2\/)?(?:token|oauth2\/token|service\/token)\b/i.test(rest)) return { resource: "token" };
  if (/^\/v2\/?$/i.test(rest)) return mayBeCut ? {} : { resource: "ping" };
  if (!/^\/v2\//i.test(rest)) return {};
  for (const resource of ["manifests", "blobs"] as const) {
    const at = rest.toLowerCase().lastIndexOf(`/${resource}/`);
    if (at < 0) continue;
    const path = rest.slice("/v2/".length, at);
    const name = rest.slice(at + resource.length + 2);
    const isTag = resource === "manifests" && !mayBeCut && /^[A-Za-z0-9_][\w.-]{0,127}$/.test(name);
    return { resource, ...(path === "" ? {} : { path }), ...(isTag && !isDigest(name) ? { tag: name } : {}) };
  }
  return {};
}

type Place = {
  readonly pattern: RegExp;
  /** Whether a lone word (`nginx`) counts here; elsewhere it would be prose ("image has been…"). */
  readonly lone: boolean;
};

/** Where clients write the reference that they were asked for. */
const PLACES: readonly Place[] = [
  { pattern: /\bimage ["']([^\s"',]{1,600})["']/gi, lone: true },
  {
    pattern: /(?:failed to resolve ref(?:erence)?|metadata for) ["']?([^\s"',]{1,600})/gi,
    lone: true,
  },
  { pattern: /pull access denied for ([^\s"',]{1,600}),/gi, lone: true },
  // Ansible's docker_image, and docker-py before it: the name ends at a dash, or follows its tag.
  { pattern: /error pulling image ([^\s"',]{1,600}) - /gi, lone: true },
  { pattern: /error pulling image \((?<tag>[\w.-]{1,140})\) from ([^\s"',]{1,600})/gi, lone: true },
  { pattern: /\bto pull ["']([^\s"',]{1,600})["']/gi, lone: true },
  { pattern: /\bimage(?:name)?=["']?([^\s"',]{1,600})/gi, lone: false },
  // Compose, before the error: `Pulling web (acme/web:1)...`. A path alone follows "Pulling from".
  { pattern: /(?<!error )\bpulling [\w.-]{1,200} \(([^\s"',()]{1,600})\)/gi, lone: true },
  { pattern: /\bpulling (?:the latest version of |docker image:? )?["']?([^\s"',]{1,600})/gi, lone: false },
  {
    pattern:
      /\b(?:docker|podman|nerdctl|crictl|crane|finch) pull (?:-\S{1,60} ){0,5}["']?([^\s"',]{1,600})/gi,
    lone: false,
  },
  // A builder's steps; its instructions are in capitals.
  {
    pattern: /\b[Ss]tep \d{1,3}(?:\/\d{1,3})? ?: FROM (?:--platform=\S{1,60} )?([^\s"',]{1,600})/g,
    lone: true,
  },
  { pattern: /\btag (?<tag>[\w.-]{1,140}) not found in repository ([^\s"',]{1,600})/gi, lone: true },
  {
    pattern: /\b(?:unable to|could not) find (?:image )?["']?([^\s"',]{1,600})["']?(?: image)? locally/gi,
    lone: true,
  },
  // docker.io/library/openjdk: toomanyrequests: …
  {
    pattern: /(?<![^\s"'([])([^\s"'([,:/]{1,260}(?::\d{1,5})?\/[^\s"',]{1,400}): ["']?toomanyrequests/gi,
    lone: false,
  },
  { pattern: /\bmanifest for ["']?([^\s"',]{1,600})["']? not found/gi, lone: true },
  { pattern: /\bdocker:\/\/([^\s"',]{1,600})/gi, lone: true },
  { pattern: /\bmanifest (?<tag>[\w.:@-]{1,140}) in ([^\s"',]{1,600})/gi, lone: true },
  {
    pattern:
      /(?:flag value|trying to pull|error pulling(?! image)|failed to solve:|\bimage:?|repository|cannot pull|do request: (?:get|head)|error getting credentials for) ["']?([^\s"',]{1,600})/gi,
    lone: false,
  },
];
const REFERENCES_MAX = 100;

/** Every image reference that the text names in so many words, in order. */
export function referencesIn(text: string): readonly NamedReference[] {
  const found: NamedReference[] = [];
  for (const { pattern, lone } of PLACES) {
    for (const match of text.matchAll(pattern)) {
      if (found.length === REFERENCES_MAX) break;
      const written = match.at(-1) ?? "";
      // Text that stops inside a name has lost the rest of it.
      if (match.index + match[0].length === text.length && match[0].endsWith(written)) {
        const host = hostIn(written);
        if (host !== undefined) found.push({ index: match.index, host });
        continue;
      }
      const name = written.replace(/[:.;)\]]+$/, "");
      const tag = match.groups?.tag;
      const named = namedReference(tag === undefined || isDigest(tag) ? name : `${name}:${tag}`, lone);
      if (named !== undefined) found.push({ index: match.index, ...named });
    }
  }
  return found.filter((one) => !isPathOfAnother(one, found)).sort((a, b) => a.index - b.index);
}

/** A proxy's cache names the path below its own host, which may begin as a host does: `docker.io/library/python` of harbor.example.com. */
function isPathOfAnother({ reference }: NamedReference, all: readonly NamedReference[]): boolean {
  if (reference === undefined || reference.tag !== undefined || reference.digest !== undefined) return false;
  const path = `/${reference.host}/${reference.path}`;
  return all.some(
    (other) => other.reference?.path !== undefined && `/${other.reference.path}`.endsWith(path),
  );
}

function namedReference(written: string, lone: boolean): Omit<NamedReference, "index"> | undefined {
  if (/^https?:/i.test(written)) return undefined;
  const reference = tryParseReference(written);
  if (reference !== undefined && (lone || /[/:@]/.test(written)))
    return { reference, host: canonicalHost(reference.host) };
  const host = hostIn(written);
  return host === undefined ? undefined : { host };
}

/** The host of a name that is masked, broken or cut after its host. */
function hostIn(written: string): string | undefined {
  const host = written.slice(0, Math.max(0, written.indexOf("/")));
  return /^(?:localhost(?::\d{1,5})?|[\w*-]{1,63}(?:\.[\w*-]{1,63}){1,20}(?::\d{1,5})?|[\w-]{1,63}:\d{1,5}|\[[\da-f:]{2,45}\](?::\d{1,5})?)$/i.test(
    host,
  )
    ? canonicalHost(host)
    : undefined;
}
