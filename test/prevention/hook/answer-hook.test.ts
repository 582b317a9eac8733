/** What a Lambda hook answers CloudFormation: findings with proved replacements, and SUCCESS whatever else happens. */

import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { RegistryRequest, RegistryResponse } from "../../../src/oci/http/transport.ts";
import { answerHook, type HookPorts, type HookResult } from "../../../src/prevention/hook/answer-hook.ts";
import { PAYLOAD_BYTES_MAX } from "../../../src/prevention/hook/fetch-payload.ts";
import { rememberJudgements } from "../../../src/prevention/hook/remembered-judgements.ts";
import { accountWith, NGINX, ORIGIN, registriesWith, TWIN, within } from "../../support/assessment-world.ts";
import { resourceEvent, storedEvent, TOKEN, taskDefinition } from "../../support/hook-events.ts";
import { readPolicy } from "../../support/policy.ts";

const S3 = "https://s3.us-east-1.amazonaws.com/bucket/key?X-Amz-Signature=canary-of-a-signature";
const HOLDS = { [ORIGIN]: NGINX, [TWIN]: NGINX };

type Given = {
  readonly holds?: Parameters<typeof registriesWith>[0]["holds"];
  readonly silent?: readonly string[];
  readonly policy?: object;
  /** What Docker Hub answers to each HEAD, until that is lifted. */
  readonly hub?: number;
  readonly stored?: (request: RegistryRequest) => Promise<Partial<RegistryResponse>>;
  readonly region?: string;
};

function hookWorld({ holds = HOLDS, silent = [], stored, region = "us-east-1", ...given }: Given = {}) {
  const { clock, registries, hub, dockerHub } = registriesWith({ holds, silent });
  const lift =
    given.hub === undefined
      ? undefined
      : dockerHub?.fail({ on: "manifest-head", as: { kind: "status", status: given.hub } });
  const asked: RegistryRequest[] = [];
  const ports: HookPorts = {
    registries,
    account: accountWith(),
    clock,
    remembered: rememberJudgements(clock),
    payload: {
      region,
      send: async (request) => {
        asked.push(request);
        return { status: 200, headers: {}, body: Readable.from([]), ...(await stored?.(request)) };
      },
    },
  };
  return {
    clock,
    hub,
    asked,
    lift,
    ask: async (
      event: unknown,
      policy = given.policy ?? {},
    ): Promise<HookResult & { readonly seconds: number }> => {
      const begun = clock.now();
      const result = await within(clock, () => answerHook(event, readPolicy(policy), ports));
      return { ...result, seconds: (clock.now() - begun) / 1000 };
    },
  };
}

const storing = (text: string) => async () => ({ body: Readable.from([Buffer.from(text)]) });

describe("a task definition", () => {
  test("with an image of Docker Hub fails, and its annotation names the proved replacement", async () => {
    const { answer, codes } = await hookWorld().ask(resourceEvent(taskDefinition(["nginx:1.25"])));
    expect(codes).toEqual(["replaceable"]);
    expect(answer).toMatchObject({
      hookStatus: "FAILED",
      errorCode: "NonCompliant",
      clientRequestToken: TOKEN,
      annotations: [{ annotationName: "Web c1 nginx:1.25", status: "FAILED", severityLevel: "MEDIUM" }],
    });
    expect(answer.annotations?.[0]?.remediationMessage).toContain(
      `public.ecr.aws/docker/library/nginx@${NGINX.digest}`,
    );
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, unknown, Given, string, "SUCCESS" | "FAILED", "PASSED" | "FAILED" | "SKIPPED"]>([
    ["that no other source has",          "nginx:1.25",                    { holds: { [ORIGIN]: NGINX } },                       "no-replacement",     "FAILED",  "FAILED"],
    ["that Docker Hub does not have",     "nginx:0",                       {},                                                   "no-replacement",     "FAILED",  "FAILED"],
    ["of another registry",               "quay.io/acme/web:1",            {},                                                   "other-registry",     "SUCCESS", "PASSED"],
    ["that the policy excludes",          "nginx:1.25",                    { policy: { scope: { images: { exclude: ["nginx*"] } } } }, "excluded-by-policy", "SUCCESS", "PASSED"],
    ["that a function makes",             { Ref: "Image" },                {},                                                   "not-known-yet",      "SUCCESS", "SKIPPED"],
    ["with a place for a value in it",    `\${Registry}/web:1`,             {},                                                   "not-known-yet",      "SUCCESS", "SKIPPED"],
    ["that does not name an image",       "NGINX latest",                  {},                                                   "not-an-image",       "SUCCESS", "SKIPPED"],
    ["while every registry is silent",    "nginx:1.25",                    { silent: ["docker.io", "public.ecr.aws"] },           "no-answer",          "SUCCESS", "SKIPPED"],
    ["while Docker Hub is out of order",  "nginx:1.25",                    { hub: 503 },                                          "no-answer",          "SUCCESS", "SKIPPED"],
    ["that Docker Hub refuses to show",   "nginx:1.25",                    { hub: 403 },                                          "no-replacement",     "FAILED",  "FAILED"],
    ["while only the twin is silent",     "nginx:1.25",                    { silent: ["public.ecr.aws"] },                        "no-replacement",     "FAILED",  "FAILED"],
  ])("with an image %s is answered by its code", async (_what, image, given, code, status, annotated) => {
    const { answer, codes } = await hookWorld(given).ask(resourceEvent(taskDefinition([image])));
    expect([codes, answer.hookStatus, answer.annotations?.[0]?.status]).toEqual([[code], status, annotated]);
  });

  test("without a replacement gets the whole command that copies its image", async () => {
    const { answer } = await hookWorld({ holds: { [ORIGIN]: NGINX } }).ask(
      resourceEvent(taskDefinition(["nginx:1.25"])),
    );
    expect(answer.annotations?.[0]?.remediationMessage).toMatch(/repull mirror nginx:1\.25 \S+\/\S+:\S+$/);
  });

  test("whose tasks have an account of their own passes", async () => {
    const container = {
      Name: "web",
      Image: "nginx:1.25",
      RepositoryCredentials: { CredentialsParameter: "arn" },
    };
    const { answer, codes } = await hookWorld().ask(resourceEvent({ ContainerDefinitions: [container] }));
    expect([codes, answer.hookStatus]).toEqual([["signed-in"], "SUCCESS"]);
  });

  test("has one annotation for each image, those that fail first", async () => {
    const images = ["quay.io/acme/web:1", "nginx:1.25", { Ref: "Image" }, "acme/gone:1"];
    const { answer } = await hookWorld().ask(resourceEvent(taskDefinition(images)));
    expect(answer.annotations?.map(({ status }) => status)).toEqual([
      "FAILED",
      "FAILED",
      "PASSED",
      "SKIPPED",
    ]);
  });

  test("with a secret in its environment is answered without it, also by its own fault", async () => {
    const secret = "canary-of-a-secret";
    const container = { Name: "web", Image: "nginx:1.25", Environment: [{ Name: "KEY", Value: secret }] };
    const results = [
      await hookWorld().ask(resourceEvent({ ContainerDefinitions: [container] })),
      await hookWorld({ stored: storing(`{"x": "${secret}"`) }).ask(storedEvent(S3)),
    ];
    expect(JSON.stringify(results)).not.toMatch(/canary/);
  });
});

describe("what is asked", () => {
  test("is HEADs alone, and each image once in ten minutes", async () => {
    const { ask, hub, clock } = hookWorld();
    const event = resourceEvent(taskDefinition(["nginx:1.25", "nginx:1.25"]));
    const first = await ask(event);
    const once = hub();
    const second = await ask(event);
    expect(Object.keys(once)).toEqual(["manifest-head"]);
    expect(second.answer).toEqual(first.answer);
    expect(hub()).toEqual(once);
    await clock.advanceTo(clock.now() + 11 * 60_000);
    await ask(event);
    expect(hub()["manifest-head"]).toBeGreaterThan(once["manifest-head"] ?? 0);
  });

  test("is asked again under another policy", async () => {
    const { ask } = hookWorld();
    const event = resourceEvent(taskDefinition(["nginx:1.25"]));
    expect((await ask(event)).codes).toEqual(["replaceable"]);
    expect((await ask(event, { scope: { images: { exclude: ["nginx*"] } } })).codes).toEqual([
      "excluded-by-policy",
    ]);
  });

  test("is asked again half a minute after an outage", async () => {
    const { ask, clock, lift } = hookWorld({ hub: 503 });
    const event = resourceEvent(taskDefinition(["nginx:1.25"]));
    expect((await ask(event)).codes).toEqual(["no-answer"]);
    lift?.();
    await clock.advanceTo(clock.now() + 30_000);
    expect((await ask(event)).codes).toEqual(["replaceable"]);
  });

  test("ends in 16 seconds, whatever is silent, and of how many images there are", async () => {
    const images = Array.from({ length: 60 }, (_, index) => `acme/web:${index}`);
    const silent = ["docker.io", "public.ecr.aws"];
    const { seconds, answer } = await hookWorld({ silent }).ask(resourceEvent(taskDefinition(images)));
    expect(seconds).toBeLessThanOrEqual(16);
    expect(answer.annotations).toHaveLength(60);
  });
});

describe("a stack or change set", () => {
  const template = JSON.stringify({
    Resources: { Web: { Type: "AWS::ECS::TaskDefinition", Properties: taskDefinition(["nginx:1.25"]) } },
  });

  test.each(["STACK", "CHANGE_SET"] as const)(
    "%s is fetched from S3, without credentials",
    async (target) => {
      const { ask, asked } = hookWorld({ stored: storing(JSON.stringify({ template })) });
      expect((await ask(storedEvent(S3, target))).codes).toEqual(["replaceable"]);
      expect(asked.map(({ method, url, headers }) => [method, url.href, headers])).toEqual([["GET", S3, {}]]);
    },
  );

  const never = () => new Promise<never>(() => {});
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string, Given, code: string, requests: number]>([
    ["is refused by S3",                       S3,                                                       { stored: async () => ({ status: 403 }) },                       "refused",     1],
    ["is a redirect",                          S3,                                                       { stored: async () => ({ status: 307, headers: { location: "https://a.example" } }) }, "refused", 1],
    ["is not there in time",                   S3,                                                       { stored: never },                                               "unreachable", 1],
    ["breaks off",                             S3,                                                       { stored: async () => { throw new Error(S3); } },                "unreachable", 1],
    ["says that it is too large",              S3,                                                       { stored: async () => ({ headers: { "content-length": String(PAYLOAD_BYTES_MAX + 1) } }) }, "too-large", 1],
    ["is neither YAML nor JSON",               S3,                                                       { stored: storing("<html>") },                                   "no-template", 1],
    ["has a template that cannot be read",     S3,                                                       { stored: storing('{"template": "[["}') },                       "no-template", 1],
    ["is at another host",                     "https://a.example/key",                                  {},                                                              "other-host",  0],
    ["is at a host that begins like S3",       "https://s3.us-east-1.amazonaws.com.a.example/key",       {},                                                              "other-host",  0],
    ["is at a host that ends like S3",         "https://evils3.us-east-1.amazonaws.com/key",             {},                                                              "other-host",  0],
    ["is in another region",                   "https://s3.eu-west-1.amazonaws.com/bucket/key",          {},                                                              "other-host",  0],
    ["is of another partition",                "https://s3.us-east-1.amazonaws.com.cn/bucket/key",       {},                                                              "other-host",  0],
    ["has a login in its address",             "https://user@s3.us-east-1.amazonaws.com/bucket/key",     {},                                                              "other-host",  0],
    ["has a port in its address",              "https://s3.us-east-1.amazonaws.com:8443/bucket/key",     {},                                                              "other-host",  0],
    ["is in the clear",                        "http://s3.us-east-1.amazonaws.com/bucket/key",           {},                                                              "other-host",  0],
    ["is instance metadata",                   "http://169.254.169.254/latest/meta-data",                {},                                                              "other-host",  0],
    ["is not an address",                       "bucket/key",                                             {},                                                              "other-host",  0],
  ])("whose payload %s passes, and says why", async (_what, url, given, code, requests) => {
    const { ask, asked } = hookWorld(given);
    const { answer, codes } = await ask(storedEvent(url));
    expect([codes, answer.hookStatus, asked.length]).toEqual([[code], "SUCCESS", requests]);
    expect(JSON.stringify(answer)).not.toMatch(/canary|example/);
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string]>([
    ["https://bucket.s3.us-east-1.amazonaws.com/key",            "us-east-1"],
    ["https://bucket.s3.dualstack.us-east-1.amazonaws.com/key",  "us-east-1"],
    ["https://bucket.s3.amazonaws.com/key",                      "us-east-1"],
    ["https://a.bucket.s3.eu-west-1.amazonaws.com/key",          "eu-west-1"],
    ["https://s3.cn-north-1.amazonaws.com.cn/bucket/key",        "cn-north-1"],
  ])("at %s is fetched in %s", async (url, region) => {
    const { ask, asked } = hookWorld({ region, stored: storing(JSON.stringify({ template: '{"Resources": {}}' })) });
    expect((await ask(storedEvent(url))).answer.hookStatus).toBe("SUCCESS");
    expect(asked).toHaveLength(1);
  });
});

// biome-ignore format: a table is read by its columns
test.each<readonly [string, unknown, string, string]>([
  ["a deletion",                resourceEvent(taskDefinition(["nginx:1.25"]), { point: "DELETE_PRE_PROVISION" }), "deletion",       TOKEN],
  ["another resource",          resourceEvent({}, { targetName: "AWS::ECS::Service" }),                           "other-resource", TOKEN],
  ["a request without a model", { ...resourceEvent({}), requestData: {} },                                        "malformed",      TOKEN],
  ["nothing",                   undefined,                                                                        "malformed",      ""],
  ["a text",                    "event",                                                                          "malformed",      ""],
  ["the guide's other spelling", { clientRequesttoken: "other" },                                                 "malformed",      "other"],
])("%s passes with its token", async (_what, event, code, token) => {
  const { answer, codes } = await hookWorld().ask(event);
  expect([codes, answer.hookStatus, answer.clientRequestToken]).toEqual([[code], "SUCCESS", token]);
});

test("an answer keeps within AWS's bounds, however long names are", async () => {
  const images = Array.from({ length: 300 }, (_, index) => `acme/${"a".repeat(200)}:${index}`);
  const { answer } = await hookWorld({ holds: {} }).ask(resourceEvent(taskDefinition(images)));
  expect(answer.message.length).toBeLessThanOrEqual(1024);
  expect(answer.annotations?.length).toBeLessThanOrEqual(100);
  for (const { annotationName, statusMessage, remediationMessage = "" } of answer.annotations ?? []) {
    expect(annotationName.length).toBeLessThanOrEqual(1024);
    expect(Math.max(statusMessage.length, remediationMessage.length)).toBeLessThanOrEqual(16_384);
  }
});
