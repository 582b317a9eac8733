/** `repull check --stack`: the account's copies and cache rules, in a sandbox's account that is served, as a process of its own. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";
import { repull } from "../../outside/command.ts";
import { type AwsAnswer, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const ORIGIN = "docker.io/library/nginx:1.27";
const same = { sameAs: ORIGIN };
const HUB = { "docker.io": { images: { "library/nginx:1.27": {} } } };
const COPY = { images: { "repull/docker.io/library/nginx:1.27": same } };
const OTHER = { images: { "repull/docker.io/library/nginx:1.27": {} } };
const CACHED = { images: { "hub/library/nginx:1.27": same } };
const RULE = [{ prefix: "hub", upstream: "docker.io" }];
const refused = (action: string) => ({ refusals: [{ action, kind: "denied" as const }] });

let account: ServedAccount | undefined;
afterEach(async () => {
  await account?.close();
  account = undefined;
});

async function checkIn(file: Partial<WorldFile>, args: readonly string[] = ["--stack", "repull"]) {
  account = await serveAccount(file, "approve");
  const { home } = account.world;
  const { status, out, err } = await repull(["check", "--json", ...args, "Dockerfile"], {
    environment: account.env,
    files: { Dockerfile: "FROM nginx:1.27\n" },
  });
  const [first = {}] = objectsIn(out);
  const host = `${home.account}.dkr.ecr.${home.region}.amazonaws.com`;
  const replacement = first.replacement as { readonly image: string; readonly proof: string } | undefined;
  return {
    status,
    err,
    first,
    place: replacement?.image.replace(host, "ecr").replace(/[:@].*$/, ""),
    proof: replacement?.proof,
  };
}

describe("repull check --stack proves", () => {
  // biome-ignore format: a table is read by its columns
  const places: readonly (readonly [what: string, file: Partial<WorldFile>, place: string])[] = [
    ["a copy in the account's ECR",                           { registries: { ...HUB, ecr: COPY } },                                                                    "ecr/repull/docker.io/library/nginx"],
    ["what a pull-through cache has fetched",                 { registries: { ...HUB, ecr: CACHED }, pullThrough: RULE },                                               "ecr/hub/library/nginx"],
    ["a copy, where the cache rules may not be read",         { registries: { ...HUB, ecr: COPY }, pullThrough: RULE, ...refused("ecr:DescribePullThroughCacheRules") }, "ecr/repull/docker.io/library/nginx"],
  ];
  for (const [what, file, place] of places)
    it(
      what,
      async () =>
        expect(await checkIn(file)).toMatchObject({ status: EXIT.failed, place, proof: "same-index" }),
      60_000,
    );
});

describe("repull check --stack proves nothing", () => {
  // biome-ignore format: a table is read by its columns
  const none: readonly (readonly [when: string, file: Partial<WorldFile>, args: readonly string[] | undefined, code: string])[] = [
    ["where the copy has other content",                     { registries: { ...HUB, ecr: OTHER } },                   undefined, "other-content"],
    ["where the cache would have to fetch the image",        { registries: HUB, pullThrough: RULE },                   undefined, "absent"],
    ["of the account's copies where it is not given",        { registries: { ...HUB, ecr: COPY } },                    [],        "no-aws-account"],
  ];
  for (const [when, file, args, code] of none)
    it(when, async () => {
      const { status, place, first } = await checkIn(file, args);
      expect({ status, place }).toEqual({ status: EXIT.failed, place: undefined });
      expect(first).toMatchObject({ fixable: false, codes: expect.arrayContaining([code]) });
    }, 60_000);
});

describe("repull check --stack is refused, and names what to do", () => {
  const world = { registries: { ...HUB, ecr: COPY } };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, file: Partial<WorldFile>, stack: string, code: string])[] = [
    ["where the stack may not be read",      { ...world, ...refused("lambda:GetFunctionConfiguration") }, "repull", "stack-unreadable"],
    ["where the stack is absent",            world,                                                       "other",  "no-stack"],
  ];
  for (const [when, file, stack, code] of table)
    it(when, async () => {
      const { status, err, first } = await checkIn(file, ["--stack", stack]);
      expect({ status, first }).toMatchObject({
        status: EXIT.refused,
        first: { type: "error", code, remedy: expect.stringMatching(/\S/) },
      });
      // The command has no such option.
      expect(err).not.toContain("--no-stack");
    }, 60_000);
});

describe("the policy document of --stack", () => {
  const refusal = (type: string, status = 400) => ({ status, body: { __type: type, message: "no" } });

  /** @param answer what Systems Manager says of the document */
  async function checkBy(answer: AwsAnswer, policyFile?: string) {
    const caller = { account: "123456789012", arn: "arn:aws:iam::123456789012:user/ada" };
    const stub = await startAwsStub(async ({ action }) => {
      if (action === "GetCallerIdentity")
        return {
          body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${caller.arn}</Arn><UserId>A</UserId><Account>${caller.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
        };
      if (action === "GetParameter") return answer;
      if (action.endsWith("/configuration"))
        return { body: { Environment: { Variables: { REPULL_POLICY_PARAMETER: "/repull/policy" } } } };
      return refusal("AccessDeniedException");
    });
    const folder = await mkdtemp(join(tmpdir(), "repull-check-"));
    await writeFile(join(folder, "Dockerfile"), "FROM nginx:1.27\n");
    const environment = {
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: stub.url,
      AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    };
    const before = { ...process.env };
    Object.assign(process.env, environment);
    const io = commandIo(
      { "none.json": '{"scope":{"images":{"include":["acme/*"]}}}', "answers.jsonl": "" },
      { ...environment, HOME: "/nonexistent" },
    );
    const flags = { github: false, offline: false, fresh: false, anonymous: false, fix: false, diff: false };
    try {
      return await check(
        {
          ...flags,
          json: true,
          stack: "mine",
          assessments: "answers.jsonl",
          paths: [folder],
          ...(policyFile === undefined ? {} : { policyFile }),
        },
        io,
      );
    } finally {
      process.env = before;
      await Promise.all([stub.stop(), rm(folder, { recursive: true })]);
    }
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [why: string, answer: AwsAnswer])[] = [
    ["is absent",            refusal("ParameterNotFound")],
    ["may not be read",      refusal("AccessDeniedException")],
    ["may not be decrypted", refusal("InvalidKeyId")],
  ];
  for (const [why, answer] of table) {
    it(`${why}: the check is refused, because it may leave images out`, () =>
      expect(checkBy(answer)).rejects.toMatchObject({ name: "Refused", code: "policy-unreadable" }));

    it(`${why}: --policy FILE goes before it`, async () =>
      expect(await checkBy(answer, "none.json")).toBe(EXIT.done));
  }

  it("counts where it can be read", async () =>
    expect(
      await checkBy({ body: { Parameter: { Value: '{"scope":{"images":{"exclude":["nginx"]}}}' } } }),
    ).toBe(EXIT.done));
});
