/** Worlds in which Repull, or a place, refuses: what each refusal is made of. */

import { installRepull } from "../../../src/sandbox/install-repull.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { countingQuay, dry, PREFECT, prefect, SECRET, same, type world } from "../substitute-worlds.ts";
import type { Case } from "./tried-case.ts";

export const HOUR = 3600;
export const TWIN = same("docker/library/nginx:1.25");
export const COPY = same("repull/docker.io/prefecthq/prefect:3", PREFECT);
export const account = () => ({ parameters: { DockerHubSecretArn: SECRET } });
export const lone = (image: string, more: object = {}) => ({ service: { image }, ...more });

/** What Docker Hub answers who has no pulls left. */
export const LIMIT = {
  kind: "status",
  status: 429,
  code: "TOOMANYREQUESTS",
  message:
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
} as const;

export type Row = Omit<Case, "world" | "policy"> & {
  readonly in: Parameters<typeof world>[0] | { readonly file: object };
  readonly policy?: object;
  /** Where ECS itself goes on: what its next pull needs is there. */
  readonly heals?: (world: World) => Promise<boolean>;
};

/** Docker Hub has no anonymous pull left, and no other place has the image: unless a row says otherwise. */
export const dead = (more: object = {}) => ({ service: prefect, hub: dry, ...more });
/** The very image is on ECR Public: nothing but the refusal keeps Repull from it. */
export const near = (service: object = {}, more: object = {}) => ({ service, open: TWIN, hub: dry, more });

export const PRIVATE = {
  images: { "shop/api:7": {} },
  privateRepositories: ["shop/api"],
  accounts: { shop: { password: "right" } },
  repullSignsInAs: "shop",
};
export const definition = (family: string, image: string, more: object = {}) => ({
  family,
  requiresCompatibilities: ["FARGATE"],
  networkMode: "awsvpc",
  executionRoleArn: `arn:aws:iam::123456789012:role/${family}-execution`,
  containerDefinitions: [{ name: family, image, ...more }],
});
export const tagged = (tags: Readonly<Record<string, string>>) => ({
  taskDefinition: {
    ...definition("web", "nginx:1.25"),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  },
});
export const withCredentials = {
  taskDefinition: definition("web", "shop/api:7", {
    repositoryCredentials: { credentialsParameter: SECRET },
  }),
};

export const TEXT_OF_LIMIT =
  "pull image manifest has been retried 1 time(s): failed to resolve ref HOST/PATH:TAG: unexpected status from HEAD request to https://SERVER/v2/PATH/manifests/TAG: 429 Too Many Requests";
/** The registry reports the limit for an image that it does not have: it answered before it looked. */
export const limitAt = (host: string, server: string, path: string, tag: string) => (image: string) =>
  image.includes(path)
    ? `CannotPullContainerError: ${TEXT_OF_LIMIT.replaceAll("HOST", host).replaceAll("SERVER", server).replaceAll("PATH", path).replaceAll("TAG", tag)}`
    : undefined;
export const CUT =
  "CannotPullContainerError: failed to resolve ref docker.io/library/nginx:1.25: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1.25: ";
export const OTHER_BYTES = `CannotPullContainerError: pull image manifest has been retried 1 time(s): httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:${"e".repeat(64)}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`;

export const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const CACHED = "hub/prefecthq/prefect";
export const GONE: Row = {
  in: lone("bitnami/redis:7.2", {
    hub: {
      images: { "bitnamilegacy/redis:7.2": {} },
      repositories: ["bitnami/redis"],
      quota: { remaining: 0 },
    },
    open: { images: { "acme/redis:7.2": {} } },
  }),
  retold: limitAt("docker.io", "registry-1.docker.io", "bitnami/redis", "7.2"),
};
export const UNALLOWED: Row = {
  in: lone("registry.team.example:8443/shop/api:7", {
    registries: {
      "registry.team.example:8443": { images: { "shop/api:7": {} }, quota: { remaining: 0 } },
    },
  }),
  options: countingQuay,
};
export const NO_ROUTE: Row = {
  in: {
    service: { image: "quay.io/shop/api:7", subnets: ["subnet-a"] },
    registries: { "quay.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } },
    more: { subnets: { "subnet-a": { route: "none" } } },
  },
  options: countingQuay,
};

/** A task that no service keeps running. */
export const job = { cluster: "prod", family: "job", revision: 3, image: "postgres:16" };
export const registries = {
  "docker.io": { images: { "library/postgres:16": {} }, quota: { remaining: 0, remainingForRepull: 0 } },
  "public.ecr.aws": { images: { "docker/library/postgres:16": { sameAs: "docker.io/library/postgres:16" } } },
  ecr: { images: { "own/postgres:16": {} } },
};
export const nightly = (more: object = {}) => ({
  kind: "rule",
  name: "nightly",
  cluster: "prod",
  taskDefinition: "job:3",
  ...more,
});
export const byRule = { startedBy: "events-rule/nightly" };
export const task = (more: object = {}, schedules: readonly object[] = [], other: object = {}) => ({
  file: { tasks: [{ ...job, ...more }], schedules, registries, ...other },
});
/** A running substitute of ours. */
export const OURS = {
  ...definition("job", "postgres:16"),
  tags: [
    { key: "repull:execution", value: `r-${"a".repeat(40)}-1` },
    { key: "repull:previous-revision", value: "job:3" },
    { key: "repull:image-1", value: `postgres:16 sha256:${"b".repeat(64)}` },
  ],
};
/** The rule was moved to a substitute; a day later that place is at its limit for an hour, and Docker Hub is not. */
export async function ourPlaceIsLimited(played: World, policy: Policy): Promise<void> {
  const stop = installRepull(played, { policy });
  const isTold = (outcome: string) => () => played.bus.outcomes.at(-1)?.outcome === outcome;
  await played.runUntil(isTold("redeployed"), HOUR);
  await played.run(24 * HOUR);
  const lift = played.registries.byHost.get("public.ecr.aws")?.fail({
    on: "any",
    as: { kind: "status", status: 429, code: "TOOMANYREQUESTS", message: "Rate exceeded" },
  });
  played.clock.schedule(played.clock.now() + HOUR * 1000, () => lift?.());
  played.cluster.runTask({ cluster: "prod", taskDefinition: "job:4", ...byRule });
  await played.runUntil(isTold("not-eligible"), HOUR);
  stop();
}
