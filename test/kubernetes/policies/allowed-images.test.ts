/** Which images an entry of `allowedRegistries` lets be written. test/kube/fence.test.ts holds the API server to the same table. */

import { describe, expect, test } from "vitest";
import { isAllowedBy, isAllowedEntry } from "../../../src/kubernetes/policies/allowed-images.ts";
import { ALLOWED_CASES } from "../../support/kubernetes/allowed-cases.ts";

describe("isAllowedBy", () => {
  for (const { title, allowed, image, is } of ALLOWED_CASES)
    test(`${is ? "lets" : "does not let"} ${title}`, () => {
      expect(isAllowedBy(allowed, image)).toBe(is);
    });

  test("lets any image of the form where nothing bounds it, and no other", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    expect(isAllowedBy(undefined, `registry.example/app@${digest}`)).toBe(true);
    expect(isAllowedBy(undefined, "registry.example/app:1")).toBe(false);
    expect(isAllowedBy([], `registry.example/app@${digest}`)).toBe(false);
  });
});

describe("isAllowedEntry", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, text: string, is: boolean])[] = [
    ["a registry",                                "public.ecr.aws",                            true],
    ["a registry with a port",                    "registry.example:5000",                     true],
    ["a host of one word with a port",            "registry:5000",                             true],
    ["localhost",                                 "localhost",                                 true],
    ["a repository path",                         "public.ecr.aws/docker/library",             true],
    ["a path with every separator",               "registry.example/a.b_c__d--e",              true],
    ["a user of Docker Hub, and not a host",    "nginx",                                     false],
    ["a user of Docker Hub with a path",          "bitnami/redis",                             false],
    ["nothing",                                   "",                                          false],
    ["an empty path",                             "public.ecr.aws/",                           false],
    ["an empty segment",                          "public.ecr.aws//library",                   false],
    ["a step up",                                 "public.ecr.aws/docker/../evil",             false],
    ["a dot as a segment",                        "public.ecr.aws/./docker",                   false],
    ["an empty host",                             "/docker/library",                           false],
    ["a host with two dots",                      "public..ecr.aws",                           false],
    ["a host with a dot at its end",              "public.ecr.aws.",                           false],
    ["capitals in the host",                      "Public.ecr.aws",                            false],
    ["capitals in the path",                      "public.ecr.aws/Docker",                     false],
    ["a letter that looks like another",          "public.\u0435cr.aws",                       false],
    ["a letter that looks like another, in a path", "public.ecr.aws/d\u043ecker",              false],
    ["a digest",                                  `public.ecr.aws/x@sha256:${"a".repeat(64)}`, false],
    ["a tag",                                     "public.ecr.aws/x:1",                        false],
    ["a login",                                   "user@public.ecr.aws",                       false],
    ["a scheme",                                  "https://public.ecr.aws",                    false],
    ["a port of six digits",                      "public.ecr.aws:123456",                     false],
    ["an empty port",                             "public.ecr.aws:/x",                         false],
    ["a star",                                    "*.ecr.aws",                                 false],
    ["a line break at its end",                   "public.ecr.aws\n",                          false],
    ["a space",                                   "public.ecr.aws /x",                         false],
    ["text that breaks out of CEL",               'x.y"] || true || ["',                       false],
  ];
  for (const [title, text, is] of table)
    test(`${is ? "takes" : "does not take"} ${title}`, () => {
      expect(isAllowedEntry(text)).toBe(is);
    });
});
