/**
 * The registries that ECR caches, as `--registry` names them.
 *
 * ECR's names and addresses are from its API's model (client-ecr 3.1162, CreatePullThroughCacheRuleRequest); which of them want a
 * login is from https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html (read 2026-11).
 */

export type Upstream = {
  /** In the API. */
  readonly name:
    | "docker-hub"
    | "github-container-registry"
    | "gitlab-container-registry"
    | "quay"
    | "k8s"
    | "ecr-public";
  readonly host: string;
  /** ECR takes no rule for it without a secret; for the others AWS documents none. */
  readonly needsLogin: boolean;
};

// biome-ignore format: a table is read by its columns
export const UPSTREAMS = {
  "docker-hub": { name: "docker-hub",                host: "registry-1.docker.io", needsLogin: true },
  "github":     { name: "github-container-registry", host: "ghcr.io",              needsLogin: true },
  "gitlab":     { name: "gitlab-container-registry", host: "registry.gitlab.com",  needsLogin: true },
  "quay":       { name: "quay",                      host: "quay.io",              needsLogin: false },
  "kubernetes": { name: "k8s",                       host: "registry.k8s.io",      needsLogin: false },
  "ecr-public": { name: "ecr-public",                host: "public.ecr.aws",       needsLogin: false },
} as const satisfies Readonly<Record<string, Upstream>>;

export type RegistryName = keyof typeof UPSTREAMS;

export const REGISTRY_NAMES = Object.keys(UPSTREAMS) as readonly RegistryName[];
