/**
 * Registries that are not Docker Hub: whose domain a host is in, and which hosts are queried by default.
 *
 * An entry covers its domain and every host below it: such a host has its own limits and is never a front of Docker Hub.
 * Next to the domain are the hosts from which the public pulls, as the registry's documentation names them (read 2026-11);
 * an operator whose hosts are its customers' own (`acme.jfrog.io`) has none.
 */

import { AWS_DOMAINS } from "./ecr-hosts.ts";
import { isDockerHubFront, registryOf } from "./registry-hosts.ts";

type KnownRegistry = {
  readonly domain: string;
  /** Hosts, or `*.` and what a host ends with. */
  readonly asked: readonly string[];
};

// biome-ignore format: a table is read by its columns
const KNOWN: readonly KnownRegistry[] = [
  // Amazon: private ECR and ECR Public are known by their form (hosts.ts).
  ...AWS_DOMAINS.map((domain) => ({ domain, asked: [] })),
  { domain: "aws.com",                asked: [] },
  { domain: "ecr.aws",                asked: [] },
  // https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-container-registry
  { domain: "ghcr.io",                asked: ["ghcr.io"] },
  { domain: "pkg.github.com",         asked: [] },
  // https://docs.linuxserver.io/FAQ/#lscr: a front of ghcr.io
  { domain: "lscr.io",                asked: ["lscr.io"] },
  // https://docs.quay.io/
  { domain: "quay.io",                asked: ["quay.io"] },
  // https://kubernetes.io/blog/2023/03/10/image-registry-redirect/: k8s.gcr.io is its former name
  { domain: "k8s.io",                 asked: ["registry.k8s.io"] },
  // https://cloud.google.com/artifact-registry/docs/repositories: LOCATION-docker.pkg.dev, and the former gcr.io
  { domain: "gcr.io",                 asked: ["gcr.io", "*.gcr.io"] },
  { domain: "pkg.dev",                asked: ["*.pkg.dev"] },
  { domain: "googleapis.com",         asked: [] },
  // https://learn.microsoft.com/azure/container-registry/
  { domain: "mcr.microsoft.com",      asked: ["mcr.microsoft.com"] },
  { domain: "azurecr.io",             asked: ["*.azurecr.io"] },
  { domain: "azurecr.cn",             asked: ["*.azurecr.cn"] },
  { domain: "azurecr.us",             asked: ["*.azurecr.us"] },
  // https://docs.gitlab.com/user/packages/container_registry/
  { domain: "gitlab.com",             asked: ["registry.gitlab.com"] },
  // https://docs.nvidia.com/ngc/
  { domain: "nvcr.io",                asked: ["nvcr.io"] },
  { domain: "ngc.nvidia.com",         asked: [] },
  // https://catalog.redhat.com/
  { domain: "redhat.com",             asked: ["registry.access.redhat.com", "registry.connect.redhat.com"] },
  { domain: "redhat.io",              asked: ["registry.redhat.io"] },
  { domain: "openshift.com",          asked: [] },
  // https://www.docker.elastic.co/
  { domain: "elastic.co",             asked: ["docker.elastic.co"] },
  // https://edu.chainguard.dev/chainguard/chainguard-registry/
  { domain: "cgr.dev",                asked: ["cgr.dev"] },
  // https://docs.docker.com/dhi/
  { domain: "dhi.io",                 asked: ["dhi.io"] },
  // https://cloud.ibm.com/docs/Registry
  { domain: "icr.io",                 asked: ["icr.io", "*.icr.io"] },
  // https://docs.oracle.com/iaas/Content/Registry/home.htm, https://container-registry.oracle.com/
  { domain: "ocir.io",                asked: ["*.ocir.io"] },
  { domain: "oracle.com",             asked: ["container-registry.oracle.com"] },
  // https://documentation.suse.com/, https://registry.opensuse.org/
  { domain: "suse.com",               asked: ["registry.suse.com"] },
  { domain: "opensuse.org",           asked: ["registry.opensuse.org"] },
  // https://docs.upbound.io/, https://buf.build/docs/, https://docs.seqera.io/wave
  { domain: "upbound.io",             asked: ["xpkg.upbound.io"] },
  { domain: "buf.build",              asked: ["plugins.buf.build"] },
  { domain: "seqera.io",              asked: ["wave.seqera.io", "community.wave.seqera.io"] },
  { domain: "codeberg.org",           asked: ["codeberg.org"] },
  { domain: "cloudsmith.io",          asked: ["docker.cloudsmith.io"] },
  { domain: "cr.yandex",              asked: ["cr.yandex"] },
  { domain: "digitalocean.com",       asked: ["registry.digitalocean.com"] },
  { domain: "scw.cloud",              asked: [] },
  { domain: "jfrog.io",               asked: [] },
  { domain: "aliyuncs.com",           asked: [] },
  { domain: "tencentyun.com",         asked: [] },
  { domain: "tencentcloudcr.com",     asked: [] },
  { domain: "myhuaweicloud.com",      asked: [] },
  { domain: "heroku.com",             asked: [] },
  { domain: "fly.io",                 asked: [] },
  { domain: "container-registry.com", asked: [] },
  { domain: "goharbor.io",            asked: [] },
  { domain: "gitea.com",              asked: [] },
  { domain: "localhost",              asked: [] },
];

/** Whether the host is in the domain of a registry that is known not to be Docker Hub. */
export function isForeignDomain(host: string): boolean {
  return KNOWN.some(({ domain }) => host === domain || host.endsWith(`.${domain}`));
}

/** Public registries that are queried by default, in addition to Docker Hub, ECR and ECR Public. */
export const PUBLIC_REGISTRIES: readonly string[] = [...new Set(KNOWN.flatMap(({ asked }) => asked))];

/** The entry that means all of these in a list of allowed registries. It has no dot and no port, so no host has this name. */
export const WELL_KNOWN = "well-known";

/** Whether a list of hosts, `*.` patterns and `well-known` lets a host be asked. */
export function isAllowed(host: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry === WELL_KNOWN ? isWellKnown(host) : matches(host.toLowerCase(), entry.toLowerCase()),
  );
}

/** Whether the list names exactly this host. A pattern that matches it does not name it. */
export function isNamed(host: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) => entry.toLowerCase() === host.toLowerCase());
}

function isWellKnown(host: string): boolean {
  return registryOf(host).kind !== "other" || isDockerHubFront(host) || isAllowed(host, PUBLIC_REGISTRIES);
}

function matches(host: string, entry: string): boolean {
  return entry.startsWith("*.")
    ? host.length > entry.length - 1 && host.endsWith(entry.slice(1))
    : host === entry;
}
