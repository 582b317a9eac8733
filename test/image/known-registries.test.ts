import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { isAllowed, isForeignDomain, isNamed, PUBLIC_REGISTRIES } from "../../src/image/known-registries.ts";
import { parseReference } from "../../src/image/reference.ts";

const ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

describe("which registries are asked", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [host: string, allowed: readonly string[], "asked" | "not asked"])[] = [
    ["docker.io",                      ["well-known"],                "asked"],
    ["registry.hub.docker.com",        ["well-known"],                "asked"],
    ["docker.n8n.io",                  ["well-known"],                "asked"],
    ["public.ecr.aws",                 ["well-known"],                "asked"],
    ["ecr-public.aws.com",             ["well-known"],                "asked"],
    [ECR,                              ["well-known"],                "asked"],
    ["123456789012.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu", ["well-known"], "asked"],
    ["ghcr.io",                        ["well-known"],                "asked"],
    ["lscr.io",                        ["well-known"],                "asked"],
    ["quay.io",                        ["well-known"],                "asked"],
    ["registry.k8s.io",                ["well-known"],                "asked"],
    ["k8s.gcr.io",                     ["well-known"],                "asked"],
    ["gcr.io",                         ["well-known"],                "asked"],
    ["europe-docker.pkg.dev",          ["well-known"],                "asked"],
    ["mcr.microsoft.com",              ["well-known"],                "asked"],
    ["acme.azurecr.io",                ["well-known"],                "asked"],
    ["nvcr.io",                        ["well-known"],                "asked"],
    ["registry.gitlab.com",            ["well-known"],                "asked"],
    ["docker.elastic.co",              ["well-known"],                "asked"],
    ["cgr.dev",                        ["well-known"],                "asked"],
    ["registry.access.redhat.com",     ["well-known"],                "asked"],
    ["registry.redhat.io",             ["well-known"],                "asked"],
    ["registry.attacker.example:8443", ["well-known"],                "not asked"],
    ["10.0.0.7:8443",                  ["well-known"],                "not asked"],
    ["localhost:9001",                 ["well-known"],                "not asked"],
    ["ghcr.io.evil.example",           ["well-known"],                "not asked"],
    ["evilghcr.io",                    ["well-known"],                "not asked"],
    ["ghcr.io:8443",                   ["well-known"],                "not asked"],
    ["acme.jfrog.io",                  ["well-known"],                "not asked"],
    ["internal-web.eu-west-1.elb.amazonaws.com", ["well-known"],      "not asked"],
    ["harbor.corp.example",            ["well-known", "harbor.corp.example"], "asked"],
    ["Harbor.Corp.Example",            ["harbor.corp.example"],       "asked"],
    ["harbor.corp.example:8443",       ["harbor.corp.example"],       "not asked"],
    ["harbor.corp.example",            ["*.corp.example"],            "asked"],
    ["a.b.corp.example",               ["*.corp.example"],            "asked"],
    ["corp.example",                   ["*.corp.example"],            "not asked"],
    [".corp.example",                  ["*.corp.example"],            "not asked"],
    ["evilcorp.example",               ["*.corp.example"],            "not asked"],
    ["docker.io",                      ["ghcr.io"],                   "not asked"],
    ["docker.io",                      [],                            "not asked"],
  ];
  for (const [host, allowed, answer] of table) {
    test(`${host} is ${answer} where the list is ${JSON.stringify(allowed)}`, () =>
      equal(isAllowed(host, allowed) ? "asked" : "not asked", answer));
  }

  test("every host of the table can be in an image's name", () => {
    for (const entry of PUBLIC_REGISTRIES) {
      const host = entry.replace(/^\*\./, "acme.");
      equal(parseReference(`${host}/a/b:1`).host, host);
      equal(isForeignDomain(host), true, `${host} is in no domain of the table`);
    }
  });
});

describe("a list names a host", () => {
  test("by the host itself", () => equal(isNamed("harbor.corp.example", ["harbor.corp.example"]), true));
  test("not by a pattern that fits", () => equal(isNamed("harbor.corp.example", ["*.corp.example"]), false));
  test("not by the well-known ones", () => equal(isNamed("ghcr.io", ["well-known"]), false));
});
