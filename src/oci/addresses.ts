/**
 * Where a registry really is, and how far a credential for it may travel.
 *
 * A name in a reference is not yet an address: Docker Hub answers elsewhere, and owners may map a host to a
 * mirror of theirs. Whatever an answer points at, a token realm or a redirect, is judged here before it is followed.
 */

import { isIPv4, isIPv6 } from "node:net";
import { AWS_DOMAINS } from "../image/ecr-hosts.ts";
import { DOCKER_HUB_REALM, DOCKER_HUB_SERVER, isDockerHub, namesOfRegistry } from "../image/hosts.ts";

export type RegistryAddress = {
  /** As the reference names it: what rules and messages go by. */
  readonly host: string;
  /** Where requests go, without a slash at its end. */
  readonly base: URL;
  /** The registry is on loopback by the user's own word, or by a mapping: only then may anything else of it be. */
  readonly loopback: boolean;
};

/** The address behind a reference's host. `endpoints` maps hosts to the URLs that stand in for them. */
export function addressOf(host: string, endpoints: ReadonlyMap<string, string> = new Map()): RegistryAddress {
  const mapped = namesOfRegistry(host)
    .map((name) => endpoints.get(name))
    .find((url) => url !== undefined);
  if (mapped !== undefined) return { host, base: new URL(mapped), loopback: true };
  if (isDockerHub(host)) return { host, base: new URL(`https://${DOCKER_HUB_SERVER}`), loopback: false };
  const loopback = isLoopbackHost(new URL(`https://${host}`).hostname);
  return { host, base: new URL(`${loopback ? "http" : "https"}://${host}`), loopback };
}

/** Whether a credential may be shown there: the registry's own origin, encrypted or not leaving the machine. */
export function mayCarryCredentials({ base }: RegistryAddress, url: URL): boolean {
  return url.origin === base.origin && isPrivateOnTheWay(url);
}

/** Why a redirect or an upload location may not be followed; undefined where it may. */
export function whyNotFollow(address: RegistryAddress, url: URL): string | undefined {
  if (url.username !== "" || url.password !== "") return "it carries a password";
  if (url.protocol !== "https:" && url.protocol !== "http:") return `its scheme is ${url.protocol}`;
  if (url.origin === address.base.origin) return undefined;
  if (isLoopbackHost(url.hostname) && !address.loopback) return "it points at a loopback address";
  if (!isPrivateOnTheWay(url)) return "it leaves encryption for plain HTTP";
  return undefined;
}

/** Why a token may not be asked for there, by nobody either; undefined where it may. */
export function whyNotRealm(address: RegistryAddress, realm: URL): string | undefined {
  const because = whyNotFollow(address, realm);
  if (because !== undefined) return because;
  return isPrivateOnTheWay(realm) ? undefined : "it is plain HTTP";
}

/** Why no password goes to a realm; undefined where one may. What a publisher's own name fronts has its realm elsewhere. */
export function whyNoPassword(address: RegistryAddress, realm: URL): string | undefined {
  if (realm.hostname === address.base.hostname) return undefined;
  if (isLoopbackHost(realm.hostname)) return undefined;
  if (isDockerHub(address.host)) {
    return realm.host === DOCKER_HUB_REALM ? undefined : `Docker Hub's tokens come from ${DOCKER_HUB_REALM}`;
  }
  const named = new URL(`https://${address.host}`).hostname;
  const kin = [named, address.base.hostname].some((own) => belongTogether(own, realm.hostname));
  return kin ? undefined : "it belongs to another domain";
}

/** `localhost`, 127.0.0.0/8 and ::1, as URLs spell them. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isLoopbackAddress(name.replace(/^\[|\]$/g, ""));
}

/** 127.0.0.0/8, ::1, and the same in IPv4-mapped form. */
export function isLoopbackAddress(address: string): boolean {
  const v4 = asIPv4(address);
  if (v4 !== undefined) return v4.startsWith("127.");
  return isIPv6(address) && /^(?:0{0,4}:){1,7}0{0,3}1$/.test(address);
}

/** Addresses that no registry has: link-local, where clouds keep their instance credentials, and "this host". */
export function isForbiddenAddress(address: string): boolean {
  const v4 = asIPv4(address);
  if (v4 !== undefined) return v4.startsWith("169.254.") || v4.startsWith("0.");
  const v6 = address.toLowerCase();
  // fd00:ec2::254 is the EC2 metadata service, fd00:ec2::23 the EKS one, in IPv6.
  return /^fe[89ab][0-9a-f]:/.test(v6) || /^fd00:0?ec2:/.test(v6) || /^[0:]+$/.test(v6);
}

function asIPv4(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (hex === null) return undefined;
  const [high, low] = [Number.parseInt(hex[1] ?? "", 16), Number.parseInt(hex[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function isPrivateOnTheWay(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/**
 * Domains that many owners share: a neighbour there is a stranger. The public suffix list would be the whole
 * answer; what is missing here can only refuse to be a neighbour's realm by the rules below, or costs a message.
 */
const SHARED_DOMAINS =
  /^(?:(?:ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}|(?:.+\.)?(?:aws\.com|azurecr\.io|azurecr\.cn|azurewebsites\.net|azure\.com|windows\.net|cloudapp\.net|cloudfront\.net|gcr\.io|pkg\.dev|run\.app|appspot\.com|github\.io|gitlab\.io|herokuapp\.com|pages\.dev|workers\.dev|fly\.dev|vercel\.app|netlify\.app|onrender\.com|ngrok\.io|ngrok\.app|r2\.dev|digitaloceanspaces\.com|ondigitalocean\.app|sslip\.io|nip\.io))$/;

/** A registry and a realm of one owner: one above the other (`registry.gitlab.com`, `gitlab.com`), or side by side. */
function belongTogether(own: string, realm: string): boolean {
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
