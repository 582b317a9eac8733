/**
 * A container registry in memory: one request in, one answer out, and no network.
 *
 * It speaks the whole distribution specification (v1.1), and as Docker Hub, ECR or ECR Public it has their
 * sign-in, limits, redirects and oddities. Time comes from the clock that it is given, so a limit that lasts
 * six hours is over when that clock says so. `http-server.ts` serves it to foreign clients.
 */

import { Readable } from "node:stream";
import type { Digest } from "../../image/digest.ts";
import { DOCKER_HUB_HOST, DOCKER_HUB_REALM, namesOfRegistry } from "../../image/registry-hosts.ts";
import type { RegistryRequest, RegistryResponse, Send } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";
import { deleteBlob, serveBlob, serveRedirected } from "./api/blobs.ts";
import { nameUnknown } from "./api/error-bodies.ts";
import {
  deleteManifest,
  listReferrers,
  listRepositories,
  listTags,
  serveManifest,
  storeManifest,
} from "./api/manifests.ts";
import type { RequestContext } from "./api/request-context.ts";
import { abortable, answer, connectionError, drain, refusal, withoutBody } from "./api/response.ts";
import { isWrite, type RequestKind, type Route, routeOf } from "./api/route.ts";
import { createUploads } from "./api/uploads.ts";
import { type Account, createSignIn, type IssuedPassword } from "./authentication.ts";
import { behaviourOf, type RegistryBehaviour, type RegistryKind } from "./behaviour.ts";
import { createFaults, type Fault } from "./faults.ts";
import { createPullLimit, type PullSource, pullSource } from "./pull-limit.ts";
import { createSlidingWindow } from "./sliding-window.ts";
import { createContents, type RepositoryOptions, type StoredManifest } from "./storage.ts";

export type RegistrySettings = {
  readonly kind: RegistryKind;
  /** The host that clients talk to: `registry-1.docker.io`, `public.ecr.aws`, an account's ECR, any other. */
  readonly host: string;
  readonly clock: Pick<Clock, "now">;
  readonly accounts?: readonly Account[];
  /** Anonymous pulls of one address in six hours, where they are counted: 100. */
  readonly anonymousPulls?: number;
  /** What differs from what `registry/ways.ts` says of the kind. */
  readonly behaviour?: Partial<RegistryBehaviour>;
};

export interface SandboxRegistry {
  readonly kind: RegistryKind;
  readonly host: string;
  /** The hosts that are its own: the registry's first, then that of its tokens. */
  readonly hosts: readonly string[];
  /** May be changed while it runs. */
  readonly behaviour: RegistryBehaviour;
  /** Whether it answers at this address. A host that blobs are redirected to may serve several registries. */
  answersAt(url: URL): boolean;
  /** @param address where the caller calls from: what anonymous pulls are counted by */
  handle(request: RegistryRequest, address?: string): Promise<RegistryResponse>;
  /** The registry as a client at this address sees it. */
  asClient(address: string): Send;

  createRepository(path: string, options?: RepositoryOptions): "created" | "present";
  /** Stores bytes without a request; the repository is created if it is absent. */
  putBlob(path: string, bytes: Uint8Array): Digest;
  /** Stores a manifest without a request, and points the tag at it. */
  putManifest(path: string, bytes: Uint8Array, mediaType: string, tag?: string): Digest;
  setImageStatus(path: string, digest: Digest, status: "active" | "archived"): void;
  /** When a manifest came, and was last pulled; absent: it never was. */
  timesOf(path: string, digest: Digest): { readonly pushedAt?: number; readonly pulledAt?: number };
  setTimes(
    path: string,
    digest: Digest,
    times: { readonly pushedAt: number; readonly pulledAt?: number },
  ): void;
  /** Removes manifests with their tags. */
  remove(path: string, digests: readonly Digest[]): void;
  /** A new password of the user `AWS`, valid for 12 hours. */
  issuePassword(): IssuedPassword;
  /** Uses up pulls, as others behind the same address or account would. */
  spend(source: PullSource, pulls: number): void;
  /** Orders trouble; what is returned lifts it. */
  fail(fault: Fault): () => void;

  repositories(): readonly string[];
  tags(path: string): Readonly<Record<string, Digest>>;
  /** Of every manifest in a repository, children of indexes among them. */
  digests(path: string): readonly Digest[];
  manifest(path: string, nameOrDigest: string): StoredManifest | undefined;
  blob(digest: Digest): Uint8Array | undefined;
  /** Whether this repository of it holds the blob. */
  holdsBlob(path: string, digest: Digest): boolean;
  imageStatus(path: string, digest: Digest): "active" | "archived" | "absent";
  /** Undefined where no limit applies. */
  pullsLeft(source: PullSource): number | undefined;
  /** Requests since the start, by kind; kinds without a request are absent. */
  requests(): Readonly<Partial<Record<RequestKind, number>>>;
  openUploads(): number;
}

/** The address of a caller who does not say where he calls from. */
const SOMEWHERE = "192.0.2.1";

/** A registry without repositories. */
export function createRegistry(settings: RegistrySettings): SandboxRegistry {
  const { kind, host, clock, accounts = [] } = settings;
  const ways: RegistryBehaviour = { ...behaviourOf(kind, host), ...settings.behaviour };
  const contents = createContents();
  const faults = createFaults(host);
  const uploads = createUploads();
  const signIn = createSignIn({ kind, host, clock, accounts, ways, contents });
  const pullLimit = createPullLimit(clock, accounts, ways, settings.anonymousPulls);
  const perSecond = createSlidingWindow(clock, 1, () => "rolling");
  const counts = new Map<RequestKind, number>();
  const hubHosts =
    kind === "docker-hub"
      ? [...namesOfRegistry(DOCKER_HUB_HOST), DOCKER_HUB_REALM].filter((name) => name !== host)
      : [];

  const hosts = [host, ...hubHosts];

  async function handle(request: RegistryRequest, address = SOMEWHERE): Promise<RegistryResponse> {
    request.signal?.throwIfAborted();
    const route = placeOf(request);
    counts.set(route.kind, (counts.get(route.kind) ?? 0) + 1);
    try {
      const given = await faults.apply(route.kind, () => respond(request, route, address));
      drain(request.body);
      return abortable(request.method === "HEAD" ? withoutBody(given) : given, request.signal);
    } catch (error) {
      // Who is still sending must notice, as when a socket closes.
      if (request.body instanceof Readable) request.body.destroy();
      throw error;
    }
  }

  /** What is asked for, whichever of the registry's hosts is asked. */
  function placeOf(request: RegistryRequest): Route {
    if (request.url.host === ways.blobsRedirectTo) return { kind: "redirected-blob", path: "", name: "" };
    if (signIn.isTokenAddress(request.url)) return { kind: "token", path: "", name: "" };
    return routeOf(request);
  }

  async function respond(request: RegistryRequest, route: Route, address: string): Promise<RegistryResponse> {
    if (route.kind === "redirected-blob") return serveRedirected(request, { clock, contents, ways });
    if (route.kind === "token") return await signIn.issueToken(request);
    if (route.kind === "unknown") return refusal(404, "UNSUPPORTED", "The operation is unsupported.");
    const identity = signIn.admit(request, route);
    if ("status" in identity) return identity;
    const context: RequestContext = {
      registry: { kind, host },
      request,
      route,
      identity,
      address,
      behaviour: ways,
      contents,
      signIn,
      pullLimit,
      clock,
    };
    if (isWrite(route.kind) && !ways.repositoriesAppear && contents.repository(route.path) === undefined) {
      if (ways.pushToAbsentRepository === "drops") throw connectionError("ECONNRESET", host);
      return nameUnknown(context);
    }
    return throttled(context) ?? (await answerTo(context));
  }

  /** ECR's and ECR Public's limits by the second: also "toomanyrequests", and gone a moment later. */
  function throttled({ route, identity, address }: RequestContext): RegistryResponse | undefined {
    const max =
      route.kind === "manifest-get" && identity.kind === "anonymous"
        ? ways.pullsPerSecond
        : route.kind === "manifest-put"
          ? ways.manifestPutsPerSecond
          : undefined;
    if (max === undefined) return undefined;
    const who = `${route.kind} ${JSON.stringify(pullSource(identity, address))}`;
    if (perSecond.used(who) >= max) return refusal(429, "TOOMANYREQUESTS", "Rate exceeded");
    perSecond.add(who);
    return undefined;
  }

  async function answerTo(context: RequestContext): Promise<RegistryResponse> {
    switch (context.route.kind) {
      case "ping":
        return answer(200, { "docker-distribution-api-version": "registry/2.0" });
      case "manifest-get":
        return serveManifest(context, "GET");
      case "manifest-head":
        return serveManifest(context, "HEAD");
      case "manifest-put":
        return await storeManifest(context);
      case "manifest-delete":
        return deleteManifest(context);
      case "blob-get":
        return serveBlob(context, "GET");
      case "blob-head":
        return serveBlob(context, "HEAD");
      case "blob-delete":
        return deleteBlob(context);
      case "upload-start":
        return await uploads.start(context);
      case "upload-patch":
        return await uploads.append(context);
      case "upload-put":
        return await uploads.complete(context);
      case "upload-status":
        return uploads.status(context);
      case "upload-cancel":
        return uploads.cancel(context);
      case "tags":
        return listTags(context);
      case "referrers":
        return listReferrers(context);
      case "catalog":
        return listRepositories(context);
      default:
        return refusal(404, "UNSUPPORTED", "The operation is unsupported.");
    }
  }

  return {
    kind,
    host,
    hosts,
    behaviour: ways,
    answersAt: (url) =>
      hosts.includes(url.host) || (url.host === ways.blobsRedirectTo && url.pathname.startsWith(`/${host}/`)),
    handle,
    asClient: (address) => async (request) => await handle(request, address),
    createRepository: contents.createRepository,
    putBlob(path, bytes) {
      contents.createRepository(path);
      return contents.putBlob(path, bytes);
    },
    putManifest(path, bytes, mediaType, tag) {
      contents.createRepository(path);
      const digest = contents.putManifest(path, bytes, mediaType);
      const repository = contents.repository(path);
      if (!repository?.pushedAt.has(digest)) repository?.pushedAt.set(digest, clock.now());
      if (tag !== undefined) repository?.tags.set(tag, digest);
      return digest;
    },
    timesOf(path, digest) {
      const { pushedAt, pulledAt } = contents.repository(path) ?? {};
      const [came, pulled] = [pushedAt?.get(digest), pulledAt?.get(digest)];
      return {
        ...(came === undefined ? {} : { pushedAt: came }),
        ...(pulled === undefined ? {} : { pulledAt: pulled }),
      };
    },
    setTimes(path, digest, { pushedAt, pulledAt }) {
      const repository = contents.repository(path);
      repository?.pushedAt.set(digest, pushedAt);
      if (pulledAt !== undefined) repository?.pulledAt.set(digest, pulledAt);
    },
    remove(path, digests) {
      const { manifests, tags, pushedAt, pulledAt } = contents.repository(path) ?? {};
      for (const digest of digests) {
        for (const [tag, named] of tags ?? []) if (named === digest) tags?.delete(tag);
        for (const kept of [manifests, pushedAt, pulledAt]) kept?.delete(digest);
      }
    },
    setImageStatus(path, digest, status) {
      const archived = contents.repository(path)?.archived;
      if (status === "archived") archived?.add(digest);
      else archived?.delete(digest);
    },
    issuePassword: signIn.issuePassword,
    spend: pullLimit.spend,
    fail: faults.add,
    repositories: contents.repositories,
    tags: (path) => Object.fromEntries(contents.repository(path)?.tags ?? []),
    digests: (path) => [...(contents.repository(path)?.manifests.keys() ?? [])],
    manifest: contents.manifest,
    blob: contents.blob,
    holdsBlob: (path, digest) => contents.blobIn(path, digest) !== undefined,
    imageStatus(path, digest) {
      if (contents.manifest(path, digest) === undefined) return "absent";
      return contents.repository(path)?.archived.has(digest) === true ? "archived" : "active";
    },
    pullsLeft: (source) => pullLimit.quotaOf(source)?.remaining,
    requests: () => Object.fromEntries(counts),
    openUploads: uploads.open,
  };
}
