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
    "  not ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy is there",
  );
  expect(lines.slice(second - 2, second + 8)).toEqual([
    "nginx:1.25 (web) could not be pulled",
    "  trusted: A, ECS pinned it for this deployment",
    "  not ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy is there",
    "  not pull-through-cache ECR/hub/library/nginx:1.25: ECR could not fetch it from docker.io: the rule's own account has no pulls left there (UpstreamTooManyRequests)",
    "  not ecr-public public.ecr.aws/docker/library/nginx:1.25: it holds other bytes: B instead of A",
    "  not mirror public.ecr.aws/docker/library/nginx@sha256:A: public.ecr.aws does not have it",
    "  → mirror: copy linux/amd64 from docker.io/library/nginx@sha256:A to ECR/repull/docker.io/library/nginx:1.25 (same-platform: the trusted image lists what it holds)",
    expect.stringMatching(/^ {4}there, 200 of 200 pulls in 6 hours are left to /),
    "    checked: role, platform",
    "    not checked: network, for the service names no subnets; yet the task that failed did reach docker.io",
  ]);
});

test("where nothing holds, it says what would help, and until when waiting does", async () => {
  const lines = await told({
    services,
    registries: { "docker.io": hub },
    repullAddress: "shared",
    time: "2026-01-20T10:00:00Z",
  });
  expect(lines).toEqual([
    "Nothing can be done safely: no place was found that holds nginx:1.25 with enough proof.",
    "nginx:1.25 (web) could not be pulled",
    "  trusted: A, ECS pinned it for this deployment",
    "  not ecr-copy ECR/repull/docker.io/library/nginx:1.25: no copy is there",
    "  not ecr-public public.ecr.aws/docker/library/nginx:1.25: public.ecr.aws does not have it",
    "  not mirror public.ecr.aws/docker/library/nginx@sha256:A: public.ecr.aws does not have it",
    "  not mirror docker.io/library/nginx@sha256:A: docker.io has no pulls left for Repull: 0 of 100 pulls in 6 hours are left to 203.0.113.10",
    "  not pull-through-cache: this account has no pull-through cache rule for docker.io",
    "  not authenticated-pull: no Docker Hub account is configured (dockerHubSecret)",
    "  left as it is",
    "What you can do:",
    "  - create a pull-through cache rule for Docker Hub, which ECR lets use a Docker Hub account only; Repull finds it by itself: aws ecr create-pull-through-cache-rule --ecr-repository-prefix docker-hub --upstream-registry-url registry-1.docker.io --credential-arn SECRET_ARN",
    "  - give Repull a Docker Hub account (the stack's AccountSecretArn, dockerHubSecret in the policy): a free one has 200 pulls in 6 hours, a paid one (Pro, Team, Business) has no such limit",
    expect.stringMatching(
      /^ {2}- copy nginx:1\.25 into ECR from a place with pulls left .*: aws ecr create-repository --repository-name \S+ && repull mirror docker\.io\/library\/nginx@\S+ \S+\/repull\/docker\.io\/library\/nginx:1\.25 --platform linux\/amd64$/,
    ),
    expect.stringMatching(
      /^ {2}- or wait: the limit ends at the latest at 2026-01-20T16:00:\d\d\.\d{3}Z \(a Docker Hub window has 6 hours\), and ECS goes on trying$/,
    ),
  ]);
});

test("the abuse limit is no window, and no end of it is promised", async () => {
  const lines = await told({
    services: [{ ...services[0], launchType: "EC2" }],
    registries: { "docker.io": { ...hub, quota: {}, trouble: "abuse-limit" } },
  });
  expect(lines.join("\n")).toContain("not authenticated-pull: the abuse limit applies to every account");
  expect(lines.join("\n")).toContain("the abuse limit counts requests by the minute");
  expect(lines.join("\n")).not.toContain("6 hours");
});
