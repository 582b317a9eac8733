/** A pull-through cache met the limit of its upstream: other places that have the upstream's bytes replace it. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { replay } from "../../../src/cli/replay/replay.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const sample = JSON.parse(
  readFileSync(new URL("../../../events/fargate-service.json", import.meta.url), "utf8"),
);
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const OTHER_ECR = "210987654321.dkr.ecr.us-east-1.amazonaws.com";
const HEAD = (host: string, path: string) =>
  `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${host}/${path}: unexpected status from HEAD request to https://${host}/v2/${path.replace(":", "/manifests/")}: 429 Too Many Requests`;
const NGINX = "docker-hub/library/nginx:1.25";
const GRAFANA = "docker-hub/grafana/grafana:11";
const HUB = { images: { "library/nginx:1.25": {}, "grafana/grafana:11": {} }, quota: { remaining: 0 } };
const TWIN = {
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const OTHER_TWIN = { "public.ecr.aws": { images: { "docker/library/nginx:1.25": {} } } };
const RULE = { pullThrough: [{ prefix: "docker-hub", upstream: "docker.io" }] };
const SHARED = { repullAddress: "shared" };
const UPSTREAM =
  "CannotPullContainerError: UpstreamTooManyRequests: the upstream registry turned the request away";

async function replayed(image: string, stoppedReason: string, registries: object, more: object) {
  const [container] = sample.detail.containers;
  const detail = {
    ...sample.detail,
    stoppedReason,
    containers: [{ ...container, image, reason: undefined }],
  };
  const services = [
    { cluster: "prod", name: "web", revision: 42, image, deploymentId: sample.detail.startedBy },
  ];
  const io = commandIo({
    "e.json": JSON.stringify({ ...sample, detail }),
    "worlds/e.json": JSON.stringify({ services, registries: { "docker.io": HUB, ...registries }, ...more }),
    "policy.json": JSON.stringify({ waitForLimit: false }),
  });
  await replay(
    {
      files: ["e.json"],
      aws: false,
      yes: false,
      settle: true,
      json: true,
      seed: "1",
      stack: false,
      policyFile: "policy.json",
    },
    io,
  );
  const [outcome] = objectsIn(io.printed.out);
  return outcome as {
    outcome: string;
    because: string;
    nextSteps?: readonly string[];
    images?: readonly { substitute?: string }[];
  };
}

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, image: string, text: string, registries: object, more: object, outcome: string, runs: RegExp])[] = [
  ["ECR Public has the digest",                       `${ECR}/${NGINX}`,   HEAD(ECR, NGINX),   TWIN,       RULE,                  "succeeded",     /public\.ecr\.aws\/docker\/library\/nginx@sha256:/],
  ["the text has ECR's code",                         `${ECR}/${NGINX}`,   UPSTREAM,           TWIN,       RULE,                  "succeeded",     /public\.ecr\.aws\/docker\/library\/nginx@sha256:/],
  ["ECR Public has other bytes",                      `${ECR}/${NGINX}`,   HEAD(ECR, NGINX),   OTHER_TWIN, RULE,                  "succeeded",     new RegExp(`${ECR}/repull/docker\\.io/library/nginx@sha256:`)],
  ["ECR Public has other bytes, and Repull no pulls", `${ECR}/${NGINX}`,   HEAD(ECR, NGINX),   OTHER_TWIN, { ...RULE, ...SHARED }, "no-substitute", /^$/],
  ["it is known at Docker Hub alone",                 `${ECR}/${GRAFANA}`, HEAD(ECR, GRAFANA), {},         { ...RULE, ...SHARED }, "no-substitute", /^$/],
  ["no rule leads to the image",                      `${ECR}/${NGINX}`,   HEAD(ECR, NGINX),   TWIN,       {},                    "ignored",     /^$/],
  ["ECR itself throttles",                            `${ECR}/${NGINX}`,   "CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded", TWIN, RULE, "ignored", /^$/],
  ["the cache is another account's",                  `${OTHER_ECR}/${NGINX}`, HEAD(OTHER_ECR, NGINX), TWIN, RULE,                "ignored",     /^$/],
];

describe("a limit under the name of private ECR", () => {
  for (const [what, image, text, registries, more, outcome, runs] of ROWS) {
    it(`ends as ${outcome} when ${what}`, async () => {
      const ended = await replayed(image, text, registries, more);
      expect(ended.outcome).toBe(outcome);
      const written = outcome === "succeeded" ? (ended.images?.[0]?.substitute ?? "") : "";
      expect(written).toMatch(runs);
      const advice = (ended.nextSteps ?? []).join("\n");
      expect(/pull-through cache rule of /.test(advice)).toBe(outcome === "no-substitute");
      expect(advice).not.toContain("mirrors cache create");
    });
  }
});
