import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import type { Candidate, ProbeResult } from "../../src/substitution/candidate.ts";
import { explainPlan } from "../../src/substitution/explain-plan.ts";
import { planSubstitution } from "../../src/substitution/plan.ts";
import type { ImageFacts } from "../../src/substitution/plan-types.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy/policy.ts";
import { STRATEGIES } from "../../src/substitution/strategies/index.ts";
import type { Strategy } from "../../src/substitution/strategy.ts";
import type { StrategyName } from "../../src/substitution/strategy-name.ts";
import { readPolicy, type SaidPolicy } from "../support/policy.ts";

const TRUSTED: Digest = `sha256:${"a".repeat(64)}`;
const OTHER: Digest = `sha256:${"b".repeat(64)}`;
const CHILD: Digest = `sha256:${"c".repeat(64)}`;
const AMD64 = { os: "linux", architecture: "amd64" };
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/** What each word of the table says that a place answered. */
const SEEN: Readonly<Record<string, ProbeResult>> = {
  same: { kind: "found", digest: TRUSTED, isIndex: true },
  child: { kind: "found", digest: CHILD, isIndex: false, childOf: TRUSTED },
  holds: { kind: "found", digest: OTHER, isIndex: true, platformDigest: TRUSTED },
  moved: { kind: "found", digest: OTHER, isIndex: true },
  scarce: { kind: "found", digest: TRUSTED, isIndex: true, pullsLeft: 3 },
  untold: { kind: "found", digest: TRUSTED, isIndex: true, pullsLeft: "unknown" },
  plenty: { kind: "found", digest: TRUSTED, isIndex: true, pullsLeft: 90 },
  stranger: { kind: "found", digest: CHILD, isIndex: false, childOf: OTHER },
  absent: { kind: "absent", because: "it is not there" },
  limited: { kind: "rate-limited", because: "no pulls are left" },
  silent: { kind: "unreachable", because: "no answer" },
};

const PLACES: Readonly<Record<string, Candidate>> = {
  own: { strategy: "ecr-copy", image: `${ECR}/repull/docker.io/library/nginx:1.25`, samePublisher: false },
  public: {
    strategy: "ecr-public",
    image: "public.ecr.aws/docker/library/nginx:1.25",
    samePublisher: true,
  },
  fresh: {
    strategy: "mirror",
    image: `${ECR}/repull/docker.io/library/nginx:1.25`,
    source: "docker.io/library/nginx:1.25",
    samePublisher: false,
  },
};

function probedCandidates(words: string): ImageFacts["probedCandidates"] {
  return words
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => {
      const [place = "", seen = ""] = word.split(":");
      const candidate = PLACES[place];
      const answer = SEEN[seen];
      if (candidate === undefined || answer === undefined) throw new Error(`unknown word: ${word}`);
      return { candidate, seen: answer };
    });
}

function nginx(words: string, facts: Partial<ImageFacts> = {}): ImageFacts {
  return {
    image: "nginx:1.25",
    containers: ["web"],
    failing: true,
    trusted: { digest: TRUSTED, from: "origin" },
    probedCandidates: probedCandidates(words),
    ...facts,
  };
}

function chosen(words: string, facts: Facts, policy: SaidPolicy): string {
  const { trusted, ...unknown } = nginx(words);
  const known =
    facts === "untrusted"
      ? { ...unknown, untrusted: { code: "origin-unreadable", because: `not ${trusted?.from}` } as const }
      : nginx(words, facts);
  const plan = planSubstitution([known], { policy: readPolicy(policy), platforms: [AMD64] });
  const winner = plan.images[0]?.substitute;
  return winner === undefined ? plan.kind : `${winner.candidate.strategy} ${winner.proof}`;
}

type Facts = Partial<ImageFacts> | "untrusted";
const ofPlatform: Facts = { trusted: { digest: TRUSTED, from: "task" } };

describe("the planner", () => {
  for (const [because, words, expected, facts, policy] of [
    ["order is preference", "own:same public:same fresh:same", "ecr-copy same-index", {}, {}],
    ["what is absent is passed over", "own:absent public:same fresh:same", "ecr-public same-index", {}, {}],
    ["a moved tag is another image", "own:absent public:moved fresh:same", "mirror same-platform", {}, {}],
    ["silence is not consent", "own:silent public:silent fresh:limited", "no-substitute", {}, {}],
    ["no candidate, no change", "", "no-substitute", {}, {}],
    ["a platform of the trusted index will do", "own:child", "ecr-copy same-platform", {}, {}],
    ["a platform of another index will not", "own:stranger", "no-substitute", {}, {}],
    [
      "an index that lists the trusted manifest will do",
      "public:holds",
      "ecr-public same-platform",
      ofPlatform,
      {},
    ],
    [
      "the policy may require the very index",
      "own:child public:same",
      "ecr-public same-index",
      {},
      { minimumProof: "same-index" },
    ],
    [
      "a copy of one platform is not an index",
      "fresh:same",
      "no-substitute",
      {},
      { minimumProof: "same-index" },
    ],
    [
      "a whole copy is",
      "fresh:same",
      "mirror same-index",
      {},
      { minimumProof: "same-index", mirrors: { platforms: "all" } },
    ],
    [
      "a whole copy needs pulls enough",
      "fresh:plenty",
      "mirror same-index",
      {},
      { mirrors: { platforms: "all" } },
    ],
    [
      "where few are left, one platform will do",
      "fresh:scarce",
      "mirror same-platform",
      {},
      { mirrors: { platforms: "all" } },
    ],
    [
      "where it is not known how many are left, one platform will do",
      "fresh:untold",
      "mirror same-platform",
      {},
      { mirrors: { platforms: "all" } },
    ],
    [
      "unless only the index is enough",
      "fresh:scarce",
      "mirror same-index",
      {},
      { mirrors: { platforms: "all" }, minimumProof: "same-index" },
    ],
    ["without a digest a name proves nothing", "own:same public:same", "no-substitute", "untrusted", {}],
    [
      "unless the policy accepts the publisher's word",
      "own:same public:same",
      "ecr-public same-publisher",
      "untrusted",
      { minimumProof: "same-publisher" },
    ],
  ] as const satisfies readonly (readonly [string, string, string, Facts, SaidPolicy])[]) {
    test(`${because}: ${words || "(nothing)"} → ${expected}`, () => {
      expect(chosen(words, facts, policy)).toBe(expected);
    });
  }

  test("writes what was proved: the digest, without a tag", () => {
    const plan = planSubstitution([nginx("public:same")], { policy: DEFAULT_POLICY });
    expect(plan.images[0]?.substitute?.writes).toBe(`public.ecr.aws/docker/library/nginx@${TRUSTED}`);
  });

  test("writes nothing before the copy exists", () => {
    const plan = planSubstitution([nginx("fresh:same")], { policy: DEFAULT_POLICY, platforms: [AMD64] });
    expect(plan.images[0]?.substitute).toMatchObject({
      copy: { source: "docker.io/library/nginx:1.25", target: PLACES.fresh?.image, platforms: [AMD64] },
      digest: TRUSTED,
    });
    expect(plan.images[0]?.substitute?.writes).toBeUndefined();
  });

  test("copies the whole image where the tasks' platform is not known", () => {
    const plan = planSubstitution([nginx("fresh:same")], { policy: DEFAULT_POLICY });
    expect(plan.images[0]?.substitute).toMatchObject({ proof: "same-index" });
    expect(plan.images[0]?.substitute?.copy?.platforms).toBeUndefined();
  });

  test("plans nothing when the failing image has no substitute, though another one has", () => {
    const sidecar = { ...nginx("public:same"), image: "redis:7", containers: ["cache"], failing: false };
    const plan = planSubstitution([nginx("public:moved"), sidecar], { policy: DEFAULT_POLICY });
    expect(plan.kind).toBe("no-substitute");
  });

  test("goes ahead when only an image that has not failed yet has no substitute", () => {
    const sidecar = { ...nginx("public:absent"), image: "redis:7", containers: ["cache"], failing: false };
    const plan = planSubstitution([nginx("public:same"), sidecar], { policy: DEFAULT_POLICY });
    expect(plan.kind).toBe("substitute");
    expect(plan.images.map(({ substitute }) => substitute !== undefined)).toEqual([true, false]);
  });

  test("leaves an image as it is, and says why, when the failing text names other bytes for it alone", () => {
    const vetoed = {
      vetoedBy: OTHER,
      untrusted: { code: "other-manifest-in-text", because: `not ${OTHER}` } as const,
      image: "redis:7",
      containers: ["cache"],
      failing: false,
    };
    const plan = planSubstitution([nginx("public:same"), nginx("public:same", vetoed)], {
      policy: DEFAULT_POLICY,
    });
    expect(plan.images.map(({ substitute }) => substitute !== undefined)).toEqual([true, false]);
    expect(explainPlan(plan).join("\n")).toContain(OTHER.slice(0, 19));
  });

  test("keeps the code of each rejected place, and the remedies", () => {
    const plan = planSubstitution([nginx("own:absent public:moved fresh:limited")], {
      policy: DEFAULT_POLICY,
    });
    expect(plan).toMatchObject({
      kind: "no-substitute",
      code: "no-proof",
      images: [{ rejected: [{ code: "absent" }, { code: "other-content" }, { code: "rate-limited" }] }],
      remedies: [{ code: "copy-into-ecr" }, { code: "wait" }],
    });
    const lines = explainPlan(plan).join("\n");
    for (const { because } of plan.images[0]?.rejected ?? []) expect(lines).toContain(because);
  });
});

describe("the strategies", () => {
  const context = { ecrHost: ECR, policy: DEFAULT_POLICY, rules: [], signedIn: false };
  const offered = (...asked: Parameters<Strategy["candidates"]>) => {
    const [image, asContext] = asked;
    return (name: StrategyName) => {
      const candidates = STRATEGIES[name].candidates(image, asContext);
      return "because" in candidates ? [] : candidates;
    };
  };
  for (const [image, strategy, places] of [
    ["nginx:1.25", "ecr-copy", [`${ECR}/repull/docker.io/library/nginx:1.25`]],
    ["docker.n8n.io/n8nio/n8n:1", "ecr-copy", [`${ECR}/repull/docker.n8n.io/n8nio/n8n:1`]],
    ["localhost:5000/team/x", "ecr-copy", [`${ECR}/repull/localhost-5000/team/x:latest`]],
    ["nginx:1.25", "ecr-public", ["public.ecr.aws/docker/library/nginx:1.25"]],
    ["grafana/grafana:11", "ecr-public", []],
    ["quay.io/library/nginx:1", "ecr-public", []],
    ["nginx:1.25", "mirror", [`${ECR}/repull/docker.io/library/nginx:1.25`]],
  ] as const) {
    test(`${strategy} names ${places.join(", ") || "no place"} for ${image}`, () => {
      const named = offered(parseReference(image), context)(strategy).map((candidate) => candidate.image);
      expect(named).toEqual(places);
    });
  }

  test("a fresh copy is made from ECR Public first, where the trusted digest may be without a limit", () => {
    const sources = offered(parseReference("nginx:1.25"), { ...context, trusted: TRUSTED })("mirror").map(
      ({ source }) => source,
    );
    expect(sources).toEqual([
      `public.ecr.aws/docker/library/nginx@${TRUSTED}`,
      `docker.io/library/nginx@${TRUSTED}`,
    ]);
  });
});
