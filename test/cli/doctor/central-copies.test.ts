/** `repull doctor` in an account that runs another's copies: both halves of the right to pull them, and what neither proves. */

import { describe, expect, test } from "vitest";
import type { ReadResult } from "../../../src/aws/stack/deployed-stack.ts";
import { centralCopiesChecks } from "../../../src/cli/doctor/central-copies-checks.ts";
import type { Functions, StackUnderTest } from "../../../src/cli/doctor/stack-under-test.ts";
import { AwsError, type AwsErrorKind } from "../../../src/remediation/ports/aws-error.ts";

const CENTRAL = "210987654321";
const HOME = { account: "123456789012", region: "us-east-1", partition: "aws" };
const PLACE = `${CENTRAL}.dkr.ecr.us-east-1.amazonaws.com/repull/{host}/{path}`;
const KEY = "arn:aws:kms:us-east-1:123456789012:key/1";
const OURS = "arn:aws:iam::123456789012:role/repull-remediate";
const ROLE = "arn:aws:iam::123456789012:role/web-execution";
const PATTERN = `arn:aws:ecr:us-east-1:${CENTRAL}:repository/repull/*`;

const refusing =
  (kind: AwsErrorKind, words = "") =>
  async (): Promise<never> => {
    throw new AwsError(kind, "ecr:BatchCheckLayerAvailability", words);
  };
const UNREADABLE = refusing("denied");
const CLOSED = refusing(
  "denied",
  "not authorized because no resource-based policy allows the ecr:BatchCheckLayerAvailability action",
);
const OWN_CALLER = refusing(
  "denied",
  "not authorized because no identity-based policy allows the ecr:BatchCheckLayerAvailability action",
);
const policyOf = (statement: object) => async () => JSON.stringify({ Statement: [statement] });
const PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
const ROOT = { Principal: { AWS: `arn:aws:iam::${HOME.account}:root` }, Action: PULL };

type Given = {
  readonly document?: object;
  readonly policy?: StackUnderTest["repositories"]["policy"];
  readonly tryPull?: StackUnderTest["repositories"]["tryPull"];
  /** The roles that IAM refuses. */
  readonly refused?: readonly string[];
  /** The account whose repositories they are refused; absent: every one. */
  readonly refusedIn?: string;
  readonly images?: readonly string[];
  readonly key?: string | AwsErrorKind;
};

async function checked(given: Given) {
  const { document = { mirrors: { additionalRepositories: [PLACE] } }, refused = [] } = given;
  const { images = ["nginx:1.27"], key = "Enabled" } = given;
  const asked: string[] = [];
  const tested = {
    home: HOME,
    policyDocument: async () => JSON.stringify(document),
    pullsInUse: async () => images.map((image) => ({ image, role: ROLE })),
    repositories: {
      policy: async (repository) => {
        asked.push(`${repository.account}/${repository.name}`);
        return await (given.policy ?? UNREADABLE)(repository);
      },
      tryPull: given.tryPull ?? (async () => {}),
    },
    roles: {
      simulate: async (role, _actions, resource) =>
        refused.includes(role) && resource.includes(given.refusedIn ?? "")
          ? { kind: "refused", action: "ecr:BatchGetImage" }
          : { kind: "allowed" },
    },
    keyState: async () => {
      if (key === "absent" || key === "denied") throw new AwsError(key, "kms:DescribeKey", key);
      return key;
    },
  } satisfies Partial<StackUnderTest>;
  const remediate: ReadResult<unknown> = {
    kind: "read",
    value: {
      roleArn: OURS,
      environment: {
        REPULL_MODE: "remediate",
        REPULL_MIRROR_PREFIX: "repull",
        REPULL_POLICY_PARAMETER: "/p",
      },
    },
  };
  const functions = { remediate } as unknown as Functions;
  const checks = await centralCopiesChecks(functions, tested as unknown as StackUnderTest);
  return { checks, asked };
}

describe("the central copies", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, Given, result: string, remedy?: string])[] = [
    ["the caller's pull is answered, and IAM allows the roles",      {},                                                                                          "passed"],
    ["the repository's policy names the account",                    { policy: policyOf({ Effect: "Allow", ...ROOT }), tryPull: CLOSED },                         "passed"],
    ["the repository's policy has a condition, and a pull succeeds", { policy: policyOf({ Effect: "Allow", Principal: "*", Action: PULL, Condition: {} }) },      "passed"],
    ["the repository's policy denies the account",                   { policy: policyOf({ Effect: "Deny", ...ROOT }) },                                           "failed", "docs/accounts.md"],
    ["no policy there allows a pull",                                { tryPull: CLOSED },                                                                         "failed", "docs/accounts.md"],
    ["the policy is silent, and the registry's allows nothing",      { policy: policyOf({ Effect: "Allow", Principal: { AWS: "999999999999" }, Action: PULL }), tryPull: CLOSED }, "failed", "docs/accounts.md"],
    ["only the caller itself lacks the right",                       { tryPull: OWN_CALLER },                                                                     "not checked", "allow yourself"],
    ["ECR throttles the question",                                   { tryPull: refusing("throttled") },                                                          "not checked"],
    ["IAM refuses the tasks' role",                                  { refused: [ROLE] },                                                                         "failed", PATTERN],
    ["IAM refuses remediate",                                        { refused: [OURS] },                                                                         "failed", "ReadableRepositoryArns"],
    ["the account has no copy yet",                                  { tryPull: refusing("absent") },                                                             "passed"],
    ["nothing runs an image of Docker Hub",                          { images: [] },                                                                              "passed"],
  ];
  for (const [when, given, result, remedy] of table)
    test(`are ${result} when ${when}`, async () => {
      const [check, ...others] = (await checked(given)).checks;
      expect(others).toEqual([]);
      expect(check).toMatchObject({ check: "central copies", result });
      expect(check?.remedy ?? "").toContain(remedy ?? "");
    });

  test("pass when one repository is open and the others are closed or absent", async () => {
    const tryPull: Given["tryPull"] = async (repository) => {
      if (!repository.name.endsWith("nginx")) await CLOSED();
    };
    const { checks } = await checked({ tryPull, images: ["redis:7", "nginx:1.27", "acme/web:1"] });
    expect(checks).toMatchObject([{ result: "passed" }]);
  });

  describe("of two accounts", () => {
    const SECOND = "333333333333";
    const document = {
      mirrors: { additionalRepositories: [PLACE, PLACE.replace(CENTRAL, SECOND)] },
    };

    test("fail when IAM refuses the roles the second account's repositories alone", async () => {
      const { checks } = await checked({ document, refused: [ROLE], refusedIn: SECOND });
      expect(checks).toMatchObject([{ result: "failed", remedy: expect.stringContaining(SECOND) }]);
    });

    test("pass when the roles lack a right only where the account has no copy", async () => {
      const tryPull: Given["tryPull"] = async ({ account }) => {
        if (account === SECOND) await refusing("absent")();
      };
      const { checks } = await checked({ document, tryPull, refused: [ROLE], refusedIn: SECOND });
      expect(checks).toMatchObject([{ result: "passed" }]);
    });

    test("name the account that refuses, which need not be the first", async () => {
      const tryPull: Given["tryPull"] = async ({ account }) =>
        await (account === SECOND ? CLOSED() : refusing("absent")());
      const [check] = (await checked({ document, tryPull })).checks;
      expect(check).toMatchObject({ result: "failed", because: expect.stringContaining(SECOND) });
    });
  });

  test("are found by the image's name in one pattern, and ten are asked about at most", async () => {
    const images = Array.from({ length: 30 }, (_, index) => `team/app-${index}:1`);
    const { asked } = await checked({ images: ["nginx:1.27", "nginx:1.28", ...images] });
    expect(asked).toHaveLength(10);
    expect(asked[0]).toBe(`${CENTRAL}/repull/docker.io/library/nginx`);
    expect(new Set(asked).size).toBe(10);
  });

  for (const [when, document] of [
    ["no other repository is named", {}],
    ["the named one is the account's own", { mirrors: { additionalRepositories: ["dockerhub/{path}"] } }],
    ["the document is not a policy", { mirrors: 1 }],
  ] as const)
    test(`are not mentioned when ${when}`, async () => {
      expect((await checked({ document })).checks).toEqual([]);
    });
});

describe("the key of the copies", () => {
  // biome-ignore format: a table is read by its columns
  for (const [key, result] of [
    ["Enabled",         "passed"],
    ["Disabled",        "failed"],
    ["PendingDeletion", "failed"],
    ["absent",          "failed"],
    ["denied",          "not checked"],
  ] as const)
    test(`is ${result} when KMS answers ${key}`, async () => {
      const { checks } = await checked({ document: { mirrors: { kmsKey: KEY } }, key });
      expect(checks).toMatchObject([{ check: "key of the copies", result }]);
    });
});
