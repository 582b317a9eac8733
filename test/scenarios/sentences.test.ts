/** What an engineer reads at 3 a.m.: why this place, and why not that one. */

import { expect, test } from "vitest";
import { explainPlan } from "../../src/substitution/explain-plan.ts";
import { play } from "../support/scenario.ts";

const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub";
const services = [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42 }];
const hub = { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } };

/** The plans in words, digests as letters in the order in which they come. */
async function told(world: object, policy: object = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  await play({
    world,
    policy: { waitForLimit: false, ...policy },
    onPlan: (plan) => void lines.push(...explainPlan(plan)),
  });
  const letters = new Map<string, string>();
  return lines.map((line) =>
    line.replace(/\b[0-9a-f]{12}\b(?!-)/g, (digest) => {
      letters.set(digest, letters.get(digest) ?? String.fromCharCode(65 + letters.size));
      return letters.get(digest) ?? "";
    }),
  );
}

test("a plan says what runs, how that is known, and why not the others", async () => {
  const world = {
    services,
    registries: {
      "docker.io": {
        ...hub,
        accounts: { spent: { password: "x", remaining: 0 }, shop: { password: "x" } },
        repullSignsInAs: "shop",
      },
      "public.ecr.aws": { images: { "docker/library/nginx:1.25": {} } },
    },
    pullThrough: [{ prefix: "hub", upstream: "docker.io", account: "spent" }],
  };
  const lines = await told(world, { dockerHubSecret: SECRET });
  const second = lines.lastIndexOf(
    "  skipped ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy exists",
  );
  expect(lines.slice(second - 2, second + 9)).toEqual([
    "nginx:1.25 (web) could not be pulled",
    "  expected digest: A, recorded by ECS for this deployment",
    "  skipped ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy exists",
    "  skipped pull-through-cache ECR/hub/library/nginx:1.25: ECR could not fetch it from docker.io: the rule's own account has no pulls left there (UpstreamTooManyRequests)",
    "  skipped ecr-public public.ecr.aws/docker/library/nginx:1.25: it has other content: digest B instead of A",
    "  skipped mirror public.ecr.aws/docker/library/nginx@sha256:A: public.ecr.aws does not have it",
    "  → use mirror: copy linux/amd64 from docker.io/library/nginx@sha256:A to ECR/repull/docker.io/library/nginx:1.25",
    "    verified: it is listed for this platform in the image index with the expected digest (same-platform)",
    expect.stringMatching(/^ {4}quota of the source: 200 of 200 pulls left in 6 hours, counted for /),
    "    checked: role, platform",
    "    network not checked: the service names no subnets; the failed task did reach docker.io",
  ]);
});

test("a plan without a substitute says why each source is skipped, and leaves what would help to the outcome", async () => {
  const lines = await told({
    services,
    registries: { "docker.io": hub },
    repullAddress: "shared",
    time: "2026-01-20T10:00:00Z",
  });
  expect(lines).toEqual([
    "nginx:1.25 (web) could not be pulled",
    "  expected digest: A, recorded by ECS for this deployment",
    "  skipped ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy exists",
    "  skipped ecr-public public.ecr.aws/docker/library/nginx:1.25: public.ecr.aws does not have it",
    "  skipped mirror public.ecr.aws/docker/library/nginx@sha256:A: public.ecr.aws does not have it",
    "  skipped mirror docker.io/library/nginx@sha256:A: docker.io has no pulls left for Repull (0 of 100 pulls left in 6 hours, counted for 203.0.113.10)",
    "  skipped pull-through-cache: this account has no pull-through cache rule for docker.io",
    "  skipped authenticated-pull: no Docker Hub account is configured (the stack's DockerHubSecretArn)",
    "  → no substitute: nothing is written",
  ]);
});
