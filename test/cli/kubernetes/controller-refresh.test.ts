/** What a controller asks of the account for a refresh of copies: who refreshes them already, and what a repository has. */

import { afterEach, describe, expect, test } from "vitest";
import { refreshTarget } from "../../../src/cli/commands/kubernetes/controller-refresh.ts";
import { digestOf } from "../../../src/image/digest.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

async function target(answer: (request: AwsRequest) => AwsAnswer) {
  stub = await startAwsStub(answer);
  const aws = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  return refreshTarget(aws, "123456789012", "pulls");
}
const refused = (status: number, code: string): AwsAnswer => ({
  status,
  headers: { "x-amzn-errortype": code },
  body: { __type: code, Type: "User", Message: code },
});

describe("the stack's refresh function", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, answer: AwsAnswer, expected: object])[] = [
    ["goes first where it is deployed",          { body: { FunctionName: "pulls-refresh", State: "Active" } },   { name: "pulls-refresh" }],
    ["is absent where Lambda knows none",   refused(404, "ResourceNotFoundException"),                      {}],
    ["is unknown where the role may not ask", refused(403, "AccessDeniedException"),               { unread: expect.stringContaining("lambda:GetFunctionConfiguration") }],
    ["is unknown in a throttle",    refused(429, "TooManyRequestsException"),                       { unread: expect.any(String) }],
  ];
  for (const [when, answer, expected] of table)
    test(when, async () => {
      const made = await target(() => answer);
      expect(await made.leftTo()).toEqual(expected);
      expect(stub?.requests[0]?.action).toBe("GET /2015-03-31/functions/pulls-refresh/configuration");
    });

  test("is asked for once in ten minutes", async () => {
    const made = await target(() => refused(404, "ResourceNotFoundException"));
    expect([await made.leftTo(), await made.leftTo(), stub?.requests.length]).toEqual([{}, {}, 1]);
  });
});

describe("a repository of copies", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, answer: AwsAnswer, expected: unknown])[] = [
    ["has its images",               { body: { imageDetails: [{ imageDigest: digestOf("a"), imageTags: ["1-abc"] }] } },  [{ digest: digestOf("a"), tags: ["1-abc"], isActive: true }]],
    ["is empty where it is absent",  refused(400, "RepositoryNotFoundException"),                                         []],
    ["is unread where it is denied", refused(400, "AccessDeniedException"),                                               { unread: "ecr:DescribeImages", because: expect.any(String) }],
  ];
  for (const [what, answer, expected] of table)
    test(what, async () => {
      const made = await target(() => answer);
      expect(await made.images("repull/docker.io/library/app")).toEqual(expected);
    });
});
