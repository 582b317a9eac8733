/** `repull replay --aws` in an account over HTTP: whose rules it goes by, and what it sends where it must not write. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { replay } from "../../../../src/cli/replay/replay.ts";
import { shortRevision } from "../../../../src/ecs/arn.ts";
import type { JsonObject } from "../../../../src/runtime/json.ts";
import { createWorld, type World } from "../../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../../src/sandbox/world/world-file.ts";
import { awsAccount, serveRegistries } from "../../../support/aws/aws-account.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../../support/aws/aws-stub.ts";
import { commandIo, objectsIn } from "../../../support/command-io.ts";
import { firstFailure } from "../../../support/scenario.ts";

const ACCOUNT = "123456789012";
const WRITES =
  /^(?:Register|Update|Run|Put|Create|Start|Stop|Delete|Tag|BatchDelete|Initiate|Complete|Upload|Send)|\/invocations$/;
const PROXY: AwsAnswer = {
  status: 500,
  headers: { "content-type": "text/html" },
  body: "<html><body>Internal Server Error</body></html>",
};
const STS = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${ACCOUNT}:user/ada</Arn><UserId>A</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
const file = {
  services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
  registries: {
    "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
    "public.ecr.aws": {
      images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
    },
  },
};

/** What the account says of the stack, call by call; what is not here is answered by a proxy's page. */
type Stack = {
  readonly sts?: false;
  /** The environment of `remediate`; `absent`: there is no such function. */
  readonly stack?: Readonly<Record<string, string>> | "absent";
  readonly parameters?: Readonly<Record<string, string>>;
  /** What Lambda answers where executions are listed. */
  readonly executions?: AwsAnswer;
  /** Calls that the account does not know. */
  readonly unknown?: readonly string[];
};

let world: World;
let event: JsonObject;
let stub: AwsStub;
let served: Awaited<ReturnType<typeof serveRegistries>>;
let said: Stack = {};

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
  });
});
beforeEach(async () => {
  said = {};
  world = await createWorld(readWorldFile(file));
  event = await firstFailure(world);
  const account = awsAccount(world);
  stub = await startAwsStub(
    async (request) => stackAnswer(request) ?? (await knownTo(account, request)) ?? PROXY,
  );
  served = await serveRegistries(world);
});
afterEach(async () => {
  await Promise.all([stub.stop(), served.close()]);
});
afterAll(() => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
});

async function knownTo(account: ReturnType<typeof awsAccount>, request: AwsRequest) {
  return said.unknown?.includes(request.action) ? undefined : await account.answer(request);
}

function stackAnswer({ action, body }: AwsRequest): AwsAnswer | undefined {
  if (action === "GetCallerIdentity")
    return said.sts === false ? PROXY : { headers: { "content-type": "text/xml" }, body: STS };
  if (/\/functions\/?(?:\?|$)/.test(action) && said.stack !== undefined) {
    const FunctionArn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:repull-remediate`;
    return {
      body: { Functions: said.stack === "absent" ? [] : [{ FunctionName: "repull-remediate", FunctionArn }] },
    };
  }
  if (action.includes("/tags/")) return { body: { Tags: { "repull:stack": "repull" } } };
  if (action.endsWith("/configuration")) {
    if (said.stack === undefined) return PROXY;
    if (said.stack === "absent")
      return {
        status: 404,
        headers: { "x-amzn-errortype": "ResourceNotFoundException" },
        body: { Message: "no" },
      };
    return { body: { FunctionArn: "f", Environment: { Variables: said.stack } } };
  }
  if (action.endsWith("/durable-executions")) return said.executions;
  if (action !== "GetParameter") return undefined;
  const Value = said.parameters?.[String(body.Name)];
  return Value === undefined
    ? { status: 400, body: { __type: "ParameterNotFound", message: "no" } }
    : { body: { Parameter: { Name: String(body.Name), Value } } };
}

async function replayed(options: object = {}, document: JsonObject = event) {
  const io = commandIo(
    { "event.json": JSON.stringify(document) },
    { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: stub.url, REPULL_REGISTRY_ENDPOINTS: served.endpoints },
  );
  const input = {
    files: ["event.json"],
    aws: true,
    yes: true,
    settle: false,
    json: true,
    seed: "1",
    ...options,
  };
  const status = await replay(input, io);
  const lines = objectsIn(io.printed.out);
  const writes = stub.requests.map(({ action }) => action).filter((action) => WRITES.test(action));
  const runs = shortRevision(world.cluster.services()[0]?.taskDefinition ?? "");
  return { status, lines, writes, runs, err: io.printed.err };
}

const RULES = { REPULL_WRITES_PARAMETER: "/repull/writes" };
const ALLOWED = { "/repull/writes": "allowed" };

describe("repull replay --aws", () => {
  // biome-ignore format: a table is read by its columns
  const refusals: readonly (readonly [string, Stack, object, string])[] = [
    ["no stack is deployed and --no-stack was not said",  { stack: "absent" },                                            {},                    "no-stack"],
    ["the stack that was named is absent",                { stack: "absent" },                                            { stack: "mine", yes: false }, "no-stack"],
    ["the stack cannot be read",                          {},                                                             {},                    "stack-unreadable"],
    ["the kill switch is pulled",                         { stack: RULES, parameters: { "/repull/writes": "by Ada" } },     {},                    "writes-stopped"],
    ["the kill switch cannot be read",                    { stack: RULES },                                               {},                    "writes-stopped"],
    ["the policy document cannot be read",                { stack: { ...RULES, REPULL_POLICY_PARAMETER: "/p" }, parameters: ALLOWED }, {},    "policy-unreadable"],
  ];
  for (const [when, account, options, code] of refusals) {
    it(`writes nothing and ends with status 4 when ${when}`, async () => {
      said = account;
      const { status, lines, writes, runs } = await replayed(options);
      expect(lines).toMatchObject([{ outcome: "refused", code }]);
      expect({ status, writes, runs }).toEqual({ status: 4, writes: [], runs: "web:42" });
    });
  }

  // biome-ignore format: a table is read by its columns
  const foreign: readonly (readonly [string, (event: JsonObject) => JsonObject, string])[] = [
    ["the event is of another account",  (event) => replacing(event, ACCOUNT, "210987654321"),  "other-account"],
    ["the event is of another region",   (event) => replacing(event, "us-east-1", "eu-west-1"), "other-region"],
    ["its cluster is of another account", (event) => ({ ...event, detail: { ...(event.detail as JsonObject), clusterArn: "arn:aws:ecs:us-east-1:210987654321:cluster/prod" } }), "other-account"],
  ];
  for (const [when, of, code] of foreign) {
    it(`writes nothing and ends with status 4 when ${when}`, async () => {
      const { status, lines, writes } = await replayed({ stack: false }, of(event));
      expect(lines).toMatchObject([{ outcome: "refused", code }]);
      expect({ status, writes }).toEqual({ status: 4, writes: [] });
    });
  }

  it("heals by the default policy and says so when --no-stack and --yes were said", async () => {
    const { status, lines, writes, runs, err } = await replayed({ stack: false });
    expect(lines).toMatchObject([{ outcome: "redeployed" }]);
    expect({ status, runs }).toEqual({ status: 0, runs: "web:43" });
    expect(writes).toEqual(expect.arrayContaining(["RegisterTaskDefinition", "UpdateService"]));
    expect(err).toContain("--no-stack");
  });

  it("heals by the stack's policy when its kill switch is released", async () => {
    said = { stack: RULES, parameters: ALLOWED };
    const { status, lines, runs } = await replayed();
    expect(lines).toMatchObject([{ outcome: "redeployed" }]);
    expect({ status, runs }).toEqual({ status: 0, runs: "web:43" });
  });

  it("writes nothing and publishes nothing without --yes, whatever the stack allows", async () => {
    said = { stack: RULES, parameters: ALLOWED };
    const { status, lines, writes } = await replayed({ yes: false });
    expect(lines).toMatchObject([{ outcome: "dry-run" }]);
    expect({ status, writes }).toEqual({ status: 0, writes: [] });
  });

  // biome-ignore format: a table is read by its columns
  const held: readonly (readonly [string, Stack, string])[] = [
    ["the stack's mode is observe",              { stack: { ...RULES, REPULL_MODE: "observe" }, parameters: ALLOWED }, "dry-run"],
    ["the policy document says observe",         { stack: { ...RULES, REPULL_POLICY_PARAMETER: "/p" }, parameters: { ...ALLOWED, "/p": '{"mode":"observe"}' } }, "dry-run"],
    ["the policy document leaves the cluster out", { stack: { ...RULES, REPULL_POLICY_PARAMETER: "/p" }, parameters: { ...ALLOWED, "/p": '{"scope":{"clusters":{"exclude":["prod"]}}}' } }, "not-eligible"],
  ];
  for (const [when, account, outcome] of held) {
    it(`ends ${outcome} and leaves the service when ${when}`, async () => {
      said = account;
      const { lines, writes, runs } = await replayed();
      expect(lines).toMatchObject([{ outcome }]);
      expect(runs).toBe("web:42");
      expect(writes.filter((action) => action !== "PutEvents")).toEqual([]);
    });
  }

  it("stops between two writes when the kill switch is pulled there", async () => {
    let reads = 0;
    said = {
      stack: RULES,
      parameters: {
        get "/repull/writes"() {
          reads += 1;
          return reads > 2 ? "by Ada" : "allowed";
        },
      },
    };
    const { status, lines, writes, runs } = await replayed();
    expect(lines).toMatchObject([{ outcome: "failed", error: { code: "denied" } }]);
    expect({ status, runs }).toEqual({ status: 4, runs: "web:42" });
    expect(writes).not.toContain("UpdateService");
  });

  const MAKER = `r-${"a".repeat(40)}-1`;
  const listed = (Status: string): AwsAnswer => ({
    body: { DurableExecutions: [{ DurableExecutionName: MAKER, DurableExecutionArn: "x", Status }] },
  });
  const refused: AwsAnswer = {
    status: 403,
    headers: { "x-amzn-errortype": "AccessDeniedException" },
    body: { Message: "no" },
  };
  // biome-ignore format: a table is read by its columns
  const makers: readonly (readonly [string, AwsAnswer, string])[] = [
    ["is at work",            listed("RUNNING"), "web:43"],
    ["cannot be asked for",   refused,           "web:43"],
    ["has failed",            listed("FAILED"),  "web:44"],
  ];
  for (const [state, executions, revision] of makers) {
    it(`leaves the service on ${revision} when the execution that made the failing revision ${state}`, async () => {
      await failOnSubstitute(MAKER);
      said = { stack: RULES, parameters: ALLOWED, executions };
      const { runs } = await replayed();
      expect(runs).toBe(revision);
    });
  }

  // biome-ignore format: a table is read by its columns
  const halves: readonly (readonly [string, Stack])[] = [
    ["knows ECS alone, and no STS",       { sts: false }],
    ["does not know DescribeTasks",       { unknown: ["DescribeTasks"] }],
    ["does not know DescribeServices",    { unknown: ["DescribeServices"] }],
    ["does not know UpdateService",       { unknown: ["UpdateService"] }],
    ["takes no event",                    { unknown: ["PutEvents"] }],
  ];
  for (const [when, account] of halves) {
    it(`ends with one outcome line when the endpoint ${when}`, async () => {
      said = account;
      const { status, lines } = await replayed({ stack: false });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ outcome: expect.any(String), because: expect.any(String) });
      expect([0, 1, 4, 5]).toContain(status);
    });
  }
});

/** The service fails on a revision that the stack's execution made an hour ago. */
async function failOnSubstitute(maker: string): Promise<void> {
  const { cluster, definitions } = world;
  const tags = [
    { key: "repull:execution", value: maker },
    { key: "repull:previous-revision", value: "web:42" },
    { key: "repull:service", value: "prod/web" },
  ];
  const container = { name: "web", image: "nginx:1.25", essential: true };
  const ours = definitions.register({ family: "web", containerDefinitions: [container], tags });
  await world.run(3600);
  cluster.updateService("prod", "web", ours);
  event = await firstFailure(world);
}

/** The same document of elsewhere. */
function replacing(document: JsonObject, one: string, other: string): JsonObject {
  return JSON.parse(JSON.stringify(document).replaceAll(one, other)) as JsonObject;
}
