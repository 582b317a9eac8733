/** `repull mirror` into ECR: the kill switch, the mode and the scope of the deployed stack hold for a copy by hand too. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mirror } from "../../../src/cli/commands/mirror.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { awsAccount, serveRegistries } from "../../support/aws/aws-account.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const TARGET = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own/api:2";
const PROXY = { status: 500, body: "<html>Internal Server Error</html>" };
const ABSENT = {
  status: 404,
  headers: { "x-amzn-errortype": "ResourceNotFoundException" },
  body: { Message: "no" },
};

let world: World;
let stub: AwsStub;
let served: Awaited<ReturnType<typeof serveRegistries>>;
let environment: Record<string, string> | "absent" | undefined;
let word = "allowed";

beforeEach(async () => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
  });
  environment = { REPULL_WRITES_PARAMETER: "/repull/writes" };
  word = "allowed";
  const images = { "acme/api:1": {} };
  world = await createWorld(
    readWorldFile({
      services: [],
      registries: { "docker.io": { images }, ecr: { images: { "own/api:1": {} } } },
    }),
  );
  const account = awsAccount(world);
  stub = await startAwsStub(async (request) => {
    if (request.action === "GetParameter")
      return request.body.Name === "/none"
        ? { status: 400, body: { __type: "ParameterNotFound" } }
        : { body: { Parameter: { Value: word } } };
    if (request.action.includes("/tags/")) return { body: { Tags: { "repull:stack": "mine" } } };
    if (/\/functions\/?(?:\?|$)/.test(request.action) && environment !== undefined) {
      const one = {
        FunctionName: "mine-remediate",
        FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:mine-remediate",
      };
      return { body: { Functions: environment === "absent" ? [] : [one] } };
    }
    if (!request.action.endsWith("/configuration")) return (await account.answer(request)) ?? PROXY;
    if (environment === undefined) return PROXY;
    return environment === "absent" ? ABSENT : { body: { Environment: { Variables: environment } } };
  });
  served = await serveRegistries(world);
});
afterEach(async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  await Promise.all([stub.stop(), served.close()]);
});

async function mirrored(stack?: string | false, target = TARGET) {
  const io = commandIo(
    {},
    {
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: stub.url,
      REPULL_REGISTRY_ENDPOINTS: `${served.endpoints},registry.example.com=http://127.0.0.1:1`,
      HOME: "/nonexistent",
    },
  );
  const status = await mirror(
    {
      source: "acme/api:1",
      target,
      platforms: [],
      allPlatforms: true,
      json: true,
      ...(stack === undefined ? {} : { stack }),
    },
    io,
  );
  return { status, outcome: objectsIn(io.printed.out)[0]?.outcome };
}

const isThere = (): boolean => world.registries.ecr.manifest("own/api", "2") !== undefined;

describe("repull mirror into ECR", () => {
  // biome-ignore format: a table is read by its columns
  const refusals = [
    ["its kill switch is pulled",       () => { word = "by Ada"; },                             "writes-stopped"],
    ["its mode is observe",             () => { environment = { REPULL_MODE: "observe" }; },     "observe-mode"],
    ["its policy excludes the image",   () => { environment = { REPULL_POLICY_PARAMETER: "/p" }; word = '{"scope":{"images":{"exclude":["acme/*"]}}}'; }, "excluded-by-policy"],
    ["its policy cannot be read",       () => { environment = { REPULL_POLICY_PARAMETER: "/none" }; }, "policy-unreadable"],
    ["it is absent",                    () => { environment = "absent"; },                       "no-stack"],
    ["it cannot be read",               () => { environment = undefined; },                      "stack-unreadable"],
  ] as const;
  for (const [when, change, code] of refusals) {
    for (const [which, stack] of [
      ["a stack that was named", "mine"],
      ["the region's only stack", undefined],
    ] as const)
      it(`copies nothing by ${which} when ${when}`, async () => {
        change();
        await expect(mirrored(stack)).rejects.toMatchObject({ name: "Refused", code });
        expect(isThere()).toBe(false);
      });
  }

  for (const [how, stack] of [
    ["by a stack that was named and lets it", "mine"],
    ["by the region's only stack, which lets it", undefined],
    ["without a stack", false],
  ] as const) {
    it(`copies the image ${how}`, async () => {
      if (stack === false) environment = undefined;
      expect(await mirrored(stack)).toMatchObject({ status: 0, outcome: "copied" });
      expect(isThere()).toBe(true);
    });
  }
});

describe("repull mirror into another registry", () => {
  const target = "registry.example.com/own/api:2";
  it("asks no stack, because none answers for it", async () => {
    expect(await mirrored(undefined, target)).toMatchObject({ outcome: "failed" });
    expect(stub.requests).toEqual([]);
  });

  it("takes a stack that was named for a wrong call", async () => {
    await expect(mirrored("mine", target)).rejects.toMatchObject({ name: "InvalidInput" });
  });
});
