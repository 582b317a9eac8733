import { describe, expect, test } from "vitest";
import { parseReference } from "../../src/image/reference.ts";
import {
  notApplicableReason,
  sharesLimit,
  unsupportedReason,
} from "../../src/substitution/applicable-limits.ts";
import { mappedCandidates } from "../../src/substitution/custom-mappings.ts";
import { ecrPublicMirrors, PUBLIC_IMAGES } from "../../src/substitution/ecr-public-mirrors.ts";
import { excludedBy, matchesGlob, matchesImage } from "../../src/substitution/glob.ts";
import {
  cachedRepository,
  type PullThroughRule,
  ruleFor,
  upstreamOf,
} from "../../src/substitution/pull-through-rule.ts";
import { ecrCopy } from "../../src/substitution/strategies/ecr-copy.ts";
import { STRATEGY_NAMES } from "../../src/substitution/strategy-name.ts";
import { readPolicy } from "../support/policy.ts";

const hub = (prefix: string, upstreamPrefix?: string): PullThroughRule => ({
  prefix,
  upstreamHost: "registry-1.docker.io",
  ...(upstreamPrefix === undefined ? {} : { upstreamPrefix }),
});
const open: PullThroughRule = { prefix: "public", upstreamHost: "public.ecr.aws" };

describe("the address of an image in a pull-through cache", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, rules: readonly PullThroughRule[], image: string, address: string | RegExp])[] = [
    ["an official image is under library/",            [hub("hub")],                    "nginx:1",                    "hub/library/nginx"],
    ["others are under their namespace",               [hub("hub")],                    "grafana/grafana:11",         "hub/grafana/grafana"],
    ["ROOT is not a prefix",                              [hub("ROOT")],                   "nginx",                      "library/nginx"],
    ["a prefix may have several parts",                [hub("cache/hub")],              "a/b",                        "cache/hub/a/b"],
    ["ROOT before the upstream's name is nothing",     [hub("hub", "ROOT")],            "a/b",                        "hub/a/b"],
    ["the upstream's prefix is left out",              [hub("hub", "library")],         "nginx",                      "hub/nginx"],
    ["a rule with the upstream's prefix leads nowhere else", [hub("hub", "library")],         "a/b",                        /docker\.io\/library\/ only/],
    ["a rule with a prefix does not lead to a name that begins with it", [hub("hub", "lib")],             "nginx",                      /docker\.io\/lib\/ only/],
    ["Docker Hub's names have two parts",              [hub("hub")],                    "library/percona/server:8",   /two parts only/],
    ["another registry's may have more",               [open],                          "public.ecr.aws/a/b/c",       "public/a/b/c"],
    ["a rule leads to one registry",                   [open],                          "nginx",                      /leads to public\.ecr\.aws/],
    ["the longest prefix takes a name for itself",     [hub("ROOT"), hub("acme")],      "acme/web",                   /another rule takes acme\/web/],
    ["a name longer than ECR's is rejected",           [hub("hub")],                    `${"a".repeat(253)}/b`,       /too long/],
  ];
  for (const [because, rules, image, address] of table) {
    test(`${because}: ${image.slice(0, 40)}`, () => {
      const [rule] = rules;
      if (rule === undefined) throw new Error("no rule");
      const found = cachedRepository(rule, parseReference(image), rules);
      const said = typeof found === "string" ? found : found.because;
      if (typeof address === "string") expect(said).toBe(address);
      else expect(said).toMatch(address);
      if (typeof found !== "string") return;
      // And back: what ECR will fetch is the image.
      const { host, path } = parseReference(image);
      expect(ruleFor(found, rules)).toBe(rule);
      expect(upstreamOf(rule, found)).toEqual({ host, path });
    });
  }

  test("a repository that no rule leads to has none", () => {
    expect(ruleFor("repull/docker.io/library/nginx", [hub("hub"), open])).toBeUndefined();
    expect(ruleFor("hubs/library/nginx", [hub("hub")])).toBeUndefined();
  });
});

describe("a pattern", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["*",        "",            true],
    ["*",        "anything",    true],
    ["web",      "web",         true],
    ["web",      "web2",        false],
    ["web-*",    "web-1",       true],
    ["web-*",    "webx",        false],
    ["*-prod",   "shop-prod",   true],
    ["*-prod",   "shop-prod-2", false],
    ["a*b*c",    "aXbXc",       true],
    ["a*b*c",    "acb",         false],
    ["aa*aa",    "aaa",         false],
    ["w.b",      "web",         false],
    ["[ab]",     "a",           false],
  ] as const;
  for (const [pattern, text, matches] of table) {
    test(`${pattern} ${matches ? "means" : "does not mean"} ${text || "nothing"}`, () =>
      expect(matchesGlob(pattern, text)).toBe(matches));
  }

  test("with many stars takes no longer", () => {
    expect(matchesGlob("*a".repeat(100), "a".repeat(99).concat("b"))).toBe(false);
  });

  // biome-ignore format: a table is read by its columns
  const images = [
    ["nginx",                  "nginx:1.25",           true],
    ["nginx:1.*",              "nginx:1.25",           true],
    ["nginx:2*",               "nginx:1.25",           false],
    ["docker.io/library/*",    "nginx:1.25",           true],
    ["library/nginx",          "nginx",                false],
    ["acme/*",                 "acme/web:1",           true],
    ["acme/*",                 "quay.io/acme/web:1",   false],
    ["quay.io/*",              "quay.io/acme/web",     true],
  ] as const;
  for (const [pattern, image, matches] of images) {
    test(`${pattern} ${matches ? "means" : "does not mean"} the image ${image}`, () =>
      expect(matchesImage(pattern, parseReference(image))).toBe(matches));
  }

  test("what is excluded is out, whatever includes it; what is not included is out too", () => {
    const scope = { include: ["a*"], exclude: ["ab"] };
    const why = (name: string) => excludedBy(scope, "services", (pattern) => matchesGlob(pattern, name));
    expect(why("aa")).toBeUndefined();
    expect(why("ab")).toBe("the policy excludes it (scope.services.exclude: ab)");
    expect(why("ba")).toBe("the policy does not include it (scope.services.include: a*)");
  });
});

describe("the table of who publishes on ECR Public", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["nginx:1.25",                    ["public.ecr.aws/docker/library/nginx",       true]],
    ["hashicorp/terraform:1",         ["public.ecr.aws/hashicorp/terraform",        true]],
    ["aquasec/trivy:0.60.0",          ["public.ecr.aws/aquasecurity/trivy",         true]],
    ["amazon/dynamodb-local",         ["public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local", false]],
    ["datadog/agent:7",               ["public.ecr.aws/datadog/agent",              true]],
    ["datadog/dogstatsd:7",           undefined],
    ["bitnami/redis:7",               undefined],
    ["grafana/grafana:11",            undefined],
    ["newrelic/infrastructure",       undefined],
    ["hashicorp/a/b",                 undefined],
    ["quay.io/hashicorp/terraform:1", undefined],
  ] as const;
  for (const [image, expected] of table) {
    test(`${image}: ${expected?.[0] ?? "no publisher"}`, () => {
      const [found, ...others] = ecrPublicMirrors(parseReference(image));
      expect(others).toEqual([]);
      expect(found && [`${found.twin.host}/${found.twin.path}`, found.samePublisher]).toEqual(expected);
    });
  }

  for (const row of PUBLIC_IMAGES) {
    test(`${row.dockerHub} has a source, a date and a sample of its own`, () => {
      expect(row.source.length).toBeGreaterThan(20);
      expect(row.read).toMatch(/^20\d\d-[01]\d$/);
      const sample = parseReference(row.sample);
      expect(ecrPublicMirrors(sample).map(({ samePublisher }) => samePublisher)).toEqual([row.samePublisher]);
      expect(matchesGlob(row.dockerHub, sample.path)).toBe(true);
    });
  }
});

describe("the policy's own rows", () => {
  const row = (image: string, use: string, allowDifferentContent = false) => ({
    image,
    use,
    allowDifferentContent,
  });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["the parts of the image are filled in",       "acme/web:2",  row("acme/*", "ghcr.io/acme/{name}:{tag}"),      ["ghcr.io/acme/web:2"]],
    ["without a tag, the image's own",             "acme/web:2",  row("acme/web", "quay.io/{path}"),               ["quay.io/acme/web:2"]],
    ["no tag is latest, where it is asked for",    "acme/web",    row("acme/web", "quay.io/x/web:v-{tag}"),        ["quay.io/x/web:v-latest"]],
    ["a row for another image says nothing",       "nginx:1",     row("acme/*", "quay.io/{path}"),                 []],
    ["a malformed reference names no source",      "acme/web:2",  row("acme/*", "QUAY.io/UPPER{path}"),            []],
  ] as const;
  for (const [because, image, given, places] of table) {
    test(`${because}: ${image}`, () =>
      expect(mappedCandidates(parseReference(image), [given]).map((candidate) => candidate.image)).toEqual(
        places,
      ));
  }

  test("only a row that says so allows other bytes", () => {
    const said = (allowDifferentContent: boolean) =>
      mappedCandidates(parseReference("acme/web:2"), [
        row("acme/web", "quay.io/acme/web", allowDifferentContent),
      ])[0]?.operatorOverride;
    expect([said(false), said(true)]).toEqual([undefined, true]);
  });
});

describe("further repositories with copies", () => {
  const ecrHost = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
  // biome-ignore format: a table is read by its columns
  const table = [
    ["central/{path}",                                                   "nginx:1",            `${ecrHost}/central/library/nginx:1`],
    ["{name}",                                                           "acme/web:2",         `${ecrHost}/web:2`],
    ["by-host/{host}/{path}",                                            "quay.io/acme/web:2", `${ecrHost}/by-host/quay.io/acme/web:2`],
    ["210987654321.dkr.ecr.eu-west-1.amazonaws.com/hub/{path}",          "acme/web:2",         "210987654321.dkr.ecr.eu-west-1.amazonaws.com/hub/acme/web:2"],
  ] as const;
  for (const [place, image, expected] of table) {
    test(`${place} for ${image}`, () => {
      const offered = ecrCopy.candidates(parseReference(image), {
        ecrHost,
        policy: readPolicy({ mirrors: { additionalRepositories: [place] } }),
        rules: [],
        signedIn: false,
      });
      if ("because" in offered) throw new Error(offered.because);
      expect(offered.map((candidate) => candidate.image)).toHaveLength(2);
      expect(offered[1]?.image).toBe(expected);
    });
  }
});

describe("each kind of limit has its strategies", () => {
  const fits = (limit: Parameters<typeof notApplicableReason>[1]) =>
    STRATEGY_NAMES.filter((name) => notApplicableReason(name, limit) === undefined).length;
  // biome-ignore format: a table is read by its columns
  const table = [
    ["an anonymous pull limit",     { kind: "docker-hub-pull-limit", limitedAs: "anonymous" },       5],
    ["a limit of an unknown party",  { kind: "docker-hub-pull-limit", limitedAs: "unknown" },        5],
    ["an account's",                { kind: "docker-hub-pull-limit", limitedAs: "account" },         4],
    ["abuse",                       { kind: "docker-hub-abuse-limit" },                              4],
    ["another registry's",          { kind: "registry-limit", registry: "ghcr.io" },                 4],
  ] as const;
  for (const [what, limit, count] of table) {
    test(`${what}: ${count} strategies of ${STRATEGY_NAMES.length}`, () => {
      expect(unsupportedReason(limit)).toBeUndefined();
      expect(fits(limit)).toBe(count);
    });
  }

  // biome-ignore format: a table is read by its columns
  const none = [
    ["unauthorized",   undefined],
    ["not-found",      "docker.io"],
    ["network",        "docker.io"],
    ["registry-limit", undefined],
    ["registry-limit", "123456789012.dkr.ecr.us-east-1.amazonaws.com"],
  ] as const;
  for (const [kind, registry] of none) {
    test(`${kind} of ${registry ?? "an unknown registry"} has none`, () =>
      expect(unsupportedReason({ kind, registry })).toBeTypeOf("string"));
  }

  test("images of the same registry would fail next", () => {
    const ghcr = { kind: "registry-limit", registry: "ghcr.io" };
    const anonymous = { kind: "docker-hub-pull-limit", registry: "docker.io" };
    expect([sharesLimit("ghcr.io", ghcr), sharesLimit("docker.io", ghcr)]).toEqual([true, false]);
    expect([sharesLimit("docker.n8n.io", anonymous), sharesLimit("ghcr.io", anonymous)]).toEqual([
      true,
      false,
    ]);
  });
});
