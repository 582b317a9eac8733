/**
 * Who stands behind a host: Docker Hub, somebody who is known not to be, or nobody knows.
 *
 * Some publishers give Docker Hub a name of their own (docker.n8n.io), so a host that nobody knows may turn
 * out to be Docker Hub by what it says; a host known to be somebody else's never can.
 */

import { isForeignDomain } from "./known-registries.ts";
import { DOCKER_HUB_HOST, isDockerHubFront, isDockerHubName, isDockerHubService } from "./registry-hosts.ts";

export type RegistryOwner = "docker-hub" | "other" | "unknown";

/** Products that stand between a company and registries, by the names that their hosts carry. */
const PROXY_LABEL =
  /^(?:artifactory|jfrog|harbor|nexus|proget|gitlab|gitea|mirror|proxy|cache|registry-(?:mirror|proxy|cache))(?:[-\d].*)?$|-(?:artifactory|harbor|nexus|mirror|proxy|cache)$/;

/** One spelling for each registry host: lower case, default port dropped, Docker Hub's hosts as `docker.io`. */
export function canonicalHost(host: string): string {
  const plain = host.toLowerCase().replace(/:443$/, "").replace(/\.+$/, "");
  return isDockerHubName(plain) || isDockerHubService(plain) ? DOCKER_HUB_HOST : plain;
}

/** Who stands behind the host. Hosts are compared whole, label by label. */
export function registryOwner(host: string): RegistryOwner {
  const canonical = canonicalHost(host);
  if (isDockerHubFront(canonical)) return "docker-hub";
  const name = canonical.replace(/:\d+$/, "");
  if (isForeignDomain(name)) return "other";
  // An address or a name without a domain is a machine of the owner's own network.
  if (!name.includes(".") || /^[\d.]+$|^\[/.test(name)) return "other";
  if (name.split(".").some((label) => PROXY_LABEL.test(label))) return "other";
  return "unknown";
}
