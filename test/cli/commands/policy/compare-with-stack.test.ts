/** `repull policy check --stack`: which rights of a document the deployed stack gives. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policyCheck } from "../../../../src/cli/commands/policy/check.ts";
import { RefusedCommand } from "../../../../src/cli/refused-command.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../../support/aws/aws-stub.ts";
import { commandIo, objectsIn } from "../../../support/command-io.ts";

const ROLE = "arn:aws:iam::123456789012:role/lent";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub";
const FULL = {
  REPULL_MODE: "remediate",
  REPULL_POLICY_PARAMETER: "/repull/policy",
  REPULL_MIRROR_PREFIX: "repull",
  REPULL_DOCKER_HUB_SECRET: SECRET,
};

let stub: AwsStub;
let variables: Readonly<Record<string, string>>;
/** IAM's decision; undefined: the caller may not ask. */
let decision: string | undefined;
let lambda: { readonly status: number; readonly type: string } | undefined;

beforeAll(async () => {
  stub = await startAwsStub(({ action, body }) => {
    if (action.endsWith("/configuration")) {
      if (lambda !== undefined)
        return {
          status: lambda.status,
          headers: { "x-amzn-errortype": lambda.type },
          body: { Message: "no" },
        };
      return {
        body: {
          FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:live",
          Role: "arn:aws:iam::123456789012:role/remediate",
          Environment: { Variables: variables },
        },
      };
    }
    if (decision === undefined)
      return {
        status: 403,
        body: "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
      };
    const result = `<member><EvalActionName>${body["ActionNames.member.1"]}</EvalActionName><EvalResourceName>${body["ResourceArns.member.1"]}</EvalResourceName><EvalDecision>${decision}</EvalDecision></member>`;
    return {
      body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${result}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
    };
  });
});
afterAll(() => stub.stop());

async function check(document: object) {
  const io = commandIo({}, { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: stub.url });
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
  });
  const status = await policyCheck(
    { file: "policy.json", stack: "repull", json: true },
    { ...io, readFile: async () => JSON.stringify(document) },
  );
  const [line] = objectsIn(io.printed.out);
  const rights = (line?.rights ?? []) as readonly { parameter: string; given?: string }[];
  return {
    status,
    not: rights.filter(({ given }) => given !== "yes").map(({ parameter, given }) => [parameter, given]),
  };
}

describe("repull policy check --stack", () => {
  const copies = { strategies: ["ecr-public"], mirrors: { additionalRepositories: ["central/{path}"] } };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, document: object, has: object, iam: string | undefined, status: number, not: readonly (readonly string[])[]])[] = [
    ["the stack gives all",            { changeCalendar: ["freeze"] },                             FULL,                                       "allowed",      0, []],
    ["the stack observes",             { strategies: ["ecr-public"] },                             { ...FULL, REPULL_MODE: "observe" },        "allowed",      1, [["Mode=remediate", "no"]]],
    ["it asks and so does the stack",  { strategies: ["ecr-public"], mode: "approve" },            { ...FULL, REPULL_MODE: "approve" },        "allowed",      0, []],
    ["it observes, whatever the stack", { strategies: ["ecr-public"], mode: "observe" },           { ...FULL, REPULL_MODE: "observe" },        "allowed",      0, []],
    ["the stack reads no document",    { strategies: ["ecr-public"], changeCalendar: ["freeze"] }, { ...FULL, REPULL_POLICY_PARAMETER: "" },   "allowed",      1, [["PolicyParameter", "no"]]],
    ["the stack copies nothing",       {},                                                         { ...FULL, REPULL_MIRROR_PREFIX: "" },      "allowed",      1, [["MirrorPrefix", "no"]]],
    ["the stack has no account",       {},                                                         { ...FULL, REPULL_DOCKER_HUB_SECRET: "" },  "allowed",      1, [["DockerHubSecretArn", "no"]]],
    ["the role may read the copies",   copies,                                                     FULL,                                       "allowed",      0, []],
    ["the role may not read them",     copies,                                                     FULL,                                       "implicitDeny", 1, [["ReadableRepositoryArns", "no"]]],
    ["the role may not be passed on",  { strategies: ["ecr-public"], executionRole: ROLE },        FULL,                                       "implicitDeny", 1, [["PassableRoleArns", "no"]]],
    ["IAM may not be asked",           copies,                                                     FULL,                                       undefined,      5, [["ReadableRepositoryArns", "not-checked"]]],
  ];
  for (const [when, document, has, iam, status, not] of table)
    it(`names ${not.map(([parameter]) => parameter).join(", ") || "nothing"} with status ${status} when ${when}`, async () => {
      [variables, decision, lambda] = [has as typeof variables, iam, undefined];
      expect(await check(document)).toEqual({ status, not });
    });

  // biome-ignore format: a table is read by its columns
  const unreadable: readonly (readonly [when: string, answer: NonNullable<typeof lambda>, code: string])[] = [
    ["there is no such stack",      { status: 404, type: "ResourceNotFoundException" }, "no-stack"],
    ["the stack may not be read",   { status: 403, type: "AccessDeniedException" },     "stack-unreadable"],
  ];
  for (const [when, answer, code] of unreadable)
    it(`is refused as ${code} when ${when}`, async () => {
      lambda = answer;
      const refused = await check({}).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RefusedCommand);
      expect((refused as RefusedCommand).code).toBe(code);
    });

  it("sends nothing without --stack", async () => {
    const since = stub.requests.length;
    const file = "policy.json";
    const io = commandIo({}, { AWS_ENDPOINT_URL: stub.url });
    expect(await policyCheck({ file, json: true }, { ...io, readFile: async () => "{}" })).toBe(0);
    expect(stub.requests.length).toBe(since);
    expect(objectsIn(io.printed.out)[0]).not.toHaveProperty("stack");
  });
});
