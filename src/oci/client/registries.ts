/**
 * The registries of the world, as the rest of the product asks them.
 *
 * A survey asks three questions of any image (`Registries`); a copy opens a repository for itself and
 * counts what it asked. Tokens and challenges are remembered between them, once for each host.
 */

import type { Digest } from "../../image/digest.ts";
import type { ImageReference } from "../../image/reference.ts";
import { manifestName } from "../../image/reference.ts";
import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import type { Access, FindCredentials } from "../auth/credentials.ts";
import { addressOf, type Endpoints, isAllowedHost, type RegistryRules } from "../http/registry-address.ts";
import type { Send } from "../http/transport.ts";
import { RegistryClient } from "./registry-client.ts";
import { learnLogin } from "./repository/learn-login.ts";
import { listTags, type TagList } from "./repository/list-tags.ts";
import { Repository } from "./repository/repository.ts";
import { RepositoryRequests } from "./repository/repository-requests.ts";
import { REQUEST_SECONDS } from "./request-time-limit.ts";
import type { Manifest, ManifestHead } from "./types.ts";

/** The questions that a survey asks of any registry. Failures are RegistryError; absence is undefined. */
export interface Registries {
  /** HEAD: free at Docker Hub. */
  headManifest(reference: ImageReference, signal?: AbortSignal): Promise<ManifestHead | undefined>;
  /** GET: a counted pull at Docker Hub. Verified against the digest, where the reference has one. At most 4 MiB. */
  getManifest(reference: ImageReference, signal?: AbortSignal): Promise<Manifest | undefined>;
  /** A small blob, whole and verified: configs, and the index that proves a platform copy. At most `bytesMax`. */
  getBlob(
    reference: ImageReference,
    digest: Digest,
    bytesMax: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined>;
}

/** Which tags a repository has: no pull. Failures are RegistryError; absence is undefined. */
export interface TagLists {
  listTags(reference: ImageReference, signal?: AbortSignal): Promise<TagList | undefined>;
}

/** Learns how to log in at an image's registry, so that each further question needs one request. The question reports what fails. */
export interface Logins {
  learnLogin(reference: ImageReference, signal?: AbortSignal): Promise<void>;
}

/** What a copier opens: one repository, whose requests it counts. */
export interface Repositories {
  open(reference: ImageReference, access: Access, alsoPulls?: readonly string[]): Repository;
}

export type RegistriesOptions = {
  readonly send: Send;
  readonly clock: Clock;
  readonly credentials?: FindCredentials;
  /** `REPULL_REGISTRY_ENDPOINTS`: a host's traffic goes to the mapped URL. */
  readonly endpoints?: Endpoints;
  readonly rules?: RegistryRules;
  /** For one question with all its tries; bytes of blobs are not counted. Default 120. */
  readonly requestSeconds?: number;
  /** Ends a question. Default: the machine's. */
  readonly timer?: Timer;
};

/** Connects to registries. Who we are at each host is looked up once, when it asks. */
export function createRegistries(options: RegistriesOptions): Registries & Repositories & TagLists & Logins {
  const { requestSeconds = REQUEST_SECONDS, timer = systemClock } = options;
  const world = {
    limit: { seconds: requestSeconds, timer },
    send: options.send,
    clock: options.clock,
    credentials: options.credentials ?? (async () => undefined),
  };
  const { endpoints = new Map(), rules } = options;
  const exchanges = new Map<string, RegistryClient>();
  const clientOf = (reference: ImageReference, access: Access): RegistryClient => {
    const key = `${access} ${reference.host}`;
    const exchange =
      exchanges.get(key) ??
      new RegistryClient(addressOf(reference.host, endpoints, rules), access, {
        ...world,
        isAsked: isAllowedHost(reference.host, endpoints, rules),
      });
    exchanges.set(key, exchange);
    return exchange;
  };
  const open: Repositories["open"] = (reference, access, alsoPulls = []) =>
    new Repository(clientOf(reference, access), reference.path, access, options.clock, alsoPulls);
  const requestsOf = (reference: ImageReference): RepositoryRequests =>
    new RepositoryRequests(clientOf(reference, "pull"), reference.path, "pull", options.clock, []);
  return {
    open,
    listTags: (reference, signal) => listTags(requestsOf(reference), signal),
    learnLogin: (reference, signal) => learnLogin(requestsOf(reference), signal),
    headManifest: (reference, signal) =>
      open(reference, "pull").headManifest(manifestName(reference), signal),
    getManifest: (reference, signal) => open(reference, "pull").getManifest(manifestName(reference), signal),
    getBlob: (reference, digest, bytesMax, signal) =>
      open(reference, "pull").getBlob(digest, bytesMax, signal),
  };
}
