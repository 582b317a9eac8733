/**
 * How an ECS agent pulls an image, in a handful of requests that any registry can answer.
 *
 * The tag is resolved by a HEAD, which is free at Docker Hub; then the manifests are fetched by digest, which
 * is what is counted; then the config and the layers. Every byte is checked against its digest. Whatever is
 * refused comes back as a value with what the registry said, for ECS to word it (`pull-error-messages.ts`).
 */

import { Buffer } from "node:buffer";
import { getObject, getObjects, getString, isObject } from "../../../ecs/json-fields.ts";
import { type Digest, digestOf, isDigest } from "../../../image/digest.ts";
import { type Platform, platformMatches, printPlatform } from "../../../image/platform.ts";
import { type ImageReference, manifestName } from "../../../image/reference.ts";
import { DOCKER_HUB_HOST, DOCKER_HUB_SERVER } from "../../../image/registry-hosts.ts";
import type { RegistryResponse, Send } from "../../../oci/http/transport.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";

export type PullRefusal =
  | {
      readonly kind: "answered";
      readonly method: "HEAD" | "GET";
      readonly url: string;
      readonly status: number;
      /** The registry's error as clients print it, `toomanyrequests: You have…`; a body that is not JSON comes as it is. */
      readonly said?: string;
      readonly saidInJson: boolean;
    }
  | {
      readonly kind: "unreachable";
      readonly method: "HEAD" | "GET";
      readonly url: string;
      readonly because: string;
    }
  | { readonly kind: "no-platform"; readonly platform: string }
  /** The one manifest there is, or that was asked for, is for another build of Windows than the host's. */
  | { readonly kind: "other-build"; readonly image: string; readonly host: string }
  | { readonly kind: "corrupt"; readonly url: string };

export type Pull =
  | {
      readonly kind: "pulled";
      readonly digest: Digest;
      readonly bytes: number;
      /** One manifest without an index is pulled whatever it is for: it cannot be executed then. */
      readonly isOfOtherArchitecture?: true;
    }
  | { readonly kind: "refused"; readonly digest?: Digest; readonly refusal: PullRefusal };

/** `user:password`, as Basic authentication wants it. */
export type PullCredentials = { readonly user: string; readonly password: string };

/** What a container runs on: of Windows the build as well, `10.0.20348`, because only that build runs there. */
export type HostPlatform = Platform & { readonly build?: string };

export type PullRequest = {
  readonly reference: ImageReference;
  /** What an earlier task of the deployment resolved the tag to. */
  readonly known?: Digest;
  readonly platform: HostPlatform;
  readonly send: Send;
  readonly credentials?: PullCredentials;
  /** A refused HEAD has no words: Docker asks again with a GET to hear them, containerd does not. */
  readonly asksAgain?: boolean;
};

const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** The refusal on its way out of a pull: nothing but `pullImage` sees it. */
class Refused extends Error {
  readonly refusal: PullRefusal;
  constructor(refusal: PullRefusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** Pulls one image as an agent would; never throws for what a registry answers. */
export async function pullImage(request: PullRequest): Promise<Pull> {
  const { reference, platform } = request;
  const ask = asker(request);
  const base = `https://${apiHost(reference.host)}/v2/${reference.path}`;
  let digest = reference.digest ?? request.known;
  try {
    digest ??= await resolve(`${base}/manifests/${manifestName(reference)}`, ask, request.asksAgain ?? false);
    let bytes = 0;
    const fetch = async (part: "manifests" | "blobs", wanted: Digest): Promise<Uint8Array> => {
      const url = `${base}/${part}/${wanted}`;
      const fetched = await wholeBody(await ask("GET", url)).catch((error: unknown) => {
        throw new Refused({ kind: "unreachable", method: "GET", url, because: wordsOf(error) });
      });
      if (digestOf(fetched) !== wanted) throw new Refused({ kind: "corrupt", url });
      bytes += fetched.length;
      return fetched;
    };

    const top = jsonIn(await fetch("manifests", digest));
    const manifest = await imageFor(top, platform, async (part, wanted) => jsonIn(await fetch(part, wanted)));
    if (manifest === undefined) throw new Refused({ kind: "no-platform", platform: printPlatform(platform) });
    const { digest: config } = getObject(manifest, "config") ?? {};
    const stated = isDigest(config) ? jsonIn(await fetch("blobs", config)) : {};
    refuseOtherBuild(stated, platform);
    for (const { digest: blob } of getObjects(manifest, "layers")) {
      if (isDigest(blob)) await fetch("blobs", blob);
    }
    const isOther = manifest === top && !canExecute(platformOf(stated), platform);
    return { kind: "pulled", digest, bytes, ...(isOther ? { isOfOtherArchitecture: true } : {}) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: "refused", refusal: error.refusal, ...(digest === undefined ? {} : { digest }) };
  }
}

/**
 * The image of a manifest that runs on a host: itself, or the one that an index lists, or an index inside it. Where the
 * index names no platform, the images' own configs do, as containerd reads them:
 * https://github.com/containerd/containerd/blob/main/core/images/image.go (Manifest).
 */
async function imageFor(
  manifest: JsonObject,
  host: HostPlatform,
  read: (part: "manifests" | "blobs", digest: Digest) => Promise<JsonObject>,
): Promise<JsonObject | undefined> {
  if (!("manifests" in manifest)) return manifest;
  for (const child of getObjects(manifest, "manifests")) {
    const digest = getString(child, "digest");
    const named = getObject(child, "platform");
    if (!isDigest(digest) || (named !== undefined && !runsOn(named, host))) continue;
    const inner = await read("manifests", digest);
    if ("manifests" in inner) {
      const image = await imageFor(inner, host, read);
      if (image !== undefined) return image;
      continue;
    }
    const { digest: config } = getObject(inner, "config") ?? {};
    if (named !== undefined || (isDigest(config) && runsOn(await read("blobs", config), host))) return inner;
  }
  return undefined;
}

function runsOn(stated: JsonObject, host: HostPlatform): boolean {
  const isBuild = host.build === undefined || buildOf(stated["os.version"]) === host.build;
  return platformMatches(host, platformOf(stated)) && isBuild;
}

/** What a kernel of Linux executes, by the machine's architecture; of others it is not known here. */
const EXECUTABLE: Readonly<Partial<Record<string, readonly string[]>>> = {
  amd64: ["amd64", "386"],
  arm64: ["arm64", "arm"],
};

function canExecute(image: Platform, host: HostPlatform): boolean {
  if (image.os !== "linux" || host.os !== "linux" || image.architecture === "unknown") return true;
  return EXECUTABLE[host.architecture]?.includes(image.architecture) ?? true;
}

/** As the Docker daemon words it: moby, daemon/images/image_pull.go and distribution/pull_v2_windows.go. */
function refuseOtherBuild(config: JsonObject, { build }: HostPlatform): void {
  const image = buildOf(config["os.version"]);
  if (build !== undefined && image !== undefined && image !== build)
    throw new Refused({ kind: "other-build", image, host: build });
}

/** `10.0.20348` of `10.0.20348.2762`. */
function buildOf(version: Json | undefined): string | undefined {
  return typeof version === "string" ? version.split(".").slice(0, 3).join(".") : undefined;
}

/** The digest of a tag. */
async function resolve(url: string, ask: Ask, asksAgain: boolean): Promise<Digest> {
  const head = ask("HEAD", url);
  const answer = asksAgain ? await head.catch(() => ask("GET", url)) : await head;
  answer.body.destroy();
  const named = answer.headers["docker-content-digest"];
  if (!isDigest(named)) throw new Refused({ kind: "corrupt", url });
  return named;
}

/** Docker Hub's API is served by another host than the one in its images' names. */
function apiHost(host: string): string {
  return host === DOCKER_HUB_HOST ? DOCKER_HUB_SERVER : host;
}

type Ask = (method: "HEAD" | "GET", url: string) => Promise<RegistryResponse>;

/** Asks with the token that the registry's challenge leads to, kept for the rest of the pull. */
function asker({ send, credentials }: PullRequest): Ask {
  let authorization: string | undefined;

  const once = async (method: "HEAD" | "GET", url: string, header?: string): Promise<RegistryResponse> => {
    try {
      return await send({
        method,
        url: new URL(url),
        headers: { accept: ACCEPT, ...(header === undefined ? {} : { authorization: header }) },
      });
    } catch (error) {
      throw new Refused({
        kind: "unreachable",
        method,
        url,
        because: wordsOf(error),
      });
    }
  };

  return async (method, url) => {
    let answer = await once(method, url, authorization);
    if (answer.status === 401) {
      authorization = await answerTo(answer.headers["www-authenticate"] ?? "", credentials, once);
      if (authorization !== undefined) {
        answer.body.destroy();
        answer = await once(method, url, authorization);
      }
    }
    const location = answer.headers.location;
    if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
      answer.body.destroy();
      answer = await once(method, new URL(location, url).href);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Refused({ kind: "answered", method, url, status: answer.status, ...(await words(answer)) });
  };
}

/** The authorization that satisfies a challenge, if one can be had. */
async function answerTo(
  challenge: string,
  credentials: PullCredentials | undefined,
  once: (method: "GET", url: string, header?: string) => Promise<RegistryResponse>,
): Promise<string | undefined> {
  const basic =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
  if (/^basic\b/i.test(challenge)) return basic;
  const parameters = new Map(
    [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [name, value]),
  );
  const realm = parameters.get("realm");
  if (!/^bearer\b/i.test(challenge) || realm === undefined) return undefined;
  const url = new URL(realm);
  for (const name of ["service", "scope"]) {
    const value = parameters.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const answer = await once("GET", url.href, basic);
  if (answer.status !== 200) {
    throw new Refused({
      kind: "answered",
      method: "GET",
      url: url.href,
      status: answer.status,
      ...(await words(answer)),
    });
  }
  const { token, access_token: other } = jsonIn(await wholeBody(answer).catch(() => new Uint8Array()));
  return `Bearer ${String(token ?? other)}`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an error's body says, as docker and containerd print it. */
async function words(answer: RegistryResponse): Promise<{ said?: string; saidInJson: boolean }> {
  // Words that break off say nothing.
  const text = new TextDecoder().decode(await wholeBody(answer).catch(() => new Uint8Array())).trim();
  const [first] = getObjects(jsonIn(new TextEncoder().encode(text)), "errors");
  if (first !== undefined) {
    const code = (getString(first, "code") ?? "unknown").toLowerCase().replaceAll("_", " ");
    return { said: `${code}: ${getString(first, "message") ?? ""}`, saidInJson: true };
  }
  return text === "" ? { saidInJson: false } : { said: text, saidInJson: false };
}

async function wholeBody({ body }: RegistryResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function jsonIn(bytes: Uint8Array): JsonObject {
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Json;
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}

function platformOf({ os, architecture, variant }: JsonObject): Platform {
  return {
    os: String(os ?? "unknown"),
    architecture: String(architecture ?? "unknown"),
    ...(typeof variant === "string" ? { variant } : {}),
  };
}
