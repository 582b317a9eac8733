/**
 * Where a registry really is, and how far a credential for it may travel.
 *
 * A name in a reference is not yet an address: Docker Hub answers elsewhere, and settings may map a host to a mirror.
 * Whatever an answer points at, a token realm or a redirect, is judged here before it is followed.
 */

import { AWS_DOMAINS, isS3Host } from "../../image/ecr-hosts.ts";
import { isAllowed, isNamed } from "../../image/known-registries.ts";
import {
  DOCKER_HUB_REALM,
  DOCKER_HUB_SERVER,
  isDockerHub,
  namesOfRegistry,
  registryOf,
} from "../../image/registry-hosts.ts";
import type { Reach } from "./address-guard.ts";
import { kindOfAddress } from "./address-kind.ts";

export type RegistryAddress = {
  /** As the reference names it: what rules and messages go by. */
  readonly host: string;
  /** Where requests go, without a slash at its end. */
  readonly base: URL;
  /** The registry is on loopback by the user's own word, or by a mapping: only then may anything else of it be. */
  readonly loopback: boolean;
  /** Whose login is shown there: an endpoint sees its own login, unless the settings say otherwise. */
  readonly loginOf: string;
  /** How far a connection to a URL of this registry, or to which it points, may go. */
  readonly reachOf: (url: URL) => Reach;
};

/** An address that is used instead of a registry's own. */
export type Endpoint = {
  readonly url: string;
  /** The registry's own login is shown there. Default: not. */
  readonly sendCredentials?: boolean;
};

/** By the host that references name: an address alone is an endpoint that sees no login of the registry's. */
export type Endpoints = ReadonlyMap<string, Endpoint | string>;

/** Which registries may be asked, and where. Without one: whatever the caller names, but for the loopback of others. */
export type RegistryRules = {
  /** Hosts, `*.` patterns and `well-known`. */
  readonly allowed: readonly string[];
  /** Whether addresses of private networks are reached for hosts that the list does not name. */
  readonly mayReachPrivate: boolean;
};

/** The address behind a reference's host. `endpoints` maps hosts to the URLs that are used instead. */
export function addressOf(
  host: string,
  endpoints: Endpoints = new Map(),
  rules?: RegistryRules,
): RegistryAddress {
  const found = namesOfRegistry(host)
    .map((name) => endpoints.get(name))
    .find((endpoint) => endpoint !== undefined);
  const mapped = typeof found === "string" ? { url: found } : found;
  const server = isDockerHub(host) ? DOCKER_HUB_SERVER : host;
  const isLocal = isLoopbackHost(new URL(`https://${server}`).hostname);
  const base = new URL(mapped?.url ?? `${isLocal ? "http" : "https"}://${server}`);
  const loopback = mapped !== undefined || isLocal;
  return {
    host,
    base,
    loopback,
    loginOf: mapped === undefined || mapped.sendCredentials === true ? host : base.host,
    reachOf: (url) => {
      if (rules === undefined || rules.mayReachPrivate) return loopback ? "loopback" : "private";
      const isNamedHere =
        (mapped !== undefined && url.hostname === base.hostname) || isNamed(url.host, rules.allowed);
      return isNamedHere ? "loopback" : isOfAws(url.hostname) ? "private" : "public";
    },
  };
}

/** Whether a registry may be queried at all: the list allows it, or the settings map it to an endpoint. */
export function isAllowedHost(host: string, endpoints: Endpoints, rules: RegistryRules | undefined): boolean {
  if (rules === undefined || isAllowed(host, rules.allowed)) return true;
  return namesOfRegistry(host).some((name) => endpoints.has(name));
}

/** AWS's names resolve to private addresses where a VPC has endpoints for them, and only AWS can register them. */
function isOfAws(hostname: string): boolean {
  return registryOf(hostname).kind === "ecr" || isS3Host(hostname);
}

/** Whether a credential may be shown there: the registry's own origin, encrypted or not leaving the machine. */
export function maySendCredentials({ base }: RegistryAddress, url: URL): boolean {
  return url.origin === base.origin && isEncrypted(url);
}

/** Why a redirect or an upload location may not be followed; undefined where it may. */
export function redirectBlockReason(address: RegistryAddress, url: URL): string | undefined {
  if (url.username !== "" || url.password !== "") return "it carries a password";
  if (url.protocol !== "https:" && url.protocol !== "http:") return `its scheme is ${url.protocol}`;
  if (url.origin === address.base.origin) return undefined;
  if (isLoopbackHost(url.hostname) && !address.loopback) return "it points at a loopback address";
  if (!isEncrypted(url)) return "it leaves encryption for plain HTTP";
  return undefined;
}

/** Why no token may be requested there, not even anonymously; undefined where it may. */
export function realmBlockReason(address: RegistryAddress, realm: URL): string | undefined {
  const because = redirectBlockReason(address, realm);
  if (because !== undefined) return because;
  return isEncrypted(realm) ? undefined : "it is plain HTTP";
}

/** Why no password goes to a realm; undefined where one may. What a publisher's own name fronts has its realm elsewhere. */
export function passwordBlockReason(address: RegistryAddress, realm: URL): string | undefined {
  if (realm.hostname === address.base.hostname) return undefined;
  if (isLoopbackHost(realm.hostname)) return undefined;
  if (isDockerHub(address.host)) {
    return realm.host === DOCKER_HUB_REALM ? undefined : `Docker Hub's tokens come from ${DOCKER_HUB_REALM}`;
  }
  const named = new URL(`https://${address.host}`).hostname;
  const kin = [named, address.base.hostname].some((own) => sameOrganization(own, realm.hostname));
  return kin ? undefined : "it belongs to another domain";
}

/** `localhost`, 127.0.0.0/8 and ::1, as URLs spell them. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return kindOfAddress(name.replace(/^\[|\]$/g, "")) === "loopback";
}

function isEncrypted(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/**
 * Domains that many customers share: a neighbour there is a stranger. The public suffix list would be complete; a domain
 * that is missing here makes the rules below refuse a neighbour's realm, or costs a message.
 */
const SHARED_DOMAINS =
  /^(?:(?:ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}|(?:.+\.)?(?:aws\.com|azurecr\.io|azurecr\.cn|azurewebsites\.net|azure\.com|windows\.net|cloudapp\.net|cloudfront\.net|gcr\.io|pkg\.dev|run\.app|appspot\.com|github\.io|gitlab\.io|herokuapp\.com|pages\.dev|workers\.dev|fly\.dev|vercel\.app|netlify\.app|onrender\.com|ngrok\.io|ngrok\.app|r2\.dev|digitaloceanspaces\.com|ondigitalocean\.app|sslip\.io|nip\.io))$/;

/** A registry and a realm of one organization: one above the other (`registry.gitlab.com`, `gitlab.com`), or side by side. */
function sameOrganization(own: string, realm: string): boolean {
  if (own === realm) return true;
  const parent = own.slice(own.indexOf(".") + 1);
  const isDomain = /[a-z]/i.test(parent.slice(parent.lastIndexOf(".") + 1));
  if (!isDomain || !parent.includes(".") || isShared(parent)) return false;
  return realm === parent || realm.endsWith(`.${parent}`);
}

function isShared(domain: string): boolean {
  return (
    SHARED_DOMAINS.test(domain) || AWS_DOMAINS.some((aws) => domain === aws || domain.endsWith(`.${aws}`))
  );
}
