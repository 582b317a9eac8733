/** `repull mirrors cache create` against a served account: what is made, what is never changed, and what other callers do meanwhile. */

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CreateCacheInput, createCache } from "../../../src/cli/mirrors/cache/create-cache.ts";
import { RefusedCommand } from "../../../src/cli/refused-command.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { type Account, accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { installStack } from "../../../src/sandbox/endpoint/installed-stack.ts";
import { type ServedEndpoint, serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import type { Mode } from "../../../src/substitution/policy/stack-settings.ts";
import { commandIo, objectsIn, type RecordedIo } from "../../support/command-io.ts";

const arnOf = (name: string, place = "us-east-1:123456789012") =>
  `arn:aws:secretsmanager:${place}:secret:${name}`;
const SECRET = arnOf("ecr-pullthroughcache/hub-AbCdEf");
const OTHER = arnOf("ecr-pullthroughcache/other-AbCdEf");
const ROLE = "arn:aws:iam::123456789012:role/cache-templates";
const KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const LIFECYCLE = { rules: [{ rulePriority: 1, action: { type: "expire" } }] };
const FILE = {
  registries: { "docker.io": { accounts: { shop: { password: "right" } } } },
  secrets: {
    [SECRET]: { username: "shop", password: "right" },
    [OTHER]: { username: "shop", password: "wrong" },
  },
};
const FILES = {
  "plain.json": "{}",
  "settings.json": JSON.stringify({ mirrors: { kmsKey: KEY, tags: { owner: "platform" } } }),
  "lifecycle.json": JSON.stringify(LIFECYCLE),
  "expiring.json": JSON.stringify({ mirrors: { cacheLifecycle: { untaggedDays: 120 } } }),
  "at-copies.json": JSON.stringify({
    mirrors: { cacheLifecycle: { untaggedDays: 120 }, additionalRepositories: ["docker-hub/{path}"] },
  }),
  "copies.json": JSON.stringify({ mirrors: { additionalRepositories: ["docker-hub/{path}"] } }),
  "no-rules.json": "{}",
};

let world: World;
let account: Account;
let endpoint: ServedEndpoint | undefined;
/** What another caller does after a call of ours. */
let onCall: (operation: string) => void = () => {};

beforeAll(() => {
  process.env.AWS_ACCESS_KEY_ID ??= "sandbox";
  process.env.AWS_SECRET_ACCESS_KEY ??= "sandbox";
});
afterEach(async () => {
  await endpoint?.close();
  onCall = () => {};
});

async function serve(file: object = {}, mode?: Mode): Promise<void> {
  const worldFile = readWorldFile({ ...FILE, ...file });
  world = await createWorld(worldFile);
  account = accountOf(world, worldFile, mode === undefined ? undefined : { name: "repull", mode });
  installStack(account);
  endpoint = await serveEndpoint(account, { onCall: ({ operation }) => onCall(operation) });
}

type Ran = { readonly status: number; readonly line: Record<string, unknown>; readonly io: RecordedIo };

async function run(given: Partial<CreateCacheInput> = {}): Promise<Ran> {
  const io = commandIo(FILES, { AWS_ENDPOINT_URL: endpoint?.url, AWS_REGION: "us-east-1" });
  const flags = { registry: "docker-hub", secret: SECRET, template: true, yes: false } as const;
  const input = { ...flags, stack: false, rights: false, json: true, ...given } as const;
  const status = await createCache(input, io);
  return { status, line: (input.json ? objectsIn(io.printed.out)[0] : undefined) ?? {}, io };
}

const made = () => ({
  rules: world.cacheRules.rules().map(({ prefix, upstreamHost, secret }) => [prefix, upstreamHost, secret]),
  templates: [...world.cacheRules.templates.keys()],
});
/** The region of the account that is served: a rule of the same prefix may be in each other one. */
const HERE = ["--region", "us-east-1"];
const HUB = ["docker-hub", "registry-1.docker.io", SECRET];

describe("a cache is created", () => {
  test("not by a dry run, which says that both parts are missing", async () => {
    await serve();
    const { status, line } = await run();
    expect({ status, ...line }).toMatchObject({
      status: 0,
      kind: "dry-run",
      rule: "create",
      template: "create",
    });
    expect(made()).toEqual({ rules: [], templates: [] });
  });

  test("with --yes once: a second call finds it and changes nothing", async () => {
    await serve();
    const first = await run({ yes: true });
    const second = await run({ yes: true });
    expect(
      [first, second].map(({ status, line }) => [status, line.rule, line.template, line.isValid]),
    ).toEqual([
      [0, "created", "created", true],
      [0, "present", "present", true],
    ]);
    expect(made()).toEqual({ rules: [HUB], templates: ["docker-hub"] });
    expect(second.line.undo).toEqual([]);
  });

  test("with the commands that take it back", async () => {
    await serve();
    const { line } = await run({ yes: true, prefix: "team/hub" });
    expect(line.undo).toEqual([
      ["aws", "ecr", "delete-pull-through-cache-rule", "--ecr-repository-prefix", "team/hub", ...HERE],
      ["aws", "ecr", "delete-repository-creation-template", "--prefix", "team/hub", ...HERE],
    ]);
  });

  test("in another region, as another profile: the commands that take it back lead there", async () => {
    await serve();
    const there = { region: "us-east-1", profile: "bank of ours" };
    const { line } = await run({ ...there, yes: true });
    const flags = ["--region", "us-east-1", "--profile", "bank of ours"];
    expect((line.undo as string[][]).map((command) => command.slice(-4))).toEqual([flags, flags]);
  });

  test("by the command that a dry run names, in the account and region that it looked at", async () => {
    await serve();
    const { io } = await run({ region: "us-east-1", profile: "bank", json: false });
    expect(io.printed.out).toMatch(/^next: repull mirrors .* --region us-east-1 --profile bank --yes/m);
  });

  test("not where a refusal is: its command leads to the account and region of the refusal", async () => {
    await serve({ pullThrough: [{ prefix: "docker-hub", upstream: "quay.io" }] });
    await expect(run({ profile: "bank" })).rejects.toThrow(
      "delete-pull-through-cache-rule --ecr-repository-prefix docker-hub --region us-east-1 --profile bank",
    );
  });

  test("with the policy's tags and key, the lifecycle policy that is given, and tags that may move", async () => {
    await serve();
    await run({ yes: true, policyFile: "settings.json", lifecycle: "lifecycle.json", templateRole: ROLE });
    expect(world.cacheRules.templates.get("docker-hub")).toMatchObject({
      appliedFor: ["PULL_THROUGH_CACHE"],
      imageTagMutability: "MUTABLE",
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: KEY },
      resourceTags: [{ Key: "owner", Value: "platform" }],
      lifecyclePolicy: FILES["lifecycle.json"],
      customRoleArn: ROLE,
    });
    const again = await run({
      yes: true,
      policyFile: "settings.json",
      lifecycle: "lifecycle.json",
      templateRole: ROLE,
    });
    expect([again.line.rule, again.line.template]).toEqual(["present", "present"]);
  });

  test("with the policy's lifecycle, whose rules the dry run shows as ECR gets them", async () => {
    await serve();
    const dry = await run({ policyFile: "expiring.json", json: false });
    await run({ yes: true, policyFile: "expiring.json" });
    const text = String(world.cacheRules.templates.get("docker-hub")?.lifecyclePolicy);
    expect(JSON.parse(text).rules).toMatchObject([
      { selection: { tagStatus: "untagged", countType: "sinceImagePushed", countNumber: 120 } },
    ]);
    expect(dry.io.printed.out).toContain(text);
    const again = await run({ yes: true, policyFile: "expiring.json" });
    expect([again.line.template, made().templates]).toEqual(["present", ["docker-hub"]]);
  });

  test("with the lifecycle policy of the file, where the policy has one too", async () => {
    await serve();
    await run({ yes: true, policyFile: "expiring.json", lifecycle: "lifecycle.json" });
    expect(world.cacheRules.templates.get("docker-hub")?.lifecyclePolicy).toBe(FILES["lifecycle.json"]);
  });

  test("without a lifecycle where the policy looks for copies below its prefix", async () => {
    await serve();
    const { status } = await run({ yes: true, policyFile: "copies.json" });
    expect([status, made().templates]).toEqual([0, ["docker-hub"]]);
  });

  test("without a template when none is wanted", async () => {
    await serve();
    const { line } = await run({ yes: true, template: false, policyFile: "settings.json" });
    expect(line.template).toBeUndefined();
    expect(made()).toEqual({ rules: [HUB], templates: [] });
  });

  test("for the part that is missing when the other is there", async () => {
    await serve({ pullThrough: [{ prefix: "docker-hub", upstream: "docker.io", account: "shop" }] });
    const { line } = await run({ yes: true });
    expect([line.rule, line.template]).toEqual(["present", "created"]);
  });

  test("a rule whose secret is wrong is made, and the status says that ECR cannot sign in", async () => {
    await serve();
    const { status, line } = await run({ yes: true, secret: OTHER });
    expect({ status, isValid: line.isValid, rule: line.rule }).toEqual({
      status: 1,
      isValid: false,
      rule: "created",
    });
  });

  test("when ECR throttles the first calls", async () => {
    await serve({
      refusals: [
        { action: "ecr:DescribePullThroughCacheRules", kind: "throttled", times: 1 },
        { action: "ecr:CreatePullThroughCacheRule", kind: "throttled", times: 1 },
      ],
    });
    expect((await run({ yes: true })).line).toMatchObject({ rule: "created", template: "created" });
  });

  // biome-ignore format: a table is read by its columns
  for (const [registry, secret, host] of [
    ["docker-hub", SECRET,    "registry-1.docker.io"],
    ["github",     SECRET,    "ghcr.io"],
    ["gitlab",     SECRET,    "registry.gitlab.com"],
    ["quay",       undefined, "quay.io"],
    ["kubernetes", undefined, "registry.k8s.io"],
    ["ecr-public", undefined, "public.ecr.aws"],
  ] as const)
    test(`of ${registry}, which ECR knows as ${host}`, async () => {
      await serve();
      // An undefined member is an option that was not given.
      await run({ registry, yes: true, ...({ secret } as { secret: string }) });
      expect(made().rules).toEqual([[registry, host, secret]]);
    });
});

describe("what exists is never changed", () => {
  const HUB_RULE = { prefix: "docker-hub", upstream: "docker.io", account: "shop" };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, object, Partial<CreateCacheInput>, string])[] = [
    ["a rule with the prefix leads to another registry",   { pullThrough: [{ prefix: "docker-hub", upstream: "quay.io" }] },          {},                                                  "rule-has-other-upstream"],
    ["a rule with the prefix leads to a part of it",       { pullThrough: [{ ...HUB_RULE, upstreamPrefix: "acme" }] },                {},                                                  "rule-has-other-upstream"],
    ["a rule with the prefix has another secret",          { pullThrough: [HUB_RULE] },                                               { secret: OTHER },                                   "rule-has-other-secret"],
  ];
  for (const [when, file, given, code] of table)
    for (const yes of [false, true])
      test(`when ${when}, ${yes ? "with --yes" : "as a dry run says"}`, async () => {
        await serve(file);
        const before = made();
        await expect(run({ ...given, yes })).rejects.toMatchObject({ code });
        expect(made()).toEqual(before);
      });

  // biome-ignore format: a table is read by its columns
  const differing: readonly (readonly [string, object])[] = [
    ["is for other uses",            { appliedFor: ["REPLICATION"] }],
    ["has immutable tags",           { imageTagMutability: "IMMUTABLE" }],
    ["has another key",              { encryptionConfiguration: { encryptionType: "KMS", kmsKey: KEY } }],
    ["has tags",                     { resourceTags: [{ Key: "owner", Value: "another team" }] }],
    ["has a lifecycle policy",       { lifecyclePolicy: FILES["lifecycle.json"] }],
    ["has a policy of repositories", { repositoryPolicy: '{"Statement":[]}' }],
  ];
  for (const [what, settings] of differing)
    test(`when the template ${what}`, async () => {
      await serve();
      const other = {
        prefix: "docker-hub",
        appliedFor: ["PULL_THROUGH_CACHE"],
        imageTagMutability: "MUTABLE",
      };
      world.cacheRules.templates.set("docker-hub", { ...other, ...settings });
      await expect(run({ yes: true })).rejects.toMatchObject({ code: "template-differs" });
      expect(world.cacheRules.templates.get("docker-hub")).toEqual({ ...other, ...settings });
      expect(made().rules).toEqual([]);
    });

  // biome-ignore format: a table is read by its columns
  for (const [when, templates, before] of [
    ["everything else",        ["ROOT"],                 "ROOT"],
    ["the team",               ["ROOT", "team"],         "team"],
    ["the team's other names", ["team/hubs", "tea"],     undefined],
  ] as const)
    test(`the template for ${when} stays, and a new one that goes before it says so`, async () => {
      await serve();
      for (const prefix of templates)
        world.cacheRules.templates.set(prefix, { prefix, appliedFor: ["PULL_THROUGH_CACHE"] });
      const lines = [await run({ prefix: "team/hub" }), await run({ prefix: "team/hub", yes: true })];
      expect(lines.map(({ line }) => line.before)).toEqual([before, before]);
      expect(made().templates).toEqual([...templates, "team/hub"]);
    });

  test("a template for replication alone is for no cache, and not named", async () => {
    await serve();
    world.cacheRules.templates.set("ROOT", { prefix: "ROOT", appliedFor: ["REPLICATION"] });
    expect((await run()).line.before).toBeUndefined();
  });

  test("when the template says the same in other words, and the rule is made", async () => {
    await serve();
    world.cacheRules.templates.set("docker-hub", {
      prefix: "docker-hub",
      appliedFor: ["REPLICATION", "PULL_THROUGH_CACHE"],
      lifecyclePolicy: JSON.stringify(LIFECYCLE, undefined, 2),
    });
    const { line } = await run({ yes: true, lifecycle: "lifecycle.json" });
    expect([line.rule, line.template]).toEqual(["created", "present"]);
  });
});

describe("another caller makes the rule between the read and the write", () => {
  const whenRead = (rule: Parameters<World["cacheRules"]["add"]>[0]) => {
    let isDone = false;
    onCall = (operation) => {
      if (operation !== "CreateRepositoryCreationTemplate" || isDone) return;
      isDone = true;
      world.cacheRules.add(rule);
    };
  };

  test("a rule that another caller made at the same moment is found, and not counted as made here", async () => {
    await serve();
    whenRead({ prefix: "docker-hub", upstreamHost: "registry-1.docker.io", secret: SECRET });
    const { line } = await run({ yes: true });
    expect(line).toMatchObject({ rule: "present", template: "created" });
    expect(line.undo).toEqual([
      ["aws", "ecr", "delete-repository-creation-template", "--prefix", "docker-hub", ...HERE],
    ]);
  });

  test("another one: it stays, and what was made before is printed with its undo", async () => {
    await serve();
    whenRead({ prefix: "docker-hub", upstreamHost: "quay.io" });
    const refused = await run({ yes: true }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RefusedCommand);
    expect(refused).toMatchObject({ code: "rule-has-other-upstream" });
    expect(String(refused)).toContain("delete-repository-creation-template --prefix docker-hub");
    expect(made().rules).toEqual([["docker-hub", "quay.io", undefined]]);
  });
});

describe("nothing is made", () => {
  test("while the kill switch of the stack is set", async () => {
    await serve({}, "remediate");
    account.parameters.set("/repull/writes", "paused for a freeze");
    await expect(run({ yes: true, stack: "repull" })).rejects.toMatchObject({ code: "writes-stopped" });
    expect(made()).toEqual({ rules: [], templates: [] });
  });

  test("by the rules of a stack that observes", async () => {
    await serve({}, "observe");
    await expect(run({ yes: true, stack: "repull" })).rejects.toMatchObject({ code: "observe-mode" });
    expect(made()).toEqual({ rules: [], templates: [] });
  });

  test("where no stack is there, and none is given up", async () => {
    await serve();
    const refused = run({ yes: true, ...({ stack: undefined } as object) });
    await expect(refused).rejects.toMatchObject({ code: "no-stack" });
  });

  // biome-ignore format: a table is read by its columns
  const refusals: readonly (readonly [string, object, string])[] = [
    ["the rule may not be created",                { refusals: [{ action: "ecr:CreatePullThroughCacheRule", kind: "denied" }] },            "denied"],
    ["the templates may not be read",              { refusals: [{ action: "ecr:DescribeRepositoryCreationTemplates", kind: "denied" }] },   "denied"],
    ["the secret is not there",                    { secrets: {} },                                                                        "absent"],
  ];
  for (const [when, file, kind] of refusals)
    test(`of the rule when ${when}`, async () => {
      await serve(file);
      const failed = await run({ yes: true }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(AwsError);
      expect(failed).toMatchObject({ kind });
      expect(made().rules).toEqual([]);
    });

  // biome-ignore format: a table is read by its columns
  const wrong: readonly (readonly [string, Partial<CreateCacheInput>, string])[] = [
    ["a secret of another name",                    { secret: arnOf("docker/hub-AbCdEf") },                                         "--secret"],
    ["a secret of another account",                 { secret: arnOf("ecr-pullthroughcache/hub", "us-east-1:210987654321") },        "--secret"],
    ["a secret of another region",                  { secret: arnOf("ecr-pullthroughcache/hub", "eu-west-1:123456789012") },        "--secret"],
    ["a secret by its name",                        { secret: "ecr-pullthroughcache/hub" },                                         "--secret"],
    ["a parameter in the place of a secret",        { secret: "arn:aws:ssm:us-east-1:123456789012:parameter/hub" },                 "--secret"],
    ["a secret for a registry that takes none",     { registry: "quay" },                                                           "--secret"],
    ["a prefix in capitals",                        { prefix: "Hub" },                                                              "--prefix"],
    ["a prefix of one letter",                      { prefix: "h" },                                                                "--prefix"],
    ["a prefix of 31 letters",                      { prefix: "h".repeat(31) },                                                     "--prefix"],
    ["a prefix that takes every name",              { prefix: "ROOT" },                                                             "--prefix"],
    ["the prefix of Repull's copies",               { prefix: "repull" },                                                           "--prefix"],
    ["a prefix below that of Repull's copies",      { prefix: "repull/docker.io" },                                                 "--prefix"],
    ["tags of the policy without a role",           { policyFile: "settings.json" },                                                "--template-role"],
    ["a user in the place of a role",               { policyFile: "settings.json", templateRole: "arn:aws:iam::123456789012:user/a" }, "--template-role"],
    ["a lifecycle policy without rules",            { lifecycle: "no-rules.json" },                                                 "--lifecycle"],
    ["a lifecycle without the template that has it", { template: false, lifecycle: "lifecycle.json" },                               "--lifecycle"],
    ["a role without the template that has it",     { template: false, templateRole: ROLE },                                         "--template-role"],
    ["a lifecycle where the policy has copies",     { policyFile: "at-copies.json" },                                               "--prefix"],
    ["a file's lifecycle where it has copies",      { policyFile: "copies.json", lifecycle: "lifecycle.json" },                     "--prefix"],
  ];
  for (const [what, given, path] of wrong)
    test(`of ${what}`, async () => {
      await serve();
      const refused = await run({ yes: true, ...given }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(InvalidInput);
      expect(refused).toMatchObject({ path });
      expect(made()).toEqual({ rules: [], templates: [] });
    });

  test("of a lifecycle policy that cannot be read", async () => {
    await serve();
    await expect(run({ yes: true, lifecycle: "none.json" })).rejects.toThrow("none.json");
    expect(made()).toEqual({ rules: [], templates: [] });
  });

  test("of Docker Hub without a secret", async () => {
    await serve();
    await expect(run({ ...({ secret: undefined } as object) })).rejects.toMatchObject({ path: "--secret" });
  });
});

describe("the rights that it prints", () => {
  const statementsOf = async (given: Partial<CreateCacheInput>) => {
    const { line } = await run({ rights: true, ...given });
    const { Statement } = line.policy as { Statement: { Action: string[]; Resource: string }[] };
    return Statement;
  };

  test("let no caller pass a role, unless the template has one, and then that one alone", async () => {
    const passing = (all: { Action: string[]; Resource: string }[]) =>
      all.filter(({ Action }) => Action.includes("iam:PassRole")).map(({ Resource }) => Resource);
    expect(passing(await statementsOf({}))).toEqual([]);
    expect(passing(await statementsOf({ templateRole: ROLE }))).toEqual([ROLE]);
  });

  test("let no caller read another secret than those of pull-through caches", async () => {
    const all = await statementsOf({});
    const reading = all.filter(({ Action }) => Action.includes("secretsmanager:GetSecretValue"));
    expect(reading.map(({ Resource }) => Resource)).toEqual([SECRET]);
  });
});

test("services heal by a rule that was created: ECR fetches their image through it", async () => {
  await serve({
    registries: {
      "docker.io": { accounts: { shop: { password: "right" } }, images: { "library/nginx:1.27": {} } },
    },
  });
  await run({ yes: true });
  const digest = world.registries.byHost.get("docker.io")?.tags("library/nginx")["1.27"];
  if (digest === undefined) throw new Error("the image is there");
  const got = await world.ports.ecr.importImage("docker-hub/library/nginx", digest);
  expect(got.kind).toBe("imported");
});
