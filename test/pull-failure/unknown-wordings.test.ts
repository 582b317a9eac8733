/** A second table, written with fresh eyes and without the rules in sight: the kind is all that it asks. */

import { equal } from "node:assert/strict";
import { test } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const DIGEST = `sha256:${"ab12".repeat(16)}`;
const HUB = "docker-hub-pull-limit";
const ABUSE = "docker-hub-abuse-limit";
const REGISTRY = "registry-limit";
const UNAUTHORIZED = "unauthorized";
const NOT_FOUND = "not-found";
const NETWORK = "network";
const OTHER = "other";

/** Written before looking at the rules, to be judged by kind alone. */
// biome-ignore format: a table is read by its columns
const unseen: readonly (readonly [kind: string, image: string | undefined, text: string])[] = [
[HUB,undefined,'Error response from daemon: error from registry: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'],
[HUB,'traefik:v3','CannotPullImageManifestError: Error response from daemon: Head "https://registry-1.docker.io/v2/library/traefik/manifests/v3": toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'],
[HUB,'traefik:v3','CannotPullContainerError: Error response from daemon: Head "https://registry-1.docker.io/v2/library/traefik/manifests/v3": toomanyrequests'],
[HUB,undefined,'Error: unable to copy from source docker://docker.io/library/nginx:latest: initializing source docker://docker.io/library/nginx:latest: reading manifest latest in docker.io/library/nginx: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit'],
[HUB,undefined,'Error: 2 errors occurred while pulling:\n * initializing source docker://registry.fedoraproject.org/busybox:latest: reading manifest latest in registry.fedoraproject.org/busybox: manifest unknown\n * initializing source docker://docker.io/library/busybox:latest: reading manifest latest in docker.io/library/busybox: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'],
[HUB,undefined,'Essential container failed. CannotPullContainerError: toomanyrequests: You have reached your pull rate limit'],
[HUB,'memcached','STOPPED (CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/memcached/manifests/sha256:e2f: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit...)'],
[HUB,undefined,'Failed to pull image "wordpress:6": rpc error: code = Unknown desc = Error reading manifest 6 in docker.io/library/wordpress: toomanyrequests: You have reached your pull rate limit.'],
[HUB,undefined,`rpc error: code = ResourceExhausted desc = failed to pull and unpack image "docker.io/library/mysql:8": failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/library/mysql/manifests/${DIGEST}: 429 Too Many Requests`],
[HUB,'busybox:1','CannotPullContainerError: failed to do request: Head "https://registry-1.docker.io/v2/library/busybox/manifests/1": 429 Too Many Requests'],
[HUB,undefined,'GET https://registry-1.docker.io/v2/library/golang/manifests/1.22: 429 TOOMANYREQUESTS: You have reached your pull rate limit'],
[HUB,undefined,'docker: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit.'],
[HUB,undefined,'Job failed: toomanyrequests: You’ve reached your pull rate limit'],
[HUB,undefined,'"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading"'],
[HUB,undefined,'reason=CannotPullContainerError: You have reached your unauthenticated pull rate limit'],
[HUB,'nginx','CannotPullContainerError: Error response from daemon: {"message":"toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}'],
[HUB,'nginx','CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached\nyour pull rate\nlimit.'],
[HUB,'hashicorp/vault:1.15',`CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/hashicorp/vault/manifests/${DIGEST}: 429 Too Many Req`],
[HUB,'hashicorp/vault:1.15',`CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/hashicorp/vault/manifests/${DIGEST}: 4`],
[HUB,'grafana/loki:2.9','CannotPullContainerError: Error response from daemon: rate limit exceeded: toomanyrequests'],
[ABUSE,'nginx','error pulling image: Too Many Requests (HAP429)'],
[REGISTRY,'public.ecr.aws/nginx/nginx:1','CannotPullImageManifestError: Error response from daemon: toomanyrequests: Rate exceeded'],
[REGISTRY,undefined,'CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded'],
[REGISTRY,'ghcr.io/a/b','Error response from daemon: Get "https://ghcr.io/v2/a/b/manifests/1": denied: You have exceeded a secondary rate limit. toomanyrequests: retry later'],
[REGISTRY,'registry.k8s.io/pause:3.9','failed to resolve reference "registry.k8s.io/pause:3.9": unexpected status from HEAD request to https://us-west2-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.9: 429 Too Many Requests'],
[REGISTRY,'quay.io/prometheus/node-exporter:v1','toomanyrequests: You have reached your rate limit for this registry'],
[REGISTRY,'123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/grafana/grafana:1','CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit as \'bob\': dckr_jti_x. You may increase the limit by upgrading'],
[REGISTRY,'123456789012.dkr-ecr.eu-west-1.on.aws/docker-hub/grafana/grafana:1','CannotPullContainerError: toomanyrequests: You have reached your pull rate limit'],
[REGISTRY,'nvcr.io/nvidia/cuda:12','Error response from daemon: toomanyrequests: Too many requests. You have exceeded your pull limit'],
[REGISTRY,undefined,'reading blob sha256:1: fetching blob: toomanyrequests: retry-after: 215.1us, allowed: 44000/minute'],
[UNAUTHORIZED,'acme/app:1','Error response from daemon: pull access denied for acme/app, repository does not exist or may require \'docker login\': denied: requested access to the resource is denied'],
[UNAUTHORIZED,undefined,'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Aacme%2Fx%3Apull: 401 Unauthorized'],
[UNAUTHORIZED,undefined,'GET https://index.docker.io/v2/acme/x/manifests/latest: UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:acme/x Type:repository]]'],
[NOT_FOUND,'nginx:429','CannotPullContainerError: Error response from daemon: manifest for nginx:429 not found: manifest unknown: manifest unknown'],
[NOT_FOUND,undefined,'GET https://index.docker.io/v2/library/nginx/manifests/429: MANIFEST_UNKNOWN: manifest unknown; unknown tag=429'],
[NOT_FOUND,'acme/too-many-requests','CannotPullContainerError: failed to resolve ref docker.io/acme/too-many-requests:latest: docker.io/acme/too-many-requests:latest: not found'],
[NETWORK,'nginx','CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": proxyconnect tcp: dial tcp 10.4.2.9:3128: connect: connection refused'],
[NETWORK,'nginx',`CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 502 Bad Gateway`],
[NETWORK,'nginx','CannotPullContainerError: failed to copy: read tcp 10.0.1.17:42900->104.18.125.25:443: read: connection reset by peer'],
[NETWORK,'nginx','CannotPullContainerError: failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token": net/http: TLS handshake timeout'],
[OTHER,'nginx','Essential container in task exited'],
[OTHER,'nginx','Exit code 429'],
[OTHER,'nginx','CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s'],
[OTHER,'nginx','Stopped by deploy bot: docker hub rate limit, moving to ECR'],
[OTHER,'nginx','ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: 429 Too Many Requests'],
[OTHER,'nginx','Scaling activity initiated by (deployment ecs-svc/4290000000000000429)'],
[REGISTRY,'mirror.acme.example/library/nginx','CannotPullContainerError: unexpected status from HEAD request to https://mirror.acme.example/v2/library/nginx/manifests/latest: 429 Too Many Requests'],
[REGISTRY,undefined,'Failed to pull image "gcr.io/x/y:1": rpc error: code = Unknown desc = toomanyrequests: Quota exceeded'],
[REGISTRY,undefined,'Failed to pull image "quay.io/x/y:1": rpc error: code = Unknown desc = 429 Too Many Requests'],
[HUB,undefined,'Failed to pull image "bitnami/redis:7": rpc error: code = Unknown desc = 429 Too Many Requests'],
[HUB,'nginx','CannotPullContainerError: pull command failed: panic: toomanyrequests: You have reached your pull rate limit'],
[UNAUTHORIZED,'nginx','CannotPullContainerAuthError: Error response from daemon: toomanyrequests: too many failed login attempts for username or IP address'],
[HUB,undefined,'Cannot pull container: Error: error pulling image configuration: toomanyrequests: You have reached your unauthenticated pull rate limit'],
[HUB,'redis','CannotPullContainerError: context canceled: toomanyrequests: You have reached your pull rate limit'],
[HUB,undefined,`FATA[0002] failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/${DIGEST}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`],
[HUB,undefined,'> [internal] load metadata for docker.io/library/python:3.12-slim: ------ ERROR: failed to do request: 429 Too Many Requests - Server message: toomanyrequests'],
];

for (const [kind, image, text] of unseen) {
  test(`${kind} ← ${image ?? "(no image)"}: ${text.slice(0, 140)}`, () =>
    equal(classify(text, image).kind, kind));
}
