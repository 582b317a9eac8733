/** Remedies without a substitute: each one offered is one that this very plan needs. */

import { describe, expect, test } from "vitest";
import { optional } from "../../../src/ecs/json-fields.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { Candidate, Check, ProbeResult } from "../../../src/substitution/candidate.ts";
import { planSubstitution } from "../../../src/substitution/plan.ts";
import type { ImageFacts, PlanContext } from "../../../src/substitution/plan-types.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import type { Remedy } from "../../../src/substitution/remedies/remedy.ts";

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

function remedies(facts: Partial<ImageFacts>, limit: Partial<PlanContext["limit"]> = {}): readonly string[] {
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
  return plan.kind === "no-substitute" ? plan.remedies.map(wordOf) : [];
}

/** `let-cache-be-filled hub/*`: its code, and the value or the moment that it names. */
function wordOf({ code, setting, at }: Remedy): string {
  const isList = Array.isArray(setting?.value);
  const value = typeof setting?.value === "string" || isList ? String(setting?.value) : at;
  return value === undefined ? code : `${code} ${value}`;
}

const sighted = (seen: ProbeResult, ...checks: Check[]) => ({
  probedCandidates: [{ candidate: COPY, seen, checks }],
});

describe("what the operator can do", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [says: string, facts: Partial<ImageFacts>, remedy: string])[] = [
    ["a role without a right",               sighted(HERE, failed("role", "the execution role web may not pull from ECR (ecr:BatchGetImage)")), "allow-role"],
    ["no role at all",                       sighted(HERE, failed("role", "a Fargate task without an execution role cannot pull from ECR", "no-execution-role")), "name-execution-role ROLE_ARN"],
    ["no way through the network",           sighted(HERE, failed("network", "subnet-a has no way to the internet and no endpoint for s3")), "open-network"],
    ["a rule that does not work",            sighted({ kind: "fetchable" }, failed("rule", "ECR says that the rule hub does not work: Secret not found")), "mend-rule"],
    ["a secret that the role may not read",  sighted(HERE, failed("secret", "the execution role web may not decrypt the secret with its key (kms:Decrypt)")), "mend-secret"],
    ["a cache that Repull may not fill",     sighted({ kind: "denied", code: "cache-not-fillable", because: "denied", repositories: "arn:aws:ecr:us-east-1:123456789012:repository/hub/*" }), "let-cache-be-filled arn:aws:ecr:us-east-1:123456789012:repository/hub/*"],
    ["an archived copy",                     sighted({ kind: "archived", because: "the copy is archived in ECR" }), "restore-archived-copy"],
    ["an account without pulls",             sighted({ kind: "rate-limited", code: "account-exhausted", because: "no pulls left" }), "pay-for-account"],
    ["no rule",                              { notApplicable: [{ strategy: "pull-through-cache", code: "no-cache-rule", because: "no rule", host: "docker.io" }] }, "create-pull-through-rule"],
    ["no account",                           { notApplicable: [{ strategy: "authenticated-pull", code: "no-account", because: "no account" }] }, "name-docker-hub-account SECRET_ARN"],
    ["a private image",                      sighted({ kind: "denied", code: "private-image", because: "it is private" }), "allow-private-copy nginx"],
  ];
  for (const [says, facts, remedy] of table) {
    test(`about ${says}`, () => expect(remedies(facts)).toContain(remedy));
    test(`is not said when its cause is absent: ${says}`, () => expect(remedies({})).not.toContain(remedy));
  }

  test("without a digest, pins the image", () => {
    const image = { image: "nginx:1.25", containers: ["web"], failing: true, probedCandidates: [] };
    const plan = planSubstitution([image], { policy: DEFAULT_POLICY });
    expect(plan).toMatchObject({
      remedies: [{ code: "pin-by-digest", params: { image: "nginx:1.25" } }, {}],
    });
    expect(remedies({})).not.toContain("pin-by-digest");
  });

  test("always ends with until when waiting helps", () => {
    const at = "2026-11-21T16:00:00.000Z";
    expect(remedies({}, { endsBy: at }).at(-1)).toBe(`wait ${at}`);
  });
});
