/**
 * Who refused, and what was asked for: a 429 of a token, of a blob, of AWS's own APIs or of a proxy's page is not
 * Docker Hub's pull limit, and a cause that the text names is reported.
 */

import { describe, expect, it } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const HEX = "04a732b9876d77c18601b92f91bb05d4591a1356dbbfd732c13f4db1362c796d";
const D = `sha256:${HEX}`;
const ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const RIE =
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed:";
const HTML =
  "<html>\n<head><title>429 Too Many Requests</title></head>\n<body>\n<center><h1>429 Too Many Requests</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>";
const ABUSE = "docker-hub-abuse-limit";
const PULL = "docker-hub-pull-limit";

type Row = readonly [text: string, image: string | undefined, expected: string];

// Expected: kind, confidence, registry (`-`: none).
const TABLES: Readonly<Record<string, readonly Row[]>> = {
  // docker/hub-feedback#1907, #2204 (Docker's staff): the pull limit counts manifests, the other one counts every request.
  // biome-ignore format: a table is read by its columns
  "a 429 of what Docker Hub does not count as a pull": [
    [`CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/acme/api:1: failed to authorize: failed to fetch oauth token: unexpected status: 429 Too Many Requests`, "acme/api:1", `${ABUSE} likely docker.io`],
    [`CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:1.27: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Alibrary%2Fnginx%3Apull&service=registry.docker.io: 429 Too Many Requests`, "nginx:1.27", `${ABUSE} certain docker.io`],
    [`failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token: 429 Too Many Requests\nToo Many Requests`, undefined, `${ABUSE} certain docker.io`],
    [`CannotPullContainerError: Error response from daemon: Get "https://auth.docker.io/token?service=registry.docker.io": received unexpected HTTP status: 429 Too Many Requests`, "redis:7", `${ABUSE} certain docker.io`],
    [`Error: initializing source docker://redis:7: requesting bearer token: invalid status code from registry 429 (Too Many Requests)`, undefined, `${ABUSE} certain docker.io`],
    [`CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/blobs/${D}: 429 Too Many Requests`, "nginx:1.27", `${ABUSE} certain docker.io`],
    [`failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io:443/v2/library/nginx/blobs/${D}: 429 Too Many Requests - Server message: toomanyrequests: Too Many Requests`, undefined, `${ABUSE} certain docker.io`],
    [`FAILED TO COPY: HTTPREADSEEKER: FAILED OPEN: UNEXPECTED STATUS CODE HTTPS://REGISTRY-1.DOCKER.IO/V2/LIBRARY/NGINX/BLOBS/SHA256:${HEX.toUpperCase()}: 429 TOO MANY REQUESTS`, "nginx", `${ABUSE} certain docker.io`],
    [`CannotPullContainerError: ref pull has been retried 1 time(s): unexpected status code https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/04/${HEX}/data?verify=1-2: 429 Too Many Requests`, "nginx:1.27", `${ABUSE} certain docker.io`],
    [`unexpected status code https://docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com/registry-v2/docker/registry/v2/blobs/sha256/04/${HEX}/data: 429 Too Many Requests`, "nginx:1.27", `${ABUSE} certain docker.io`],
    [`Error: copying system image from manifest list: reading blob ${D}: fetching blob: received unexpected HTTP status: 429 Too Many Requests`, "docker.io/library/nginx:1", `${ABUSE} certain docker.io`],
    [`CannotPullContainerError: Error response from daemon: error pulling image configuration: download failed after attempts=6: received unexpected HTTP status: 429 Too Many Requests`, "mongo:7", `${ABUSE} certain docker.io`],
    [`CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": received unexpected HTTP status: 429 Too Many Requests`, "mongo:7", `${ABUSE} certain docker.io`],
    // What is counted, what Docker's own sentence says, and what others answer.
    [`failed to authorize: failed to fetch oauth token: ok; unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1: 429 Too Many Requests`, "nginx:1", `${PULL} certain docker.io`],
    [`error pulling image configuration: toomanyrequests: You have reached your pull rate limit.`, "nginx:1", `${PULL} certain docker.io`],
    [`reading manifest 1 in docker.io/library/nginx: received unexpected HTTP status: 429 Too Many Requests`, undefined, `${PULL} certain docker.io`],
    [`failed to authorize: failed to fetch oauth token: unexpected status: 429 Too Many Requests`, "ghcr.io/acme/api:1", "registry-limit certain ghcr.io"],
    [`failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=x: 429 Too Many Requests`, "ghcr.io/acme/api:1", "registry-limit certain ghcr.io"],
    [`toomanyrequests: too many failed login attempts for username or IP address`, "acme/api:1", "unauthorized certain docker.io"],
  ],
  // repost.aws/knowledge-center/ssm-parameter-store-rate-exceeded; wrappers from copilot-cli's tests and amazon-ecs-agent.
  // biome-ignore format: a table is read by its columns
  "an API of AWS that was throttled": [
    [`${RIE} unable to retrieve secrets from ssm: service call has been retried 5 time(s): ThrottlingException: Rate exceeded status code: 400, request id: 8d1b`, "ghcr.io/acme/api:1", "other certain -"],
    [`${RIE} unable to retrieve secrets from ssm: Rate exceeded`, undefined, "other certain -"],
    [`${RIE} unable to retrieve secrets from ssm: service call has been retried 5 time(s): ThrottlingException: Rate exceeded`, "nginx", "other certain -"],
    [`${RIE} unable to retrieve secrets from ssm: service call has been retried 5 time(s): ThrottlingException: Rate exceeded`, `${ECR}/web:1`, "other certain -"],
    [`${RIE} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:db from secretsmanager: ThrottlingException: Rate exceeded`, undefined, "other certain -"],
    [`${RIE} unable to retrieve secret from asm: AccessDeniedException\\n: kms: ThrottlingException: You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.`, "quay.io/acme/api:1", "other certain -"],
    [`Fetching secret data from SSM Parameter Store in eu-west-1: ThrottlingException: Rate exceeded status code: 400`, "acme/api", "other certain -"],
    [`resourceinitializationerror: failed to create new container runtime task: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ThrottlingException: Rate exceeded`, "acme/api", "other certain -"],
    [`CannotPullContainerError: RequestLimitExceeded: Request limit exceeded for sts AssumeRole`, "ghcr.io/acme/api", "other certain -"],
    [`CannotPullContainerError: operation error SSM: GetParameters, https response error StatusCode: 429, TooManyRequestsException: Rate exceeded`, "nginx", "other certain -"],
    // ECR is a registry and an API in one.
    [`CannotPullECRContainerError: ThrottlingException: Rate exceeded status code: 400`, `${ECR}/web:1`, `registry-limit certain ${ECR}`],
    [`${RIE} unable to get registry auth from Amazon ECR: service call has been retried 3 time(s): ThrottlingException: Rate exceeded`, `${ECR}/web:1`, `registry-limit certain ${ECR}`],
    [`${RIE} unable to get registry auth from Amazon ECR: service call has been retried 3 time(s): ThrottlingException: Rate exceeded`, "ghcr.io/acme/api:1", "registry-limit certain -"],
    [`CannotPullContainerError: toomanyrequests: Rate exceeded`, "public.ecr.aws/docker/library/nginx:1", "registry-limit certain public.ecr.aws"],
  ],
  // containerd's content store and its errdefs: what is missing is on the machine, not at the registry.
  // biome-ignore format: a table is read by its columns
  "something is not found that is not a tag": [
    [`CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: unexpected media type text/html for ${D}: not found`, "victoriametrics/victoria-metrics:v1.76.1", "other certain docker.io"],
    [`failed to pull and unpack image "docker.io/acme/x:1": failed to unpack image on snapshotter overlayfs: unexpected media type application/vnd.oci.empty.v1+json for ${D}: not found`, undefined, "other certain docker.io"],
    [`CannotPullContainerError: ref pull has been retried 1 time(s): failed to convert whiteout file: content digest ${D}: not found`, "acme/x:1", "other certain docker.io"],
    [`CannotPullContainerError: content digest ${D}\n: NOT FOUND`, "acme/x:1", "other certain docker.io"],
    [`failed to extract layer: NotFound: failed to get reader from content store: content digest ${D}: not found`, "haskell:7", "other certain docker.io"],
    [`CannotPullContainerError: failed to prepare extraction snapshot: parent snapshot ${D} does not exist: not found`, "acme/x:1", "other certain docker.io"],
    [`CannotPullContainerError: failed to commit snapshot extract-1: blob ${D}: not found`, "acme/x:1", "other certain docker.io"],
    [`CannotPullContainerError: failed to read config "${D}" not found`, "acme/x:1", "other certain docker.io"],
    // A tag, and a manifest that the reference or the address itself names.
    [`failed to copy: content at https://registry-1.docker.io/v2/acme/x/manifests/${D} not found: not found`, "acme/x:1", "not-found certain docker.io"],
    [`manifest ${D} not found: manifest unknown`, "acme/x:1", "not-found certain docker.io"],
    [`CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/bitnami/etcd:3.4.15: docker.io/bitnami/etcd:3.4.15: not found`, "bitnami/etcd:3.4.15", "not-found certain docker.io"],
    [`failed to resolve ref docker.io/acme/x@${D}: docker.io/acme/x@${D}: not found`, `acme/x@${D}`, "not-found certain docker.io"],
    [`CannotPullContainerError: Error: image acme/private:latest not found`, "acme/private:latest", "not-found certain docker.io"],
  ],
  // biome-ignore format: a table is read by its columns
  "the text tells the cause": [
    // containerd 2.1 and Docker 29: docs.docker.com/engine/deprecated/#pushing-and-pulling-with-image-manifest-v2-schema-1
    [`CannotPullContainerError: Error response from daemon: not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1, please rebuild the image as "application/vnd.docker.distribution.manifest.v2+json"`, "php:5.3-apache", "other certain docker.io"],
    [`[DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest version 2, schema 1 support is disabled by default and will be removed in an upcoming release. Suggest the author of docker.io/library/php:5.3 to upgrade the image`, "php:5.3", "other certain docker.io"],
    [`CannotPullContainerError: ref pull has been retried 1 time(s): conversion of schema 1 manifest is not supported`, "acme/old:1", "other certain docker.io"],
    // ministryofjustice/modernisation-platform-environments#427, microsoft/Windows-Containers#334
    [`CannotPullContainerError: a Windows version 10.0.20348-based image is incompatible with a 10.0.17763 host`, "acme/perfhub:1", "other certain docker.io"],
    [`CannotPullContainerError: no matching manifest for windows/amd64 10.0.17763 in the manifest list entries`, "acme/perfhub:1", "other certain docker.io"],
    [`CannotPullContainerError: no matching manifest for windows(10.0.20348)/amd64 in the manifest list entries`, "acme/perfhub:1", "other certain docker.io"],
    [`Error response from daemon: image operating system "linux" cannot be used on this platform: operating system is not supported`, "nginx", "other certain docker.io"],
    [`CannotPullContainerError: Error response from daemon: Get "https://registry.acme.example:5000/v2/": http: server gave HTTP response to HTTPS client`, "registry.acme.example:5000/api:1", "network certain registry.acme.example:5000"],
    [`CannotPullContainerError: Client sent an HTTP request to an HTTPS server.`, "registry.acme.example:5000/api:1", "network certain registry.acme.example:5000"],
    [`CannotPullContainerError: failed to resolve image "docker.io/acme/x:1": no available registry endpoint`, "acme/x:1", "network certain docker.io"],
    [`CannotPullContainerError: failed to resolve image "docker.io/acme/x:1": no available registry endpoint: docker.io/acme/x:1 not found`, "acme/x:1", "not-found certain docker.io"],
    [`CannotPullContainerError: ref pull has been retried 3 time(s): unexpected status code https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x: 503 Slow Down`, `${ECR}/web:1`, `network certain ${ECR}`],
    [`CannotPullContainerError: SlowDown: Please reduce your request rate.`, `${ECR}/web:1`, `network certain ${ECR}`],
    [`CannotPullContainerError: error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: "<html><body><h1>403 Forbidden</h1>\\nSince Docker is a US company, we must comply with US export control regulations. In an effort to comply with these, we now block all IP addresses that are located in Cuba"`, "ceph/ceph:v15", "network certain docker.io"],
    [`CannotPullContainerError: failed to resolve ref docker.io/acme/x:1: unexpected status from HEAD request to https://registry-1.docker.io/v2/acme/x/manifests/1: 402 Payment Required`, "acme/x:1", "unauthorized certain docker.io"],
    [`CannotPullContainerError: 451 Client Error: Unavailable For Legal Reasons`, "acme/x:1", "unauthorized certain docker.io"],
    [`CannotPullContainerError: 402 Client Error for https://registry-1.docker.io/v2/acme/x/manifests/1: Payment Required`, "acme/x:1", "unauthorized certain docker.io"],
    [`Error response from daemon: received unexpected HTTP status: 451 Unavailable For Legal Reasons`, "acme/x:1", "unauthorized certain docker.io"],
  ],
  // biome-ignore format: a table is read by its columns
  "a page or a proxy is between": [
    [`CannotPullContainerError: Error response from daemon: toomanyrequests: ${HTML}`, "consul:1.15", "registry-limit likely -"],
    [`CannotPullContainerError: Error response from daemon: toomanyrequests: ${HTML.replaceAll("\n", "\\n")}`, "consul:1.15", "registry-limit likely -"],
    [`Error response from daemon: error parsing HTTP 429 response body: invalid character '<' looking for beginning of value: "${HTML}"`, "consul:1.15", "registry-limit likely -"],
    [`Error response from daemon: error parsing HTTP 429 response body: invalid character '<' looking for begin`, "consul:1.15", "registry-limit likely -"],
    [`Error response from daemon: toomanyrequests: <!DOCTYPE HTML>\r\n<HTML><HEAD><TITLE>Access is limited</TITLE>`, "consul:1.15", "registry-limit likely -"],
    [`unexpected status code https://registry-1.docker.io/v2/library/consul/manifests/1: 429 Too Many Requests - Server message: ${HTML}`, "consul:1.15", "registry-limit likely -"],
    [`Error response from daemon: toomanyrequests: <html class="no-js"><title>This website has been temporarily rate limited | docker.front.example | Cloudflare</title>`, "docker.front.example/nvidia/cuda:11", "registry-limit likely docker.front.example"],
    [`Error response from daemon: toomanyrequests: ${HTML}`, "quay.io/acme/api:1", "registry-limit certain quay.io"],
    [`Error response from daemon: error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: "<html><title>Blocked by Zscaler</title>Forbidden</html>"`, "nginx", "unauthorized likely docker.io"],
    // Go's net/http transport writes the status text alone where a proxy refuses CONNECT.
    [`CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": Too Many Requests`, "nginx:1.27", "network likely docker.io"],
    [`failed to do request: Head "https://registry-1.docker.io/v2/library/nginx/manifests/1": Too Many Requests`, "nginx:1", "network likely docker.io"],
    [`failed to do request: Head "https://registry-1.docker.io/v2/library/nginx/manifests/1": Proxy Authentication Required`, "nginx:1", "network likely docker.io"],
  ],
};

describe("classify", () => {
  for (const [what, rows] of Object.entries(TABLES)) {
    for (const [text, image, expected] of rows) {
      const [kind] = expected.split(" ");
      it(`says ${kind} when ${what}: ${text.slice(-110).replaceAll("\n", " ")} (${image ?? "no image"})`, () => {
        const told = classify(text, image);
        expect([told.kind, told.confidence, told.registry ?? "-"].join(" ")).toBe(expected);
        expect(told.because).not.toContain("does not say");
      });
    }
  }

  it("is never certain of a limit when a text ends inside a refusal of sign-ins, or at the first sign of a page", () => {
    for (const sentence of [
      "toomanyrequests: too many failed login attempts",
      "toomanyrequests: <html><title>429 Too",
    ]) {
      const cuts = Array.from({ length: sentence.length - 1 }, (_, length) => sentence.slice(0, length));
      const certain = cuts
        .map((cut) => classify(`CannotPullContainerError: Error response from daemon: ${cut}`, "nginx"))
        .filter(({ kind, confidence }) => kind.endsWith("limit") && confidence === "certain");
      expect(certain).toEqual([]);
    }
  });

  it("makes no cut of a token's or a blob's 429 a pull limit for certain", () => {
    const wrong = (TABLES["a 429 of what Docker Hub does not count as a pull"] ?? [])
      .filter(([, , expected]) => expected.startsWith(ABUSE))
      .flatMap(([text, image]) =>
        Array.from({ length: text.length }, (_, length) => classify(text.slice(0, length), image)),
      )
      .filter(({ kind, confidence }) => kind === PULL && confidence === "certain");
    expect(wrong).toEqual([]);
  });
});

// biome-ignore format: a table is read by its columns
const NAMED: readonly (readonly [text: string, image: string | undefined])[] = [
  [`{"changed": false, "msg": "Error pulling image linuxserver/bazarr:latest - 500 Server Error: Internal Server Error (\\"toomanyrequests: You have reached your pull rate limit.\\")"}`, "docker.io/linuxserver/bazarr:latest"],
  ["Error pulling image nginx - 500 Server Error (toomanyrequests: You have reached your pull rate limit.)",          "docker.io/library/nginx"],
  ["Error pulling image (1.2) from docker.io/library/redis, toomanyrequests: You have reached your pull rate limit.", "docker.io/library/redis:1.2"],
  [`failed to pull "nginx:1.25" image: toomanyrequests: You have reached your pull rate limit.`,                      "docker.io/library/nginx:1.25"],
  [`Failed to Pull 'acme/api:3' Image: TOOMANYREQUESTS: YOU HAVE REACHED YOUR PULL RATE LIMIT.`,                      "docker.io/acme/api:3"],
  ["failed to pull image grafana/grafana:11: toomanyrequests: You have reached your pull rate limit.",                "docker.io/grafana/grafana:11"],
  ["could not pull image postgres:16\ntoomanyrequests: You have reached your pull rate limit.",                       "docker.io/library/postgres:16"],
  ["RemoteDockerImage(imageName=testcontainers/ryuk:0.5.1, x): toomanyrequests: You have reached your pull rate limit.", "docker.io/testcontainers/ryuk:0.5.1"],
  ["error pulling image configuration: toomanyrequests: You have reached your pull rate limit.",                      undefined],
  ["pull image manifest has been retried 1 time(s): toomanyrequests: You have reached your pull rate limit.",         undefined],
];

describe("the image that only the text names", () => {
  for (const [text, image] of NAMED) {
    it(`is ${image ?? "unknown"} when the text says “${text.slice(0, 70)}”`, () => {
      expect(classify(text).image).toBe(image);
    });
  }
});
