import { describe, expect, it } from "vitest";
import type { Digest } from "../../src/image/digest.ts";
import type { ProbedCandidate, ProbeResult } from "../../src/substitution/candidate.ts";
import { missingImage } from "../../src/substitution/missing-image.ts";
import type { ImageFacts } from "../../src/substitution/plan-types.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as Digest;
const trusted = { digest: DIGEST, from: "reference" } as const;
const untrusted = (code: "origin-has-no-tag" | "origin-unreadable" | "trust-unreadable") => ({
  code,
  because: "",
});

function copied(source: string, kind: "absent" | "rate-limited" | "denied" | "unreachable"): ProbedCandidate {
  const seen: ProbeResult = { kind, because: "" };
  return { candidate: { strategy: "mirror", image: "ecr/x", source, samePublisher: false }, seen };
}

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, image: string, facts: Partial<ImageFacts>, gone: object | undefined])[] = [
  ["its registry has no such tag",               "acme/api:3",    { untrusted: untrusted("origin-has-no-tag") },                                 { host: "docker.io", name: "acme/api:3" }],
  ["it is Bitnami's",                            "bitnami/redis:7.2", { untrusted: untrusted("origin-has-no-tag") },                             { host: "docker.io", name: "bitnami/redis:7.2", elsewhere: "bitnamilegacy/redis:7.2" }],
  ["another registry has no such tag",           "ghcr.io/acme/api:3", { untrusted: untrusted("origin-has-no-tag") },                            { host: "ghcr.io", name: "ghcr.io/acme/api:3" }],
  ["its registry has no such digest",            "acme/api:3",    { trusted, probedCandidates: [copied(`docker.io/acme/api:3@${DIGEST}`, "absent")] },  { host: "docker.io", name: "acme/api:3 with the digest aaaaaaaaaaaa" }],
  ["only the twin lacks the digest",             "nginx:1",       { trusted, probedCandidates: [copied(`public.ecr.aws/docker/library/nginx:1@${DIGEST}`, "absent")] }, undefined],
  ["its registry is limited",                    "acme/api:3",    { trusted, probedCandidates: [copied(`docker.io/acme/api:3@${DIGEST}`, "rate-limited")] }, undefined],
  ["its registry refuses",                       "acme/api:3",    { trusted, probedCandidates: [copied(`docker.io/acme/api:3@${DIGEST}`, "denied")] },  undefined],
  ["its registry is silent",                     "acme/api:3",    { untrusted: untrusted("origin-unreadable") },                                 undefined],
  ["ECS does not report which bytes were meant",   "acme/api:3",    { untrusted: untrusted("trust-unreadable"), probedCandidates: [copied("docker.io/acme/api:3", "absent")] }, undefined],
  ["its name cannot be read",                    "no image",      { untrusted: untrusted("origin-has-no-tag") },                                 undefined],
];

describe("goneImage", () => {
  for (const [what, image, facts, gone] of ROWS) {
    it(`says that the image is ${gone === undefined ? "not known to be gone" : "gone"} when ${what}`, () => {
      expect(
        missingImage({ image, containers: ["web"], failing: true, probedCandidates: [], ...facts }),
      ).toEqual(gone);
    });
  }
});
