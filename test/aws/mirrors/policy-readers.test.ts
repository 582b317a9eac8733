import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { readersOf } from "../../../src/aws/mirrors/policy-readers.ts";

const OWN = "123456789012";
const allow = (Principal: unknown) =>
  JSON.stringify({ Statement: [{ Effect: "Allow", Principal, Action: "ecr:BatchGetImage" }] });

// biome-ignore format: a table is read by its columns
const TABLE: readonly (readonly [when: string, policy: string, readers: string])[] = [
  ["the account itself is named",            allow({ AWS: `arn:aws:iam::${OWN}:root` }),                         "own-account"],
  ["a role of it is named by its ARN",       allow({ AWS: [OWN, `arn:aws:iam::${OWN}:role/a`] }),                "own-account"],
  ["it only denies",                         JSON.stringify({ Statement: { Effect: "Deny", Principal: "*" } }),  "own-account"],
  ["another account is named with it",     allow({ AWS: [OWN, "arn:aws:iam::210987654321:root"] }),            "other-accounts"],
  ["every principal is named",               allow("*"),                                                         "other-accounts"],
  ["every account is named",                 allow({ AWS: "*" }),                                                "other-accounts"],
  ["a service is named",                     allow({ Service: "lambda.amazonaws.com" }),                         "other-accounts"],
  ["a principal that is gone is named",      allow({ AWS: "AIDACKCEVSQ6C2EXAMPLE" }),                            "other-accounts"],
  ["it names no principal",                  JSON.stringify({ Statement: [{ Effect: "Allow" }] }),               "other-accounts"],
  ["it is not JSON",                         "{",                                                                "unknown"],
];

describe("readersOf a policy", () => {
  for (const [when, policy, readers] of TABLE)
    test(`are ${readers} when ${when}`, () => equal(readersOf(policy, OWN), readers));
});
