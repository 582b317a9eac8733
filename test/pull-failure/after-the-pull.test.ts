/**
 * What failed once an image had been pulled, and what ECS names in addition to a pull: a limit there is not the registry's of the image.
 *
 * The limits are those of package registries, model hubs and APIs, as their clients word them (read 2026-11).
 */

import { describe, expect, it } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const DIGEST = "sha256:a6385a6bb2fdcb7c48fc871e35e32af8daaa82c518900be49b76d10c005864c2";

const PULLED: Readonly<Record<string, string>> = {
  BuildKit: `#3 [internal] load metadata for docker.io/library/node:20\n#3 DONE 0.5s\n#6 [1/4] FROM docker.io/library/node:20@${DIGEST}\n#6 CACHED\n#8 [4/4] RUN make\n`,
  "docker run": `Unable to find image 'node:20' locally\n20: Pulling from library/node\nDigest: ${DIGEST}\nStatus: Downloaded newer image for node:20\n`,
  "GitLab's runner": `Pulling docker image node:20 ...\nUsing docker image sha256:aa11 for node:20 with digest node@${DIGEST} ...\n$ make\n`,
  "the old builder":
    "Step 1/5 : FROM node:20\n ---> aa11bb22cc33\nStep 2/5 : RUN make\n ---> Running in 87051ac87a51\n",
  podman: `Trying to pull docker.io/library/node:20...\nCopying config aa11\nStoring signatures\n`,
  kubelet: `Normal   Pulled   2m   kubelet  Successfully pulled image "acme/api:1" in 1.4s\nWarning  BackOff  10s  kubelet  Back-off restarting failed container\n`,
};

const NOT_OF_PULLS = [
  "npm error code E429\nnpm error 429 Too Many Requests - GET https://registry.npmjs.org/@types%2fnode",
  'error "https://registry.yarnpkg.com/lodash/-/lodash-4.17.21.tgz: Request failed \\"429 Too Many Requests\\""',
  "ERROR: 429 Client Error: Too Many Requests for url: https://files.pythonhosted.org/packages/x.whl",
  "HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/api/models/gpt2",
  "fetching https://api.github.com/repos/acme/x/releases/latest failed: rate limit exceeded",
  "go: reading https://proxy.golang.org/github.com/acme/x/@v/v1.zip: 429 Too Many Requests",
  "Could not transfer artifact x from/to central (https://repo.maven.apache.org/maven2): status code: 429, reason phrase: Too Many Requests (429)",
  "E: Failed to fetch https://dl.google.com/linux/x.deb  429  Too Many Requests [IP: 142.250.1.1 443]",
  "openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o'}}",
  "could not query provider registry for registry.terraform.io/hashicorp/aws: 429 Too Many Requests",
  "Error: 429 Too Many Requests",
  "Fatal: rate limit exceeded",
  "npm error 404 Not Found - GET https://registry.npmjs.org/nope",
  "Error: connect ECONNREFUSED 10.0.0.3:5432",
];

describe("a log in which an image was pulled", () => {
  for (const [program, log] of Object.entries(PULLED))
    it(`of ${program} has no failed pull, whatever fails after it`, () => {
      const told = NOT_OF_PULLS.map((text) => [text, classify(log + text).kind]);
      expect(told).toEqual(NOT_OF_PULLS.map((text) => [text, "other"]));
    });

  for (const [program, log] of Object.entries(PULLED))
    it(`of ${program} has a limit where another image is pulled after it`, () => {
      const bare = `${log}\nStep 4/5 : FROM redis:7\n429 Too Many Requests`;
      expect(classify(bare)).toMatchObject({
        kind: "docker-hub-pull-limit",
        image: "docker.io/library/redis:7",
      });
      const addressed = `${log}\nERROR: failed to solve: redis:7: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/redis/manifests/7: 429 Too Many Requests`;
      expect(classify(addressed)).toMatchObject({
        kind: "docker-hub-pull-limit",
        confidence: "certain",
        image: "docker.io/library/redis:7",
      });
    });

  it("has a limit that was met before the image was pulled", () => {
    const log =
      "failed to solve: node:20: https://registry-1.docker.io/v2/library/node/manifests/20: 429 Too Many Requests\nStatus: Downloaded newer image for node:20\nnpm error 429 Too Many Requests - GET https://registry.npmjs.org/x";
    expect(classify(log)).toMatchObject({
      kind: "docker-hub-pull-limit",
      image: "docker.io/library/node:20",
    });
  });
});

describe("a 429 of an address that is not a registry's", () => {
  const table = [
    "Failed to pull the image's model: https://huggingface.co/gpt2/resolve/main/config.json: 429 Too Many Requests",
    "docker: building the image: https://nexus.acme.example/repository/npm/x.tgz: 429 Too Many Requests",
  ];
  for (const text of table)
    it(`is not a limit on pulls: “${text.slice(0, 60)}…”`, () => {
      expect(classify(text).kind).toBe("other");
    });
});

describe("the words of ECS before those of a container", () => {
  const LIMIT =
    "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit.";
  // biome-ignore format: a table is read by its columns
  const table = [
    ["Essential container in task exited - ",                       LIMIT,                                                                                        "docker-hub-pull-limit"],
    ["Task failed to start - ",                                     LIMIT,                                                                                        "docker-hub-pull-limit"],
    ["(service health-checks) was unable to place a task. Reason: ", LIMIT,                                                                                        "docker-hub-pull-limit"],
    ["(service web) was unable to place a task. Reason: ",          "ResourceInitializationError: failed to validate logger args: dial tcp 10.0.0.1:443: i/o timeout", "other"],
    ["(service web) was unable to place a task. Reason: ",          "ResourceInitializationError: Unable to launch instance(s): AccessDeniedException: not authorized", "other"],
    ["Task failed to start - ",                                     "CannotStartContainerError: Error response from daemon: 429 Too Many Requests",                "other"],
    ["Essential container in task exited - ",                       "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s", "other"],
    ["ECS ",                                                        "CannotCreateContainerError: Error response from daemon: No such image: docker.io/acme/api:1", "other"],
  ] as const;
  for (const [before, reason, kind] of table)
    it(`“${before}” leave ${kind} of ${reason.slice(0, 40)}…`, () => {
      expect(classify(`${before}${reason}`).kind).toBe(kind);
    });
});
