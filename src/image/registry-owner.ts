/**
 * Who operates a registry host: Docker Hub, another operator, or unknown.
 *
 * Some publishers give Docker Hub a name of their own (docker.n8n.io), so the text of an error may show that an unknown
 * host is Docker Hub. It never shows that for a host of another known operator.
 */

import { isForeignDomain } from "./known-registries.ts";
import { DOCKER_HUB_HOST, isDockerHubFront, isDockerHubName, isDockerHubService } from "./registry-hosts.ts";

export type RegistryOwner = "docker-hub" | "other" | "unknown";

/** Products that a company runs in front of registries, by the names that their hosts carry. */
const PROXY_LABEL =
  /^(?:artifactory|jfrog|harbor|nexus|proget|gitlab|gitea|mirror|proxy|cache|registry-(?:mirror|proxy|cache))(?:[-\d].*)?$|-(?:artifactory|harbor|nexus|mirror|proxy|cache)$/;

/** One spelling for each registry host: lower case, default port dropped, Docker Hub's hosts as `docker.io`. */
export function canonicalHost(host: string): string {
  const plain = host.toLowerCase().replace(/:443$/, "").replace(/\.+$/, "");
  return isDockerHubName(plain) || isDockerHubService(plain) ? DOCKER_HUB_HOST : plain;
}

/** Who operates the host. Hosts are compared whole, label by label. */
export function registryOwner(host: string): RegistryOwner {
  const canonical = canonicalHost(host);
  if (isDockerHubFront(canonical)) return "docker-hub";
  const name = canonical.replace(/:\d+$/, "");
  if (isForeignDomain(name)) return "other";
  // An IP address or a name without a domain is a machine of a private network.
  if (!name.includes(".") || /^[\d.]+$|^\[/.test(name)) return "other";
  if (name.split(".").some((label) => PROXY_LABEL.test(label))) return "other";
  return "unknown";
}
