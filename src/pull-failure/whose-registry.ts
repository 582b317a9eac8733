/**
 * Who stands behind a host: Docker Hub, somebody who is known not to be, or nobody knows.
 *
 * Some publishers give Docker Hub a name of their own (docker.n8n.io), so a host that nobody knows may turn
 * out to be Docker Hub by what it says; a host known to be somebody else's never can.
 */

import { isDockerHubFront } from "../image/hosts.ts";
import { DOCKER_HUB_HOST } from "../image/reference.ts";

export type HostOwner = "docker-hub" | "another" | "unknown";

/** Docker Hub's hosts that no image name carries: tokens and content. */
const DOCKER_HUB_SERVICES = new Set([
  "auth.docker.io",
  "registry.docker.io",
  "production.cloudflare.docker.com",
  "production.cloudfront.docker.com",
]);
const DOCKER_HUB_ALIASES = new Set(["index.docker.io", "registry-1.docker.io", ...DOCKER_HUB_SERVICES]);

/** Registries with limits of their own; each stands for its subdomains too. */
const OTHERS: readonly string[] = [
  ...[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "aws.com",
    "ecr.aws",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
  ],
  ...["ghcr.io", "lscr.io", "pkg.github.com", "quay.io", "gcr.io", "pkg.dev", "k8s.io", "googleapis.com"],
  ...[
    "mcr.microsoft.com",
    "azurecr.io",
    "azurecr.cn",
    "azurecr.us",
    "gitlab.com",
    "nvcr.io",
    "icr.io",
    "ocir.io",
  ],
  ...["redhat.com", "redhat.io", "openshift.com", "seqera.io", "jfrog.io", "elastic.co", "cgr.dev", "dhi.io"],
  ...[
    "cloudsmith.io",
    "digitalocean.com",
    "scw.cloud",
    "aliyuncs.com",
    "tencentyun.com",
    "tencentcloudcr.com",
  ],
  ...[
    "myhuaweicloud.com",
    "heroku.com",
    "fly.io",
    "cr.yandex",
    "container-registry.com",
    "goharbor.io",
    "codeberg.org",
  ],
  ...[
    "gitea.com",
    "suse.com",
    "oracle.com",
    "upbound.io",
    "buf.build",
    "ngc.nvidia.com",
    "opensuse.org",
    "localhost",
  ],
];

/** Products that stand between a company and registries, by the names that their hosts carry. */
const PROXY_LABEL =
  /^(?:artifactory|jfrog|harbor|nexus|proget|gitlab|gitea|mirror|proxy|cache|registry-(?:mirror|proxy|cache))(?:[-\d].*)?$|-(?:artifactory|harbor|nexus|mirror|proxy|cache)$/;

/** One spelling for each registry host: lower case, default port dropped, Docker Hub's hosts as `docker.io`. */
export function canonicalHost(host: string): string {
  const plain = host.toLowerCase().replace(/:443$/, "").replace(/\.+$/, "");
  return DOCKER_HUB_ALIASES.has(plain) ? DOCKER_HUB_HOST : plain;
}

/** Who stands behind the host. Hosts are compared whole, label by label. */
export function ownerOfHost(host: string): HostOwner {
  const canonical = canonicalHost(host);
  if (isDockerHubFront(canonical)) return "docker-hub";
  const name = canonical.replace(/:\d+$/, "");
  if (OTHERS.some((other) => name === other || name.endsWith(`.${other}`))) return "another";
  // An address or a name without a domain is a machine of the owner's own network.
  if (!name.includes(".") || /^[\d.]+$|^\[/.test(name)) return "another";
  if (name.split(".").some((label) => PROXY_LABEL.test(label))) return "another";
  return "unknown";
}
