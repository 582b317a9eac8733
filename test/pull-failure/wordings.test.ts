/**
 * Wordings that no log of ours has shown yet, in the wrappers that clients use: whose limit each is, or that it is not a limit.
 *
 * A wrong "Docker Hub" is the costly error, so more than half of the rows must not be one.
 */

import { deepEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const OLD =
  "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";
const NEW =
  "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
const MINE =
  "toomanyrequests: You have reached your pull rate limit as 'examplebot': dckr_jti_EXAMPLEexampleEXAMPLE0=. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit";
const DIGEST = "sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31";
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/** What is expected, `kind limitedAs confidence registry image` with `-` for absent; the container's image; the text. */
type Row = readonly [expected: string, image: string | undefined, text: string];

const PULL = "docker-hub-pull-limit";

// biome-ignore format: a table is read by its columns
const dockerHubs: readonly Row[] = [
  // Docker, old and new, with and without ECS around it.
  [`${PULL} anonymous certain docker.io docker.io/library/nginx:1.25`,        "nginx:1.25",        `CannotPullContainerError: Error response from daemon: error from registry: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`],
  [`${PULL} anonymous certain docker.io docker.io/library/nginx`,             "nginx",             `CannotPullImageManifestError: Error response from daemon: ${NEW}`],
  [`${PULL} unknown certain docker.io docker.io/library/mongo:7`,             "mongo:7",           `CannotPullContainerError: API error (429): ${OLD}`],
  [`${PULL} unknown certain docker.io docker.io/library/mongo:7`,             "mongo:7",           `CannotPullContainerError: API error (500): {"message":"${OLD}"}`],
  [`${PULL} anonymous certain docker.io docker.io/acme/api:2`,                "acme/api:2",        `The task can’t pull the image. Check whether the image exists. Error response from daemon: ${NEW}`],
  [`${PULL} anonymous certain docker.io docker.io/acme/api:2`,                "acme/api:2",        `CannotPullContainerError: The task can't pull the image. Check your network configuration. Error response from daemon: ${NEW}`],
  [`${PULL} account certain docker.io docker.io/acme/api:2`,                  "acme/api:2",        `CannotPullContainerError: Error response from daemon: ${MINE}`],
  [`${PULL} account certain docker.io docker.io/acme/api:2`,                  "acme/api:2",        `Error response from daemon: error from registry: You have reached your pull rate limit as "examplebot": dckr_jti_EXAMPLE`],
  [`${PULL} account certain docker.io -`,                                     undefined,           `You have reached your pull rate limit as ‘examplebot’: dckr_jti_EXAMPLE`],
  [`${PULL} unknown certain docker.io docker.io/library/redis:7`,             "redis:7",           `Error response from daemon: toomanyrequests: Too Many Requests.`],
  [`${PULL} unknown certain docker.io docker.io/library/redis:7`,             "redis:7",           `CannotPullContainerError: Error response from daemon: toomanyrequests: Too Many Requests. Please see https://docs.docker.com/docker-hub/download-rate-limit/`],
  [`${PULL} unknown certain docker.io docker.io/library/redis:7`,             "redis:7",           `CannotPullContainerError: Error response from daemon: received unexpected HTTP status: 429 Too Many Requests`],
  [`${PULL} unknown certain docker.io docker.io/library/redis:7`,             "redis:7",           `(HTTP code 429) unexpected - toomanyrequests: You have reached your pull rate limit.`],
  [`${PULL} unknown certain docker.io docker.io/library/redis:7`,             "redis:7",           `CANNOTPULLCONTAINERERROR: ERROR RESPONSE FROM DAEMON: TOOMANYREQUESTS: YOU HAVE REACHED YOUR PULL RATE LIMIT.`],
  // Fargate, containerd 1 and 2, Batch, service events.
  [`${PULL} anonymous certain docker.io docker.io/grafana/grafana`,           undefined,           `CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/grafana/grafana/manifests/${DIGEST}: 429 Too Many Requests - Server message: ${NEW}`],
  [`${PULL} anonymous certain docker.io docker.io/grafana/grafana`,           undefined,           `(service dashboards) was unable to place a task. Reason: CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/grafana/grafana/manifests/${DIGEST}: 429 Too Many Requests\n${NEW}.`],
  [`${PULL} unknown certain docker.io docker.io/grafana/grafana:11.2.0`,      undefined,           `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/grafana/grafana:11.2.0: unexpected status from HEAD request to https://registry-1.docker.io/v2/grafana/grafana/manifests/11.2.0: 429 Too Many Requests`],
  [`${PULL} unknown certain docker.io docker.io/library/docker:20.10`,        "docker:20.10",      `CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref "docker.io/library/docker:20.10": pulling from host registry-1.docker.io failed with status code [manifests 20.10]: 429 Too Many Requests`],
  [`${PULL} anonymous certain docker.io docker.io/library/nginx:1.25`,        "nginx:1.25",        `Task failed: CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: unexpected status from GET request to https://registry-1.docker.io:443/v2/library/nginx/manifests/${DIGEST}: 429 Too Many Requests\\n${NEW}`],
  [`${PULL} unknown certain docker.io docker.io/prefecthq/prefect`,           undefined,           `TaskFailedToStart - CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/prefecthq/prefect/manifests/${DIGEST}: 429 Too Many Requests - Server message: ${OLD}`],
  // Kubelet, CRI-O, podman, buildah, skopeo, crane, kaniko, buildkit, nerdctl, regclient.
  [`${PULL} anonymous certain docker.io docker.io/library/redis:7`,           undefined,           `Failed to pull image "redis:7": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/redis:7": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/${DIGEST}: 429 Too Many Requests - Server message: ${NEW}`],
  [`${PULL} unknown certain docker.io docker.io/library/postgres:16`,         undefined,           `Failed to pull image "docker.io/library/postgres:16": rpc error: code = Unknown desc = reading manifest 16 in docker.io/library/postgres: ${OLD}`],
  [`${PULL} anonymous certain docker.io docker.io/library/postgres:16`,       undefined,           `Failed to pull image "docker.io/library/postgres:16": initializing source docker://postgres:16: reading manifest 16 in docker.io/library/postgres: ${NEW}`],
  [`${PULL} anonymous certain docker.io docker.io/library/alpine:3.20`,       undefined,           `Error: initializing source docker://alpine:3.20: reading manifest 3.20 in docker.io/library/alpine: ${NEW}`],
  [`${PULL} unknown certain docker.io docker.io/library/alpine:3.20`,         undefined,           `Error: initializing source docker://alpine:3.20: reading manifest 3.20 in docker.io/library/alpine: too many requests to registry`],
  [`${PULL} anonymous certain docker.io docker.io/library/alpine:latest`,     undefined,           `time="2026-01-20T10:00:00Z" level=fatal msg="Error parsing image name \\"docker://alpine:latest\\": reading manifest latest in docker.io/library/alpine: ${NEW}"`],
  [`${PULL} unknown certain docker.io docker.io/library/node:20`,             undefined,           `HEAD https://index.docker.io/v2/library/node/manifests/20: unexpected status code 429 Too Many Requests (HEAD responses have no body, use GET for details)`],
  [`${PULL} anonymous certain docker.io docker.io/library/node:20`,           undefined,           `error building image: GET https://index.docker.io/v2/library/node/manifests/20: TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`],
  [`${PULL} anonymous certain docker.io docker.io/library/node:20-alpine`,    undefined,           `ERROR: failed to solve: node:20-alpine: failed to resolve source metadata for docker.io/library/node:20-alpine: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/node/manifests/${DIGEST}: 429 Too Many Requests - Server message: ${NEW}`],
  [`${PULL} unknown certain docker.io docker.io/library/busybox:latest`,      undefined,           `FATA[0001] failed to resolve reference "docker.io/library/busybox:latest": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/busybox/manifests/latest: 429 Too Many Requests`],
  [`${PULL} unknown certain docker.io docker.io/library/busybox`,             "busybox",           `failed to get manifest busybox:latest: request failed: rate limit exceeded [http 429]: pulling image`],
  // Bodies as JSON, entities, escapes and links.
  [`${PULL} anonymous certain docker.io -`,                                   undefined,           `{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}`],
  [`${PULL} anonymous certain docker.io -`,                                   undefined,           `{\\"errors\\":[{\\"code\\":\\"TOOMANYREQUESTS\\",\\"message\\":\\"You have reached your unauthenticated pull rate limit.\\"}]}`],
  [`${PULL} unknown certain docker.io -`,                                     undefined,           `CannotPullContainerError: &quot;toomanyrequests: You have reached your pull rate limit&quot;`],
  [`${PULL} anonymous certain docker.io -`,                                   undefined,           `Error%20response%20from%20daemon%3A%20toomanyrequests%3A%20You%20have%20reached%20your%20unauthenticated%20pull%20rate%20limit.`],
  [`${PULL} anonymous certain docker.io -`,                                   undefined,           `You   have\treached\r\nyour unauthenticated\npull rate limit`],
  [`${PULL} unknown certain docker.io docker.io/library/httpd:2.4`,           "httpd:2.4",         `CannotPullContainerError: Error response from daemon: 429 Too Many Requests: see https://www.docker.com/increase-rate-limit`],
  // Other names of Docker Hub.
  [`${PULL} anonymous certain docker.io docker.n8n.io/n8nio/n8n:1.93.0`,      "docker.n8n.io/n8nio/n8n:1.93.0",   `CannotPullContainerError: Error response from daemon: ${NEW}`],
  [`${PULL} anonymous certain docker.io docker.example.dev/acme/app:1`,       "docker.example.dev/acme/app:1",    `CannotPullContainerError: Error response from daemon: ${NEW}`],
  [`${PULL} unknown certain docker.io docker.n8n.io/n8nio/n8n:1.93.0`,        undefined,           `failed to resolve reference "docker.n8n.io/n8nio/n8n:1.93.0": unexpected status from HEAD request to https://docker.n8n.io/v2/n8nio/n8n/manifests/1.93.0: 429 Too Many Requests`],
  [`${PULL} unknown certain docker.io registry.hub.docker.com/library/nginx`, "registry.hub.docker.com/library/nginx", `Error response from daemon: ${OLD}`],
  [`${PULL} anonymous certain docker.io docker.io/library/nginx:1`,           "index.docker.io/library/nginx:1",  `Error response from daemon: ${NEW}`],
  // An image's own name proves nothing, in either direction.
  [`${PULL} anonymous certain docker.io docker.io/acme/toomanyrequests:429`,  "acme/toomanyrequests:429",         `CannotPullContainerError: Error response from daemon: ${NEW}`],
  [`${PULL} anonymous certain docker.io docker.io/acme/rate-exceeded:404`,    "acme/rate-exceeded:404",           `CannotPullContainerError: Error response from daemon: ${NEW}`],
  // Its other limit, on all requests of an address.
  ["docker-hub-abuse-limit - certain docker.io docker.io/library/nginx",      "nginx",             `CannotPullContainerError: Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: "Too Many Requests (HAP429)"`],
  ["docker-hub-abuse-limit - certain docker.io docker.io/library/nginx",      "nginx",             `CannotPullContainerError: Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: "Too Many Requests"`],
  ["docker-hub-abuse-limit - certain docker.io -",                            undefined,           `Too Many Requests (HAP429).`],
  ["docker-hub-abuse-limit - certain docker.io docker.io/library/nginx",      "nginx",             `Too Many Requests`],
  ["docker-hub-abuse-limit - likely docker.io -",                             undefined,           `Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: "Too Many Requests"`],
  // Cut off, and still pointing at it.
  [`${PULL} unknown likely docker.io -`,                                      undefined,           `CannotPullContainerError: Error response from daemon: toomanyrequests: You have rea`],
  [`${PULL} anonymous likely docker.io docker.io/library/nginx`,              "nginx",             `CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull ra`],
  [`${PULL} unknown likely docker.io docker.io/library/nginx`,                "nginx",             `CannotPullContainerError: Error response from daemon: toomanyreq`],
  [`${PULL} unknown likely docker.io docker.io/library/nginx`,                undefined,           `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:0d17b565c37bcb`],
  [`${PULL} unknown likely docker.io -`,                                      undefined,           `CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/libr...`],
];

// biome-ignore format: a table is read by its columns
const others: readonly Row[] = [
  // Limits of other registries.
  [`registry-limit - certain ${ECR} ${ECR}/docker-hub/library/nginx:1.25`,    `${ECR}/docker-hub/library/nginx:1.25`, `CannotPullContainerError: Error response from daemon: ${NEW}`],
  [`registry-limit - certain ${ECR} ${ECR}/docker-hub/library/nginx:1.25`,    `${ECR}/docker-hub/library/nginx:1.25`, `CannotPullContainerError: ref pull has been retried 1 time(s): unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 429 Too Many Requests - Server message: ${NEW}`],
  [`registry-limit - certain ${ECR} ${ECR}/docker-hub/library/nginx:1.25`,    `${ECR}/docker-hub/library/nginx:1.25`, `CannotPullContainerError: UpstreamTooManyRequests: the upstream registry refused`],
  [`registry-limit - certain ${ECR} ${ECR}/web:1`,                            `${ECR}/web:1`,      `CannotPullECRContainerError: ThrottlingException: Rate exceeded\n status code: 400, request id: 00000000-0000-4000-8000-000000000000`],
  [`registry-limit - certain ${ECR} ${ECR}/web:1`,                            `${ECR}/web:1`,      `CannotPullContainerError: Error response from daemon: Unknown: Rate exceeded`],
  ["registry-limit - certain public.ecr.aws public.ecr.aws/docker/library/nginx:1.25", "public.ecr.aws/docker/library/nginx:1.25", `CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded`],
  ["registry-limit - certain public.ecr.aws public.ecr.aws/docker/library/nginx:1.25", "public.ecr.aws/docker/library/nginx:1.25", `CannotPullContainerError: Error response from daemon: ${OLD}`],
  ["registry-limit - certain public.ecr.aws public.ecr.aws/docker/library/nginx:1.25", "public.ecr.aws/docker/library/nginx:1.25", `CannotPullContainerError: Error response from daemon: toomanyrequests: Data limit exceeded`],
  ["registry-limit - certain public.ecr.aws public.ecr.aws/docker/library/python:3.12", undefined, `failed to resolve reference "public.ecr.aws/docker/library/python:3.12": unexpected status from HEAD request to https://public.ecr.aws/v2/docker/library/python/manifests/3.12: 429 Too Many Requests`],
  ["registry-limit - certain ghcr.io ghcr.io/acme/api:1",                     "ghcr.io/acme/api:1", `CannotPullContainerError: Error response from daemon: toomanyrequests: retry-after: 1.2ms, allowed: 44000/minute`],
  ["registry-limit - certain lscr.io lscr.io/linuxserver/nginx:1",            "lscr.io/linuxserver/nginx:1", `toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute`],
  ["registry-limit - certain ghcr.io ghcr.io/acme/api:1",                     "ghcr.io/acme/api:1", `CannotPullContainerError: Error response from daemon: toomanyrequests: Too Many Requests.`],
  ["registry-limit - certain quay.io quay.io/acme/api:1",                     "quay.io/acme/api:1", `Error response from daemon: error parsing HTTP 429 response body: invalid character '<' looking for beginning of value: "<html><head><title>429 Too Many Requests</title></head></html>"`],
  ["registry-limit - certain quay.io quay.io/acme/api:1",                     "quay.io/acme/api:1", `Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: "Too Many Requests"`],
  ["registry-limit - certain quay.io quay.io/acme/api:1",                     undefined,           `reading manifest 1 in quay.io/acme/api: toomanyrequests: too many requests`],
  ["registry-limit - certain mcr.microsoft.com mcr.microsoft.com/dotnet/aspnet:8.0", "mcr.microsoft.com/dotnet/aspnet:8.0", `toomanyrequests: Too many requests. Please visit https://aka.ms/acr/skus#sku-feature-matrix to view limits`],
  ["registry-limit - certain acme.azurecr.io acme.azurecr.io/api:1",          "acme.azurecr.io/api:1", `Error response from daemon: toomanyrequests: Too Many Requests.`],
  ["registry-limit - certain us-docker.pkg.dev us-docker.pkg.dev/acme/r/api:1", "us-docker.pkg.dev/acme/r/api:1", `Error response from daemon: toomanyrequests: Quota exceeded for quota metric 'Requests per project per region'`],
  ["registry-limit - certain mirror.gcr.io docker.io/library/nginx:1",        "nginx:1",           `failed to resolve reference "docker.io/library/nginx:1": unexpected status from HEAD request to https://mirror.gcr.io/v2/library/nginx/manifests/1?ns=docker.io: 429 Too Many Requests`],
  ["registry-limit - certain wave.seqera.io wave.seqera.io/wt/abc/library/nginx:1", "wave.seqera.io/wt/abc/library/nginx:1", `CannotPullImageManifestError: Error response from daemon: toomanyrequests: Request exceeded pull rate limit for IP 203.0.113.7`],
  ["registry-limit - certain - -",                                            undefined,           `CannotPullImageManifestError: Error response from daemon: toomanyrequests: Request exceeded pull rate limit for user someone@example.com`],
  ["registry-limit - certain - docker.io/library/nginx",                      "nginx",             `CannotPullContainerError: Error response from daemon: toomanyrequests: Request exceeded pull rate limit for IP 203.0.113.7`],
  ["registry-limit - certain registry.gitlab.com registry.gitlab.com/acme/api:1", "registry.gitlab.com/acme/api:1", `Error response from daemon: received unexpected HTTP status: 429 Too Many Requests`],
  ["registry-limit - certain harbor.acme.example harbor.acme.example/hub/library/nginx:1", "harbor.acme.example/hub/library/nginx:1", `CannotPullContainerError: Error response from daemon: ${NEW}`],
  ["registry-limit - certain acme.jfrog.io acme.jfrog.io/docker/nginx:1",     "acme.jfrog.io/docker/nginx:1", `CannotPullContainerError: Error response from daemon: ${NEW}`],
  ["registry-limit - certain images.acme.example images.acme.example/api:1",  "images.acme.example/api:1", `Error fetching https://registry-1.docker.io/v2/library/redmine/manifests/${DIGEST} (remote response: 429: Too Many Requests)`],
  ["registry-limit - certain registry.acme.example:5000 registry.acme.example:5000/api:1", "registry.acme.example:5000/api:1", `Error response from daemon: toomanyrequests: too many requests`],
  ["registry-limit - certain localhost:5000 localhost:5000/nginx:1",          "localhost:5000/nginx:1", `Error response from daemon: ${NEW}`],
  ["registry-limit - certain registry-1.docker.io.evil.example registry-1.docker.io.evil.example/library/nginx:1", undefined, `unexpected status from HEAD request to https://registry-1.docker.io.evil.example/v2/library/nginx/manifests/1: 429 Too Many Requests`],
  ["registry-limit - certain docker.io.evil.example docker.io.evil.example/nginx:1", "docker.io.evil.example/nginx:1", `Error response from daemon: toomanyrequests: too many requests`],
  // Unattributed: nothing names the registry.
  ["registry-limit - certain - -",                                            undefined,           `CannotPullContainerError: Error response from daemon: toomanyrequests: Too Many Requests.`],
  ["registry-limit - likely - -",                                             undefined,           `CannotPullContainerError: Error response from daemon: toomanyrequests:`],
  ["registry-limit - certain - -",                                            undefined,           `Too Many Requests`],
  // Access.
  ["unauthorized - certain docker.io docker.io/acme/private:1",               "acme/private:1",    `CannotPullContainerError: Error response from daemon: pull access denied for acme/private, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`],
  ["unauthorized - certain docker.io docker.io/acme/private:429",             "acme/private:429",  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/acme/private:429: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`],
  ["unauthorized - certain docker.io docker.io/library/nginx",                "nginx",             `CannotPullContainerError: Error response from daemon: toomanyrequests: too many failed login attempts for username or IP address`],
  ["unauthorized - certain docker.io docker.io/library/nginx",                "nginx",             `CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password`],
  ["unauthorized - certain docker.io docker.io/library/nginx",                undefined,           `unexpected status from GET request to https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 401 Unauthorized`],
  ["unauthorized - certain docker.io docker.io/library/nginx:1",              "nginx:1",           `failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://auth.docker.io/token: 401 Unauthorized`],
  [`unauthorized - certain ${ECR} ${ECR}/web:1`,                              `${ECR}/web:1`,      `CannotPullContainerError: Error response from daemon: Head "https://${ECR}/v2/web/manifests/1": no basic auth credentials`],
  [`unauthorized - certain ${ECR} ${ECR}/web:1`,                              `${ECR}/web:1`,      `CannotPullECRContainerError: AccessDeniedException: User is not authorized to perform: ecr:GetAuthorizationToken status code: 400`],
  ["unauthorized - certain - -",                                              undefined,           `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: AccessDeniedException`],
  ["unauthorized - certain docker.io docker.io/acme/private:1",               "acme/private:1",    `pull access denied for acme/private, repository does not exist or may require authorization. If you have been limited, see https://www.docker.com/increase-rate-limit`],
  // Absence.
  ["not-found - certain docker.io docker.io/acme/toomanyrequests:429",        "acme/toomanyrequests:429", `CannotPullContainerError: Error response from daemon: manifest for acme/toomanyrequests:429 not found: manifest unknown: manifest unknown`],
  ["not-found - certain docker.io docker.io/acme/api:build-429",              undefined,           `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/acme/api:build-429: docker.io/acme/api:build-429: not found`],
  ["not-found - certain docker.io docker.io/acme/api:429",                    undefined,           `unexpected status from HEAD request to https://registry-1.docker.io/v2/acme/api/manifests/429: 404 Not Found`],
  ["not-found - certain docker.io docker.io/acme/api:429",                    "acme/api:429",      `pulling from host registry-1.docker.io failed with status code [manifests 429]: 404 Not Found`],
  ["not-found - certain docker.io docker.io/acme/api:1",                      "acme/api:1",        `Error response from daemon: manifest unknown: OCI index found, but accept header does not support OCI indexes`],
  // The network.
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host`],
  ["network - certain docker.io docker.io/library/nginx:1.25",                "nginx:1.25",        `CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/42/429ab/data": dial tcp 104.16.99.215:443: i/o timeout`],
  ["network - certain docker.io docker.io/library/nginx",                     undefined,           `unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 503 Service Unavailable`],
  ["network - certain docker.io docker.io/library/nginx",                     undefined,           `httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/blobs/${DIGEST}: 504 Gateway Time-out`],
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `error pulling image configuration: Get "https://production.cloudflare.docker.com/x": net/http: TLS handshake timeout`],
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `Error response from daemon: Get "https://registry-1.docker.io/v2/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`],
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `Error response from daemon: Get "https://registry-1.docker.io/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`],
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `unexpected status from GET request to https://production.cloudfront.docker.com/registry-v2/docker/blobs/x: 403 Forbidden`],
  ["network - certain docker.io docker.io/library/nginx:1",                   "nginx:1",           `CannotPullContainerError: dial tcp 10.0.0.7:429: connect: connection refused`],
  // No pull's failure, or nothing known.
  ["other - certain - docker.io/library/nginx:1",                             "nginx:1",           `CannotStartContainerError: Error response from daemon: exec: "toomanyrequests: You have reached your pull rate limit": executable file not found in $PATH`],
  ["other - certain - docker.io/library/nginx:1",                             "nginx:1",           `Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/7a7a1fcbd0455d4b) due to (reason Health checks failed with these codes: [429])`],
  ["other - likely docker.io docker.io/library/nginx:1",                      "nginx:1",           `Error: Request failed with status code 429 from https://api.example.com/v1/users`],
  ["other - likely docker.io docker.io/library/nginx:1",                      "nginx:1",           `upstream says 429 Too Many Requests`],
  ["other - certain docker.io docker.io/library/nginx:1",                     "nginx:1",           `CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob429: no space left on device`],
  ["other - certain docker.io docker.io/acme/api:1",                          "acme/api:1",        `CannotPullContainerError: Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries`],
  ["other - certain docker.io docker.io/acme/toomanyrequests:429",            undefined,           `Back-off pulling image "acme/toomanyrequests:429"`],
  ["other - likely - -",                                                      undefined,           ``],
  ["other - likely docker.io docker.io/library/nginx:1",                      "nginx:1",           `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed op`],
  ["other - likely docker.io docker.io/library/nginx:1",                      "nginx:1",           `see https://registry-1.docker.io/v2/library/nginx/manifests/1.25`],
];

for (const [what, rows] of [
  ["is Docker Hub's", dockerHubs],
  ["is not Docker Hub's", others],
] as const) {
  describe(what, () => {
    for (const [expected, image, text] of rows) {
      test(`${expected} ← ${image ?? "(no image)"}: ${text.slice(0, 140)}`, () => {
        deepEqual(inWords(text, image), expected);
      });
    }
  });
}

function inWords(text: string, image: string | undefined): string {
  const { kind, limitedAs, confidence, registry, image: concerned } = classify(text, image);
  return [kind, limitedAs ?? "-", confidence, registry ?? "-", concerned ?? "-"].join(" ");
}
