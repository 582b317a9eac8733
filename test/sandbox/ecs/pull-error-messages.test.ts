import { describe, expect, test } from "vitest";
import { classify } from "../../../src/pull-failure/classify.ts";
import type { RegistryEntry } from "../../../src/sandbox/world/registry-entry.ts";
import { createWorld, type WorldOptions } from "../../../src/sandbox/world/world.ts";

/** What the first task says that tries to pull an image in such a world. */
async function reasonFor(
  launchType: "FARGATE" | "EC2",
  image: string,
  dockerHub: RegistryEntry,
  options: WorldOptions = {},
): Promise<string> {
  const world = await createWorld(
    {
      services: [{ name: "web", image, launchType }],
      registries: { "docker.io": { images: { "library/nginx:1": {} }, ...dockerHub } },
    },
    options,
  );
  await world.run(60);
  const [task] = world.cluster.tasks("default");
  return task?.containers[0]?.reason ?? task?.stoppedReason ?? "";
}

const used = { quota: { remaining: 0 } };
const hub = "https://registry-1.docker.io/v2/library/nginx/manifests";
const headRefused: WorldOptions = { registryWays: { "docker-hub": { headAtZero: "refuses" } } };

const table = [
  [
    "FARGATE",
    "nginx:1",
    used,
    {},
    "docker-hub-pull-limit",
    "the pull limit, as containerd 1 reports it",
    /^CannotPullContainerError: ref pull has been retried 1 time\(s\): failed to copy: httpReadSeeker: failed open: unexpected status code https:\/\/registry-1\.docker\.io\/v2\/library\/nginx\/manifests\/sha256:[0-9a-f]{64}: 429 Too Many Requests - Server message: toomanyrequests: You have/,
  ],
  [
    "FARGATE",
    "nginx:1",
    used,
    { unverified: { containerd: 2 } },
    "docker-hub-pull-limit",
    "the pull limit, as containerd 2 reports it, over two lines",
    /: 429 Too Many Requests\ntoomanyrequests: You have reached/,
  ],
  [
    "FARGATE",
    "nginx:1",
    used,
    headRefused,
    "docker-hub-pull-limit",
    "a limit that strikes the HEAD already",
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:1: unexpected status from HEAD request to ${hub}/1: 429 Too Many Requests`,
  ],
  [
    "EC2",
    "nginx:1",
    used,
    {},
    "docker-hub-pull-limit",
    "the pull limit, as Docker reports it",
    "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
  ],
  [
    "EC2",
    "nginx:1",
    used,
    { unverified: { ec2ErrorName: "CannotPullImageManifestError" } },
    "docker-hub-pull-limit",
    "the pull limit, as a newer agent reports it",
    /^CannotPullImageManifestError: Error response from daemon: toomanyrequests: /,
  ],
  [
    "EC2",
    "nginx:1",
    { trouble: "abuse-limit" },
    {},
    "docker-hub-abuse-limit",
    "the abuse limit",
    `CannotPullContainerError: Error response from daemon: error parsing HTTP 429 response body: invalid character 'T' looking for beginning of value: "Too Many Requests (HAP429)"`,
  ],
  [
    "FARGATE",
    "nginx:no",
    {},
    {},
    "not-found",
    "a tag that is not there",
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:no: docker.io/library/nginx:no: not found",
  ],
  [
    "EC2",
    "nginx:no",
    {},
    {},
    "not-found",
    "a tag that is not there, on EC2",
    "CannotPullContainerError: Error response from daemon: manifest for nginx:no not found: manifest unknown: manifest unknown",
  ],
  [
    "FARGATE",
    "acme/secret",
    {},
    {},
    "unauthorized",
    "a private repository",
    /pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed$/,
  ],
  [
    "FARGATE",
    "nginx:1",
    { trouble: "unreachable" },
    {},
    "network",
    "no answer",
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:1: failed to do request: Head "${hub}/1": connect ECONNREFUSED registry-1.docker.io`,
  ],
  [
    "FARGATE",
    "nginx:1",
    used,
    { unverified: { fargateReasonLengthMax: 255 } },
    undefined,
    "Fargate cuts at 255 characters",
    /^.{255}$/s,
  ],
] as const;

describe("a refused pull in ECS's words", () => {
  for (const [launchType, image, dockerHub, options, kind, because, text] of table) {
    test(`${launchType} ${image}: ${because}`, async () => {
      const reason = await reasonFor(launchType, image, dockerHub, options);
      if (typeof text === "string") expect(reason).toBe(text);
      else expect(reason).toMatch(text);
      // The product must understand what its own sandbox says.
      if (kind !== undefined) expect(classify(reason, image).kind).toBe(kind);
    });
  }

  // biome-ignore format: a table is read by its columns
  const single: readonly [launchType: "FARGATE" | "EC2", architecture: "ARM64" | "X86_64", platform: string, exitCode: number | undefined][] = [
    ["FARGATE", "ARM64",  "linux/amd64", 255],
    ["EC2",     "X86_64", "linux/arm64", 1],
    ["FARGATE", "ARM64",  "linux/arm64", undefined],
    ["FARGATE", "X86_64", "linux/386",   undefined],
  ];
  for (const [launchType, architecture, platform, exitCode] of single)
    test(`is none for one manifest of ${platform} on ${launchType} ${architecture}: it ${exitCode === undefined ? "runs" : "is pulled, and ends at once"}`, async () => {
      const world = await createWorld({
        services: [{ name: "web", image: "nginx:1", architecture, launchType }],
        registries: { "docker.io": { images: { "library/nginx:1": { platforms: [platform] } } } },
      });
      await world.run(60);
      const [task] = world.cluster.tasks("default");
      expect([task?.stopCode, task?.containers[0]?.exitCode]).toEqual(
        exitCode === undefined ? [undefined, undefined] : ["EssentialContainerExited", exitCode],
      );
    });

  test("names a digest where the service's architecture is not among the image's", async () => {
    const world = await createWorld({
      services: [{ name: "web", image: "nginx:1", architecture: "ARM64" }],
      registries: {
        "docker.io": { images: { "library/nginx:1": { platforms: ["linux/amd64", "linux/386"] } } },
      },
    });
    await world.run(60);
    expect(world.cluster.tasks("default")[0]?.stoppedReason).toBe(
      "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/arm64'",
    );
  });
});
