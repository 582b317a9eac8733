import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  parseArn,
  parseEcsArn,
  parseRevision,
  revisionOf,
  sameRevision,
  shortRevision,
} from "../../src/ecs/arn.ts";

describe("ARNs of ECS, of all partitions and both formats", () => {
  const place = { partition: "aws", region: "us-east-1", account: "123456789012" };
  const china = { partition: "aws-cn", region: "cn-north-1", account: "123456789012" };
  const gov = { partition: "aws-us-gov", region: "us-gov-west-1", account: "123456789012" };
  const iso = { partition: "aws-iso-b", region: "us-isob-east-1", account: "123456789012" };
  // biome-ignore format: a table
  const table = [
    ["arn:aws:ecs:us-east-1:123456789012:cluster/shop",                        { ...place, kind: "cluster", name: "shop" }],
    ["arn:aws:ecs:us-east-1:123456789012:service/web",                         { ...place, kind: "service", name: "web" }],
    ["arn:aws:ecs:us-east-1:123456789012:service/shop/web",                    { ...place, kind: "service", name: "web", cluster: "shop" }],
    ["arn:aws-cn:ecs:cn-north-1:123456789012:service/shop/web",                { ...china, kind: "service", name: "web", cluster: "shop" }],
    ["arn:aws:ecs:us-east-1:123456789012:task/2f5e",                           { ...place, kind: "task", id: "2f5e" }],
    ["arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/shop/2f5e",           { ...gov, kind: "task", id: "2f5e", cluster: "shop" }],
    ["arn:aws-iso-b:ecs:us-isob-east-1:123456789012:task-definition/web_1:41", { ...iso, kind: "task-definition", family: "web_1", revision: 41 }],
    ["arn:aws:ecs:us-east-1:123456789012:task-definition/web",                 undefined],
    ["arn:aws:ecs:us-east-1:123456789012:task-definition/web:0",               undefined],
    ["arn:aws:ecs:us-east-1:123456789012:service/shop/web/more",               undefined],
    ["arn:aws:ecs:us-east-1:123456789012:service/shop/",                       undefined],
    ["arn:aws:ecs:us-east-1:123456789012:service/",                            undefined],
    ["arn:aws:ecs:us-east-1:123456789012:task-set/shop/web/ecs-svc/1",         undefined],
    ["arn:aws:ecs:us-east-1:12345:service/web",                                undefined],
    ["arn:aws:ecs:us-east-1::service/web",                                     undefined],
    ["arn:aws:sqs:us-east-1:123456789012:service/web",                         undefined],
    ["arn:evil:ecs:us-east-1:123456789012:service/web",                        undefined],
    ["web",                                                                    undefined],
    ["",                                                                       undefined],
  ] as const;
  for (const [text, expected] of table) {
    test(`${text || "nothing"}: ${expected?.kind ?? "none of ours"}`, () => {
      expect(parseEcsArn(text)).toEqual(expected);
    });
  }
});

test("an ARN without region or account is one, of another service", () => {
  expect(parseArn("arn:aws:iam::123456789012:role/ecs")).toEqual({
    partition: "aws",
    service: "iam",
    region: "",
    account: "123456789012",
    resource: "role/ecs",
  });
});

describe("family and revision", () => {
  // biome-ignore format: a table
  const table = [
    ["web:41",                                                           "web:41"],
    ["arn:aws:ecs:us-east-1:123456789012:task-definition/web:41",        "web:41"],
    ["arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/a-b_C:1",   "a-b_C:1"],
    ["web",                                                              undefined],
    ["web:",                                                             undefined],
    ["web:x",                                                            undefined],
    [":41",                                                              undefined],
    ["web:41:42",                                                        undefined],
    ["arn:aws:ecs:us-east-1:123456789012:service/web:41",                undefined],
  ] as const;
  for (const [text, name] of table) {
    test(`${text}: ${name ?? "none"}`, () => {
      const parts = parseRevision(text);
      expect(parts === undefined ? undefined : `${parts.family}:${parts.revision}`).toBe(name);
      expect(revisionOf(text)).toBe(parts?.revision);
      expect(shortRevision(text)).toBe(name ?? text);
    });
  }
});

describe("two names of one revision", () => {
  const arn = (region: string, name: string) => `arn:aws:ecs:${region}:123456789012:task-definition/${name}`;
  // biome-ignore format: a table
  const table = [
    ["web:41",                   "web:41",                   true],
    [arn("us-east-1", "web:41"), "web:41",                   true],
    ["web:41",                   arn("us-east-1", "web:41"), true],
    [arn("us-east-1", "web:41"), arn("us-east-1", "web:41"), true],
    [arn("us-east-1", "web:41"), arn("eu-west-1", "web:41"), false],
    ["web:41",                   "web:4",                    false],
    ["web:41",                   "admin:41",                 false],
  ] as const;
  for (const [a, b, same] of table) {
    test(`${a} and ${b}: ${same ? "one" : "two"}`, () => {
      expect(sameRevision(a, b)).toBe(same);
    });
  }
});

test("whatever text comes, nothing is thrown", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("arn:aws:ecs:", ":", "/", "task-definition/", "123456789012"),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      parseEcsArn(text);
      parseRevision(text);
      expect(sameRevision(text, text)).toBe(true);
    }),
  );
});
