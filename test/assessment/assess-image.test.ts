/** One image, assessed without any ECS: who is believed, what each place is worth, who may pull it, and in what time. */

import { describe, expect, test } from "vitest";
import type { AskedImage } from "../../src/assessment/environment.ts";
import { PortError } from "../../src/assessment/ports.ts";
import type { Testimony } from "../../src/assessment/trust/testimony.ts";
import type { Check } from "../../src/substitution/candidate.ts";
import {
  AMD64,
  accountWith,
  assessed,
  COPY,
  ECR,
  type Given,
  MOVED,
  NGINX,
  ORIGIN,
  planned,
  TWIN,
  trustOf,
  verdictOn,
} from "../support/assessment-world.ts";

const none: Testimony = { kind: "none" };
const unknown: Testimony = { kind: "unknown", because: "refused", permission: "some:Read" };
const before: Testimony = { kind: "digest", digest: MOVED.digest };
const never = (): Promise<never> => new Promise(() => {});

/** Witnesses of a workload that answer this; one that is not to be heard fails the test. */
function witnesses(...said: readonly (Testimony | "unheard")[]): NonNullable<Given["environment"]> {
  return {
    witnesses: () =>
      said.map((one) => ({
        from: "task" as const,
        ask: async () => {
          if (one === "unheard") throw new Error("a witness was heard that must not be");
          return one;
        },
      })),
  };
}

describe("assessImage: which bytes are meant", () => {
  const pinned = `nginx:1.25@${MOVED.digest}`;
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, given: Given, trust: string, plan: string])[] = [
    ["the reference has a digest",                           { image: pinned, environment: witnesses("unheard") },                                   "reference: before",            "no-proof"],
    ["the workload's witness knows a digest",                { environment: witnesses(before, "unheard") },                                          "task: before",                 "no-proof"],
    ["the first witness has none, and the second knows",     { environment: witnesses(none, before, "unheard") },                                    "task: before",                 "no-proof"],
    ["the first witness cannot be read",                     { environment: witnesses(unknown, "unheard") },                                         "trust-unreadable",             "trust-unreadable"],
    ["a later witness cannot be read",                       { environment: witnesses(none, unknown, "unheard") },                                   "trust-unreadable",             "trust-unreadable"],
    ["no witness has one",                                   { environment: witnesses(none, none) },                                                 "origin: now",                  "mirror same-platform"],
    ["there is no witness",                                  {},                                                                                     "origin: now",                  "mirror same-platform"],
    ["it was decided before",                                { asked: { trusted: { digest: MOVED.digest, from: "origin" } }, environment: witnesses("unheard") }, "origin: before",  "no-proof"],
    ["the origin has no such tag",                           { holds: { "docker.io/library/nginx:1.24": MOVED } },                                     "origin-has-no-tag",            "no-proof"],
    ["the origin may not be asked by the policy",            { allowed: [ECR] },                                                                     "origin-not-allowed",           "no-proof"],
    ["the origin does not answer in its time",               { silent: ["docker.io"], time: { all: 60, otherRegistries: 40, head: 5, get: 10 } },    "origin-unreadable no-answer",  "no-proof"],
    ["the origin counts pulls and may not be asked now",     { mayAskLimited: () => false },                                                         "origin-unreadable not-asked",  "no-proof"],
    ["another origin, while those that count may not",       { image: "quay.io/a/b:1", holds: { "quay.io/a/b:1": NGINX }, mayAskLimited: () => false }, "origin: now",               "mirror same-platform"],
  ];
  for (const [when, given, trust, plan] of table) {
    test(`are decided by ${trust}, and the plan is ${plan}, when ${when}`, async () => {
      const { assessment } = await assessed({ policy: { mirrors: { platforms: "task" } }, ...given });
      expect([trustOf(assessment), planned(assessment)]).toEqual([trust, plan]);
    });
  }

  test("name the permission that is missing when a witness was refused", async () => {
    const { assessment } = await assessed({ environment: witnesses(unknown) });
    expect(assessment.facts.untrusted).toMatchObject({ permission: "some:Read" });
  });

  test("are asked again later when who hands over the registry's account is busy", async () => {
    const busy = () => Promise.reject(new PortError("throttled", "slow down"));
    const registries = { headManifest: busy, getManifest: busy, getBlob: busy };
    await expect(assessed({ environment: { registries } })).rejects.toMatchObject({ kind: "throttled" });
  });
});

describe("assessImage: what a place is worth", () => {
  const origin = { [ORIGIN]: NGINX };
  const trusting = (digest: typeof AMD64): Partial<AskedImage> => ({ trusted: { digest, from: "task" } });
  const mapped = (allowDifferentContent: boolean) => ({
    minimumProof: "same-index",
    imageMappings: [{ image: "nginx:1.25", use: "quay.io/shop/nginx:1", allowDifferentContent }],
  });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, place: readonly [strategy: string, host: string], given: Given, verdict: string])[] = [
    ["it holds the trusted index",                          ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX } },                                                              "same-index"],
    ["it holds the trusted manifest of one platform",       ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, asked: trusting(AMD64) },                                      "same-index"],
    ["what is needed of it would be copied",                ["mirror", "docker.io"],      { holds: origin, policy: { mirrors: { platforms: "task" } } },                                                     "same-platform"],
    ["no digest is known, and one publisher keeps both",    ["ecr-public", TWIN],         { holds: { [TWIN]: NGINX }, policy: { minimumProof: "same-publisher" } },                             "same-publisher"],
    ["the same, and the policy asks for more",              ["ecr-public", TWIN],         { holds: { [TWIN]: NGINX }, policy: { minimumProof: "same-platform" } },                              "weak-proof"],
    ["no digest is known, and others publish it",           ["ecr-public", "quay.io"],    { holds: { "quay.io/shop/nginx:1": NGINX }, policy: mapped(false) },                                  "origin-unreadable"],
    ["it holds other bytes",                                ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: MOVED } },                                                              "other-content"],
    ["it holds other bytes, and the operator accepts them", ["ecr-public", "quay.io"],    { holds: { ...origin, "quay.io/shop/nginx:1": MOVED }, policy: mapped(true) },                         "operator-override"],
    ["the same without the operator's word",                ["ecr-public", "quay.io"],    { holds: { ...origin, "quay.io/shop/nginx:1": MOVED }, policy: mapped(false) },                        "other-content"],
    ["it does not have the image",                          ["ecr-public", TWIN],         { holds: origin },                                                                                    "absent"],
    ["it does not answer in its time",                      ["ecr-public", TWIN],         { holds: origin, silent: ["public.ecr.aws"], time: { all: 60, otherRegistries: 40, head: 5, get: 10 } }, "no-answer"],
    ["it may not be asked by the policy",                   ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, allowed: ["docker.io"] },                                      "not-allowed"],
    ["a pull from it has failed",                           ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, environment: { failedPlaces: [TWIN] } },                       "denied"],
    ["it is known otherwise to be of no help",              ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, environment: { refused: () => ({ kind: "unreachable", because: "seen" }) } }, "unreachable"],
    ["our ECR has a copy",                                  ["ecr-copy", ECR],            { holds: { ...origin, [COPY]: NGINX } },                                                              "same-index"],
    ["the copy is archived",                                ["ecr-copy", ECR],            { holds: { ...origin, [COPY]: NGINX }, ecr: { imageStatus: async () => "archived" } },                "archived"],
    ["ECR, which has the copy, does not answer",           ["ecr-copy", ECR],            { holds: { ...origin, [COPY]: NGINX }, ecr: { imageStatus: () => Promise.reject(new PortError("unavailable", "no answer")) } }, "unreachable"],
    ["no account is at hand",                               ["ecr-copy", ECR],            { holds: { ...origin, [COPY]: NGINX }, noAccount: true },                                             "not offered"],
    ["it counts pulls and may not be asked now",            ["mirror", "docker.io"],      { holds: origin, asked: trusting(NGINX.digest), mayAskLimited: () => false },                         "not-asked"],
    ["a text names a manifest of other bytes",              ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, asked: { namedManifests: [{ digest: MOVED.digest }] } },       "other-manifest-in-text"],
    ["a text names the manifest of its platform",           ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, asked: { namedManifests: [{ digest: AMD64 }] } },              "same-index"],
    ["who is trusted cannot be read",                       ["ecr-public", TWIN],         { holds: { ...origin, [TWIN]: NGINX }, environment: witnesses(unknown) },                             "trust-unreadable"],
  ];
  for (const [what, [strategy, host], given, verdict] of table) {
    test(`is ${verdict} when ${what}`, async () => {
      const { assessment } = await assessed(given);
      expect(verdictOn(assessment, strategy, host)).toBe(verdict);
    });
  }

  test("is judged for every candidate, the ones behind the plan's choice too", async () => {
    const { assessment } = await assessed({ holds: { ...origin, [COPY]: NGINX, [TWIN]: NGINX } });
    expect(
      assessment.candidates.filter((one) => "substitute" in one).map(({ candidate }) => candidate.strategy),
    ).toEqual(expect.arrayContaining(["ecr-copy", "ecr-public", "mirror"]));
    expect(assessment.plan.images[0]?.substitute?.candidate.strategy).toBe("ecr-copy");
  });
});

describe("assessImage: whether those who would pull it get it", () => {
  const check = (what: Check["what"], result: Check["result"]): Check => ({ what, result, because: "said" });
  const both = { [ORIGIN]: NGINX, [COPY]: NGINX, [TWIN]: NGINX };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, checks: readonly Check[] | undefined, preflight: string | undefined, verdict: string, plan: string])[] = [
    ["no check is made",                      undefined,                                                       undefined,  "same-index",  "ecr-copy same-index"],
    ["role and network are good",             [check("role", "passed"), check("network", "passed")],           "yes",      "same-index",  "ecr-copy same-index"],
    ["the role lacks a right",                [check("role", "failed"), check("network", "passed")],           "no",       "check-failed", "ecr-public same-index"],
    ["the network leads nowhere",             [check("role", "passed"), check("network", "failed")],           "no",       "check-failed", "ecr-public same-index"],
    ["the role could not be looked at",       [check("role", "not checked"), check("network", "passed")],      "not-sure", "same-index",  "ecr-copy same-index"],
    ["the secret could not be looked at",     [check("secret", "not checked")],                                "not-sure", "secret-unchecked", "ecr-public same-index"],
  ];
  for (const [when, checks, preflight, verdict, plan] of table) {
    test(`is ${preflight ?? "not said"}, and the copy is ${verdict}, when ${when}`, async () => {
      const asked =
        checks === undefined
          ? {}
          : {
              preflight: async ({ strategy }: { strategy: string }) =>
                strategy === "ecr-copy" ? checks : [],
            };
      const { assessment } = await assessed({ holds: both, environment: asked });
      const copy = assessment.candidates.find(({ candidate }) => candidate.strategy === "ecr-copy");
      expect([copy?.preflight, verdictOn(assessment, "ecr-copy"), planned(assessment)]).toEqual([
        preflight,
        verdict,
        plan,
      ]);
    });
  }

  test("is not asked of a place that does not have it", async () => {
    const asked: string[] = [];
    await assessed({
      environment: {
        preflight: async ({ strategy }) => {
          asked.push(strategy);
          return [];
        },
      },
    });
    expect(asked).toEqual(["mirror"]);
  });
});

describe("assessImage: how much is asked, and until when", () => {
  const time = { all: 60, otherRegistries: 40, head: 5, get: 10 };
  const all = { [ORIGIN]: NGINX, [COPY]: NGINX, [TWIN]: NGINX };

  test("asks Docker Hub for nothing but HEADs, and each once in a round", async () => {
    const once = await assessed({ holds: all });
    const often = await assessed({ holds: all, times: 5 });
    expect(Object.keys(once.hub)).toEqual(["manifest-head"]);
    expect(often.hub).toEqual(once.hub);
  });

  test("asks Docker Hub for nothing when it may not be asked", async () => {
    expect((await assessed({ holds: all, mayAskLimited: () => false })).hub).toEqual({});
  });

  // biome-ignore format: a table is read by its columns
  const caches: readonly (readonly [cached: boolean, asksAhead: boolean, verdict: string, isAsked: boolean])[] = [
    [false, false, "same-index", true],
    [true,  false, "same-index", true],
    [false, true,  "same-index", false],
    [true,  true,  "same-index", true],
  ];
  for (const [cached, asksAhead, verdict, isAsked] of caches) {
    test(`${isAsked ? "asks" : "does not ask"} a cache that ${cached ? "has the image" : "would have to fetch it"}${asksAhead ? ", where nothing has failed yet" : ""}`, async () => {
      const asked: string[] = [];
      const rules = [{ prefix: "hub", upstreamHost: "registry-1.docker.io" }];
      const account = { ...accountWith({ imageStatus: async () => (cached ? "active" : "absent") }), rules };
      const { assessment } = await assessed({
        holds: { ...all, ...(cached ? { [`${ECR}/hub/library/nginx:1.25`]: NGINX } : {}) },
        environment: { account, asksAhead },
        onHead: (reference) => void asked.push(`${reference.host}/${reference.path}`),
      });
      expect(verdictOn(assessment, "pull-through-cache")).toBe(verdict);
      expect(asked.includes(`${ECR}/hub/library/nginx`)).toBe(isAsked);
    });
  }

  test("asks Docker Hub as often as it may", async () => {
    let left = 1;
    const { assessment } = await assessed({ holds: all, mayAskLimited: () => left-- > 0 });
    expect([trustOf(assessment), verdictOn(assessment, "mirror", "docker.io")]).toEqual([
      "origin: now",
      "not-asked",
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [who: string, given: Given, said: readonly [trust: string, copy: string, preflight: string | undefined]])[] = [
    ["none",                   {},                                                                                      ["origin: now", "same-index", undefined]],
    ["a witness",              { environment: { witnesses: () => [{ from: "task", ask: never }] } },                     ["trust-unreadable", "trust-unreadable", undefined]],
    ["who knows the rights",   { environment: { preflight: never } },                                                   ["origin: now", "same-index", "not-sure"]],
    ["who knows of archives",  { ecr: { imageStatus: never } },                                                         ["origin: now", "unreachable", undefined]],
    ["ECR",                    { silent: [ECR] },                                                                       ["origin: now", "no-answer", undefined]],
    ["every other registry",   { silent: ["docker.io", "public.ecr.aws"] },                                              ["origin-unreadable no-answer", "no-digest", undefined]],
    ["every registry",         { silent: ["docker.io", "public.ecr.aws", ECR] },                                         ["origin-unreadable no-answer", "no-digest", undefined]],
  ];
  for (const [who, given, said] of table) {
    test(`ends within its time, and says what it could not know, when ${who === "none" ? "all answer" : `${who} is silent`}`, async () => {
      const { assessment, seconds } = await assessed({ holds: all, time, ...given });
      const copy = assessment.candidates.find(({ candidate }) => candidate.strategy === "ecr-copy");
      expect([trustOf(assessment), verdictOn(assessment, "ecr-copy"), copy?.preflight]).toEqual(said);
      expect(seconds).toBeLessThanOrEqual(time.all);
    });
  }
});
