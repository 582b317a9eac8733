/**
 * ECR's pull-through cache as addresses: the name in ECR for an upstream image, and the upstream image for a name in ECR.
 *
 *     rule docker-hub → registry-1.docker.io        docker.io/library/nginx  ⇄  docker-hub/library/nginx
 *     rule ROOT       → registry-1.docker.io        docker.io/acme/web       ⇄  acme/web
 *     rule hub/acme   → registry-1.docker.io, acme  docker.io/acme/web       ⇄  hub/acme/web
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working-pulling.html (read
 * 2026-11). That an upstream prefix comes before the rest of the name is from the API's model, and unverified.
 */

import type { ImageReference } from "../image/reference.ts";
import { DOCKER_HUB_HOST, isDockerHubFront } from "../image/registry-hosts.ts";

export type PullThroughRule = {
  /** The first part of the repository's name in ECR; `ROOT`: none. */
  readonly prefix: string;
  /** As ECR names it: `registry-1.docker.io`, `public.ecr.aws`. */
  readonly upstreamHost: string;
  /** What comes before the name at the upstream; absent or `ROOT`: nothing. */
  readonly upstreamPrefix?: string;
};

const ROOT = "ROOT";
/** ECR's own bound: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const REPOSITORY_LENGTH_MAX = 256;

/** The repository in ECR in which a rule caches an image; or why the rule does not lead to it. */
export function cachedRepository(
  rule: PullThroughRule,
  image: Pick<ImageReference, "host" | "path">,
  rules: readonly PullThroughRule[],
): string | { readonly because: string } {
  const host = hostOf(rule);
  if (host !== image.host) return { because: `the rule ${rule.prefix} leads to ${host}` };
  if (host === DOCKER_HUB_HOST && image.path.split("/").length !== 2) {
    // aws/containers-roadmap#2354: anything else fails as if access were denied.
    return { because: "ECR's cache serves Docker Hub names of two parts only" };
  }
  const before = prefixPath(rule.upstreamPrefix);
  if (!image.path.startsWith(before)) {
    return { because: `the rule ${rule.prefix} leads to ${host}/${before} only` };
  }
  const repository = `${prefixPath(rule.prefix)}${image.path.slice(before.length)}`;
  if (repository.length > REPOSITORY_LENGTH_MAX) return { because: "its name in ECR would be too long" };
  return ruleFor(repository, rules) === rule
    ? repository
    : { because: `another rule takes ${repository} for itself` };
}

/** The rule that a repository in ECR belongs to: the one with the longest prefix. */
export function ruleFor(repository: string, rules: readonly PullThroughRule[]): PullThroughRule | undefined {
  return rules
    .filter(({ prefix }) => repository.startsWith(prefixPath(prefix)))
    .toSorted((one, other) => prefixPath(other.prefix).length - prefixPath(one.prefix).length)[0];
}

/** The pattern of the repositories that a rule may fill: what the stack's ReadableRepositoryArns has to name. */
export function repositoryPattern({ prefix }: PullThroughRule): string {
  return `${prefixPath(prefix)}*`;
}

/** The upstream image of a rule's repository. */
export function upstreamOf(rule: PullThroughRule, repository: string): Pick<ImageReference, "host" | "path"> {
  const rest = repository.slice(prefixPath(rule.prefix).length);
  return { host: hostOf(rule), path: `${prefixPath(rule.upstreamPrefix)}${rest}` };
}

/** The host as references write it. */
export function hostOf({ upstreamHost }: PullThroughRule): string {
  return isDockerHubFront(upstreamHost) ? DOCKER_HUB_HOST : upstreamHost;
}

function prefixPath(prefix: string | undefined): string {
  return prefix === undefined || prefix === ROOT || prefix === "" ? "" : `${prefix.replace(/\/+$/, "")}/`;
}
