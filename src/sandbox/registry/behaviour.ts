/**
 * How registries differ, as data: one object of switches for each kind.
 *
 * Every default names what backs it. What is unmeasured is marked "unverified" and can be set the
 * other way, so that a scenario can run in both worlds.
 */

import { awsDomainOf } from "../../image/ecr-hosts.ts";
import { registryOf } from "../../image/registry-hosts.ts";

export type RegistryKind = "docker-hub" | "ecr" | "ecr-public" | "plain";

export type RegistryBehaviour = {
  /** How a client proves who it is. */
  signIn: "token" | "basic" | "none";
  /** Whether the first push creates the repository. */
  repositoriesAppear: boolean;
  /** What a push to a repository that does not exist gets. */
  pushToAbsentRepository: "drops" | "answers";
  /** What becomes of the second and later PATCH of one upload. */
  laterParts: "kept" | "discarded" | "kept-stale-range";
  patchStatus: 202 | 201;
  /** The least size of a part that is not the last. */
  partBytesMin: number;
  /** `POST …/uploads/?digest=` with the bytes: taken, or answered like a POST without them. */
  singlePost: "works" | "opens-session";
  mounting: "works" | "referenced-only" | "off";
  manifestBytesMax: number;
  layerBytesMax: number;
  /** The host that blobs are redirected to; undefined: served in place. */
  blobsRedirectTo: string | undefined;
  /** Whether that host answers 400 to a request that still carries credentials. */
  redirectedRefusesAuthorization: boolean;
  /** Whether a tag is answered in a media type that the Accept header names, if the stored one is not named. */
  convertsByTag: boolean;
  referrers: boolean;
  deletes: boolean;
  catalog: boolean;
  locations: "absolute" | "relative";
  /** What a HEAD of a manifest gets when no pulls remain. */
  headAtZero: "answers" | "refuses";
  /** How a used pull comes back: each after the window, or all when the window ends. */
  window: "rolling" | "fixed";
  /** Whether pulls are counted at all. */
  counts: boolean;
  /** Manifest requests by GET that one caller may send in a second; undefined: not throttled. */
  pullsPerSecond: number | undefined;
  /** Manifest PUTs in a second; undefined: not throttled. */
  manifestPutsPerSecond: number | undefined;
  /** What a HEAD of an archived image gets; a GET is refused. */
  headOfArchived: "answers" | "refuses";
};

const MEBIBYTE = 1024 * 1024;

/** The reference implementation of the specification: docker-registry, or any registry without ways of its own. */
const PLAIN: RegistryBehaviour = {
  signIn: "none",
  repositoriesAppear: true,
  pushToAbsentRepository: "answers",
  laterParts: "kept",
  patchStatus: 202,
  partBytesMin: 0,
  // docker-registry 2.8.2 opens a session instead, as the specification allows.
  singlePost: "opens-session",
  mounting: "works",
  // The specification asks for at least 4 MiB; docker-registry takes exactly that.
  manifestBytesMax: 4 * MEBIBYTE,
  layerBytesMax: Number.MAX_SAFE_INTEGER,
  blobsRedirectTo: undefined,
  redirectedRefusesAuthorization: false,
  convertsByTag: false,
  referrers: true,
  deletes: true,
  catalog: true,
  locations: "absolute",
  headAtZero: "answers",
  window: "rolling",
  counts: false,
  pullsPerSecond: undefined,
  manifestPutsPerSecond: undefined,
  headOfArchived: "answers",
};

const DOCKER_HUB: RegistryBehaviour = {
  ...PLAIN,
  // https://docs.docker.com/docker-hub/usage/pulls/: tokens from auth.docker.io, pulls counted when the manifest is asked for.
  signIn: "token",
  counts: true,
  // Seen in aws/containers-roadmap#2304: blobs come from a CDN; that it refuses credentials is what signed URLs do.
  blobsRedirectTo: "production.cloudflare.docker.com",
  redirectedRefusesAuthorization: true,
  deletes: false,
  catalog: false,
  // Unverified: whether Docker Hub serves the referrers API.
  referrers: false,
  // Unverified: regclient#711 (2024) reports a limit met with HEADs alone; the documentation is silent.
  headAtZero: "answers",
  // Unverified: the documentation says "per 6 hours" and no more.
  window: "rolling",
};

const ECR: RegistryBehaviour = {
  ...PLAIN,
  signIn: "basic",
  // dotnet/sdk-container-builds#279: without a repository, or a template that creates one, the connection is dropped.
  repositoriesAppear: false,
  pushToAbsentRepository: "drops",
  // aws/containers-roadmap#2831 says that later parts are thrown away, chalk#682 that only Range is stale: both can be had.
  laterParts: "discarded",
  // tart#273, dotnet/sdk-container-builds#279: 201 where the specification says 202, and it will stay.
  patchStatus: 201,
  partBytesMin: 5 * MEBIBYTE,
  // Unverified.
  singlePost: "opens-session",
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html: off unless the account opts in; then
  // "referenced-only" (containers-roadmap#2860): blobs that no manifest of the source names do not mount.
  mounting: "off",
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
  layerBytesMax: 52_000 * MEBIBYTE,
  // S3: "Only one auth mechanism allowed".
  redirectedRefusesAuthorization: true,
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-manifest-formats.html: by tag, never by digest.
  convertsByTag: true,
  // Unverified: the HTTP forms of referrers and of deletion.
  referrers: true,
  deletes: false,
  // Unverified: what the registry answers for an archived image; the API names it ImageInaccessible.
  headOfArchived: "answers",
};

const ECR_PUBLIC: RegistryBehaviour = {
  ...ECR,
  signIn: "token",
  // Unverified: which CDN; the name is one that pulls have shown.
  blobsRedirectTo: "d5l0dvt14r5h8.cloudfront.net",
};

const BEHAVIOURS: Readonly<Record<RegistryKind, RegistryBehaviour>> = {
  plain: PLAIN,
  "docker-hub": DOCKER_HUB,
  ecr: ECR,
  "ecr-public": ECR_PUBLIC,
};

/** How this kind of registry behaves by default. */
export function behaviourOf(kind: RegistryKind, host: string): RegistryBehaviour {
  const registry = registryOf(host);
  return registry.kind === "ecr"
    ? { ...BEHAVIOURS[kind], blobsRedirectTo: layerBucket(registry.region) }
    : BEHAVIOURS[kind];
}

// The bucket that a VPC endpoint policy must name: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
function layerBucket(region: string): string {
  return `prod-${region}-starport-layer-bucket.s3.${region}.${awsDomainOf(region)}`;
}
