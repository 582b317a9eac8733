/**
 * A refused pull as kubelet reports it: containerd's error, which it repeats while it backs off.
 *
 * The words are those of public logs and of containerd's source (core/remotes/docker, read 2026-11); the sentence round them is
 * kubelet's (k8s.io/kubernetes pkg/kubelet/images/image_manager.go, read 2026-11).
 */

import { STATUS_CODES } from "node:http";
import { canonicalName, type ImageReference } from "../../image/reference.ts";
import type { PullRefusal } from "../ecs/tasks/image-pull.ts";

/** What `state.waiting` says when a pull has just failed. */
export function errImagePull(reference: ImageReference, refusal: PullRefusal): string {
  const name = canonicalName(reference);
  return `failed to pull and unpack image "${name}": ${causeOf(name, refusal)}`;
}

/** What it says until the next try. */
export function backOff(image: string, cause: string): string {
  return `Back-off pulling image "${image}": ErrImagePull: ${cause}`;
}

function causeOf(name: string, refusal: PullRefusal): string {
  const resolve = `failed to resolve reference "${name}"`;
  const open = "failed to copy: httpReadSeeker: failed open";
  switch (refusal.kind) {
    case "no-platform":
      return `no match for platform in manifest: not found`;
    case "other-build":
      return "no match for platform in manifest: not found";
    case "corrupt":
      return `${open}: unexpected commit digest`;
    case "unreachable": {
      const { method, url, because } = refusal;
      const request = `failed to do request: ${method === "HEAD" ? "Head" : "Get"} "${url}": ${because}`;
      return `${method === "HEAD" ? resolve : open}: ${request}`;
    }
    case "answered": {
      const { method, url, status, said, saidInJson } = refusal;
      const phrase = `${status} ${STATUS_CODES[status] ?? ""}`;
      if (status === 404) return `${resolve}: ${name}: not found`;
      if (status === 401 || status === 403)
        return `${resolve}: pull access denied, repository does not exist or may require authorization: authorization failed: ${said ?? phrase}`;
      if (method === "HEAD") return `${resolve}: unexpected status from HEAD request to ${url}: ${phrase}`;
      const server = said !== undefined && saidInJson ? `\n${said}` : "";
      return `${open}: unexpected status from GET request to ${url}: ${phrase}${server}`;
    }
  }
}
