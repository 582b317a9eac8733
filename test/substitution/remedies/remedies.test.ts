/** Remedies without a substitute: each one offered is one that this very plan needs. */

import { describe, expect, test } from "vitest";
import { optional } from "../../../src/ecs/json-fields.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { Candidate, Check, ProbeResult } from "../../../src/substitution/candidate.ts";
import { planSubstitution } from "../../../src/substitution/plan.ts";
import type { ImageFacts, PlanContext } from "../../../src/substitution/plan-types.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { formatRemedy } from "../../../src/substitution/remedies/format-remedy.ts";

const COPY: Candidate = {
  strategy: "ecr-copy",
  image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/library/nginx:1.25",
  samePublisher: false,
};
const HERE: ProbeResult = { kind: "found", digest: digestOf("nginx"), isIndex: false };
const failed = (what: Check["what"], because: string, code?: Check["code"]): Check => ({
  what,
  result: "failed",
  because,
  ...optional("code", code),
});

function remedies(facts: Partial<ImageFacts>, limit: Partial<PlanContext["limit"]> = {}): string {
  const image: ImageFacts = {
    image: "nginx:1.25",
    containers: ["web"],
    failing: true,
    trusted: { digest: digestOf("nginx"), from: "origin" },
    probedCandidates: [],
    ...facts,
  };
  const plan = planSubstitution([image], {
    policy: DEFAULT_POLICY,
    limit: { kind: "docker-hub-pull-limit", ...limit },
  });
  return plan.kind === "no-substitute" ? plan.remedies.map(formatRemedy).join("\n") : plan.kind;
}

const sighted = (seen: ProbeResult, ...checks: Check[]) => ({
  probedCandidates: [{ candidate: COPY, seen, checks }],
});

describe("what the operator can do", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [says: string, facts: Partial<ImageFacts>, remedy: RegExp])[] = [
    ["a role without a right",               sighted(HERE, failed("role", "the execution role web may not pull from ECR (ecr:BatchGetImage)")), /^give the tasks' role the right: the execution role web may not pull from ECR/m],
    ["no role at all",                       sighted(HERE, failed("role", "a Fargate task without an execution role cannot pull from ECR", "no-execution-role")), /^give the task definition an execution role, or name one for such tasks \(executionRole in the policy\)$/m],
    ["no way through the network",           sighted(HERE, failed("network", "subnet-a has no way to the internet and no endpoint for s3")), /^open a way for the tasks: subnet-a has no way/m],
    ["a rule that does not work",            sighted({ kind: "fetchable" }, failed("rule", "ECR says that the rule hub does not work: Secret not found")), /^mend the pull-through rule: ECR says/m],
    ["a secret that the role may not read",  sighted(HERE, failed("secret", "the execution role web may not decrypt the secret with its key (kms:Decrypt)")), /^let the tasks read the secret: .*may not decrypt/m],
    ["a cache that Repull may not fill",     sighted({ kind: "denied", code: "cache-not-fillable", because: "denied", repositories: "hub/*" }), /^deploy the stack with PullThroughRepositories=hub\/\*, so that Repull may fill the cache$/m],
    ["an archived copy",                     sighted({ kind: "archived", because: "the copy is archived in ECR" }), /^restore the archived copy in ECR: aws ecr update-image-storage-class --repository-name repull\/docker\.io\/library\/nginx /m],
    ["an account without pulls",             sighted({ kind: "rate-limited", code: "account-exhausted", because: "no pulls left" }), /^move the Docker Hub account to a paid plan .* no limit of pulls; a free one has 200 in 6 hours$/m],
    ["no rule",                              { notApplicable: [{ strategy: "pull-through-cache", code: "no-cache-rule", because: "no rule", host: "docker.io" }] }, /^create a pull-through cache rule for Docker Hub, .*: aws ecr create-pull-through-cache-rule /m],
    ["no account",                           { notApplicable: [{ strategy: "authenticated-pull", code: "no-account", because: "no account" }] }, /^give Repull a Docker Hub account .* a free one has 200 pulls in 6 hours, a paid one .* has no such limit$/m],
    ["a private image",                      sighted({ kind: "denied", code: "private-image", because: "it is private" }), /^allow copies of the private image \(registries\.privateImages: \["nginx"\]\)$/m],
  ];
  for (const [says, facts, remedy] of table) {
    test(`about ${says}`, () => expect(remedies(facts)).toMatch(remedy));
    test(`is not said where there is none of it: ${says}`, () => expect(remedies({})).not.toMatch(remedy));
  }

  test("without a digest, pins the image", () => {
    const image = { image: "nginx:1.25", containers: ["web"], failing: true, probedCandidates: [] };
    const plan = planSubstitution([image], { policy: DEFAULT_POLICY });
    const words = plan.kind === "no-substitute" ? plan.remedies.map(formatRemedy).join("\n") : "";
    expect(words).toMatch(/^pin nginx:1\.25 by its digest in your source/m);
    expect(remedies({})).not.toContain("pin nginx");
  });

  test("always ends with until when waiting helps", () => {
    expect(remedies({}, { endsBy: "2026-11-21T16:00:00.000Z" })).toMatch(
      /or wait: the limit ends at the latest at 2026-11-21T16:00:00\.000Z .*$/,
    );
  });
});
