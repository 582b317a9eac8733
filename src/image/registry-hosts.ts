/**
 * Whose registry a host is: the one table of the product.
 *
 * Hosts are compared whole, label by label: `docker.io.evil.example` is not Docker Hub, and an address that merely
 * contains `dkr.ecr` is not Amazon ECR. Nothing else in the product may compare a host with a text of its own.
 */

import { ecrRegistryOf, type PrivateEcr } from "./ecr-hosts.ts";

export type Registry =
  | { readonly kind: "docker-hub" }
  | PrivateEcr
  | { readonly kind: "ecr-public" }
  | { readonly kind: "other"; readonly host: string };

/** Docker Hub as references name it. */
export const DOCKER_HUB_HOST = "docker.io";
/** Where Docker Hub's registry answers. https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11) */
export const DOCKER_HUB_SERVER = "registry-1.docker.io";
/** Where Docker Hub's tokens come from: the same page. */
export const DOCKER_HUB_REALM = "auth.docker.io";
/** The key of Docker Hub's login in Docker's configuration. https://docs.docker.com/reference/cli/docker/login/ */
export const DOCKER_HUB_LOGIN_KEY = "https://index.docker.io/v1/";
/** Amazon ECR Public as references name it. */
export const ECR_PUBLIC_HOST = "public.ecr.aws";

/** `name`: Docker rewrites it to docker.io. `registry`: Docker's own registry under another name, which no client rewrites. */
type DockerHubRole = "name" | "registry" | "front" | "service" | "content";

/**
 * Every host of Docker Hub. A `front` is a publisher's own name before Docker Hub: paths, answers and limit are Docker
 * Hub's, and only a digest proves that the bytes are. A `service` never appears in an image name; `content` serves the
 * blobs.
 */
// biome-ignore format: a table is read by its columns
const DOCKER_HUB_HOSTS: Readonly<Record<string, DockerHubRole>> = {
  // github.com/distribution/reference normalize.go: docker.io and index.docker.io are one domain.
  [DOCKER_HUB_HOST]:                   "name",
  "index.docker.io":                   "name",
  // The address that clients use; ECR's pull-through rules name it, too.
  [DOCKER_HUB_SERVER]:                 "name",
  // Harness's documentation writes task definitions with registry.hub.docker.com/library/nginx (read 2026-11).
  "registry.hub.docker.com":           "registry",
  // docker/hub-feedback#2505 (2025-11): Docker Hub's limit met under this name.
  "docker.n8n.io":                     "front",
  [DOCKER_HUB_REALM]:                  "service",
  "registry.docker.io":                "service",
  // Docker's allow-list for firewalls: docs.docker.com/desktop/setup/allow-list/ (read 2026-11). hub.docker.com, which it
  // names too, is the web site: no client pulls from there, and texts link to it.
  "production.cloudflare.docker.com":  "content",
  "production.cloudfront.docker.com":  "content",
  "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com": "content",
};

/** ECR Public, by IPv4 and by both. https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html (read 2026-11) */
const ECR_PUBLIC_HOSTS: readonly string[] = [ECR_PUBLIC_HOST, "ecr-public.aws.com"];

/** Which registry a reference's host is. */
export function registryOf(host: string): Registry {
  if (isDockerHub(host)) return { kind: "docker-hub" };
  if (ECR_PUBLIC_HOSTS.includes(host)) return { kind: "ecr-public" };
  return ecrRegistryOf(host) ?? { kind: "other", host };
}

/** Whether the host is Docker's own registry, by whichever of its names: where Docker Hub's login belongs. */
export function isDockerHub(host: string): boolean {
  const role = roleOf(host);
  return role === "name" || role === "registry";
}

/** Whether Docker itself takes the host for docker.io: references keep that one name. */
export function isDockerHubName(host: string): boolean {
  return roleOf(host) === "name";
}

/** Whether pulls from this host count against Docker Hub's limit, fronts of other publishers included. */
export function isDockerHubFront(host: string): boolean {
  return isDockerHub(host) || roleOf(host) === "front";
}

/** Whether Docker Hub hands out tokens or content from there: no image name has the host, error texts do. */
export function isDockerHubService(host: string): boolean {
  return roleOf(host) === "service" || isDockerHubContent(host);
}

/** Whether Docker Hub's blobs come from there. */
export function isDockerHubContent(host: string): boolean {
  return roleOf(host) === "content";
}

/** The names that a mapping or a login of Docker Hub may be kept under. */
export function namesOfRegistry(host: string): readonly string[] {
  if (!isDockerHub(host)) return [host];
  return Object.keys(DOCKER_HUB_HOSTS).filter(isDockerHub);
}

function roleOf(host: string): DockerHubRole | undefined {
  return Object.hasOwn(DOCKER_HUB_HOSTS, host) ? DOCKER_HUB_HOSTS[host] : undefined;
}
