/**
 * A refused pull in ECS's own words.
 *
 * Fargate uses containerd's words and names the address; an EC2 instance speaks the Docker daemon's and
 * names neither image nor registry. The words are those of public logs (amazon-ecs-agent's issues and
 * errors.go, AWS's troubleshooting pages, containerd and moby sources; read 2026-11).
 */

import { STATUS_CODES } from "node:http";
import {
  canonicalName,
  familiarName,
  type ImageReference,
  repositoryName,
} from "../../../image/reference.ts";
import type { Assumptions } from "../../world/assumptions.ts";
import type { PullRefusal } from "./image-pull.ts";

/** amazon-ecs-agent: `ecsMaxContainerReasonLength`, `ecsMaxTaskReasonLength`. */
const CONTAINER_REASON_LENGTH_MAX = 255;

/** What Fargate 1.4 writes into `stoppedReason`. */
export function fargateMessage(
  refusal: PullRefusal,
  reference: ImageReference,
  unverified: Pick<Assumptions, "containerd" | "fargateReasonLengthMax">,
): string {
  const text = `CannotPullContainerError: ${containerdMessage(refusal, withTag(reference), unverified.containerd)}`;
  return text.slice(0, unverified.fargateReasonLengthMax);
}

/** What the agent on an EC2 instance writes into the container's `reason`. */
export function ec2Message(
  refusal: PullRefusal,
  reference: ImageReference,
  { ec2ErrorName }: Pick<Assumptions, "ec2ErrorName">,
): string {
  const text = `${ec2ErrorName}: Error response from daemon: ${dockerMessage(refusal, withTag(reference))}`;
  return text.slice(0, CONTAINER_REASON_LENGTH_MAX);
}

function containerdMessage(refusal: PullRefusal, reference: ImageReference, containerd: 1 | 2): string {
  const name = canonicalName(reference);
  switch (refusal.kind) {
    case "no-platform":
      return `pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform '${refusal.platform}'`;
    case "other-build":
      return `ref pull has been retried 1 time(s): no match for platform in manifest: not found`;
    case "corrupt":
      return `ref pull has been retried 1 time(s): failed to copy: ${refusal.url}: unexpected commit digest`;
    case "unreachable": {
      const request = `failed to do request: ${refusal.method === "HEAD" ? "Head" : "Get"} "${refusal.url}": ${refusal.because}`;
      return refusal.method === "HEAD"
        ? `pull image manifest has been retried 5 time(s): failed to resolve ref ${name}: ${request}`
        : `ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: ${request}`;
    }
    case "answered": {
      const { method, url, status, said, saidInJson } = refusal;
      const phrase = `${status} ${STATUS_CODES[status] ?? ""}`;
      if (status === 404)
        return `pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: ${name}: not found`;
      if (status === 401 || status === 403)
        return `pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`;
      if (method === "HEAD")
        return `pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: unexpected status from HEAD request to ${url}: ${phrase}`;
      const server = said !== undefined && saidInJson ? said : undefined;
      const opened =
        containerd === 1
          ? `unexpected status code ${url}: ${phrase}${server === undefined ? "" : ` - Server message: ${server}`}`
          : `unexpected status from GET request to ${url}: ${phrase}${server === undefined ? "" : `\n${server}`}`;
      return `ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: ${opened}`;
    }
  }
}

function dockerMessage(refusal: PullRefusal, reference: ImageReference): string {
  switch (refusal.kind) {
    case "no-platform":
      return `no matching manifest for ${refusal.platform} in the manifest list entries`;
    case "other-build":
      return otherBuild(refusal);
    case "corrupt":
      return "filesystem layer verification failed for digest";
    case "unreachable":
      return `Get "${new URL(refusal.url).origin}/v2/": ${refusal.because}`;
    case "answered": {
      const { status, said, saidInJson } = refusal;
      if (status === 404)
        return `manifest for ${familiarName(reference)} not found: manifest unknown: manifest unknown`;
      if (status === 401 || status === 403)
        return `pull access denied for ${repositoryName(reference)}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`;
      if (said !== undefined && saidInJson) return said;
      if (said === undefined)
        return `received unexpected HTTP status: ${status} ${STATUS_CODES[status] ?? ""}`;
      return `error parsing HTTP ${status} response body: invalid character '${said[0]}' looking for beginning of value: ${JSON.stringify(said)}`;
    }
  }
}

/** The daemon's words: https://github.com/moby/moby/blob/master/daemon/internal/distribution/pull_v2_windows.go */
function otherBuild({ image, host }: Extract<PullRefusal, { kind: "other-build" }>): string {
  return `a Windows version ${image}-based image is incompatible with a ${host} host`;
}

function withTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: "latest" }
    : reference;
}
