/** The exit status of `repull mirrors prune` for what the function reports of a run. */

import { afterEach, describe, expect, test } from "vitest";
import { prune } from "../../../src/cli/mirrors/prune.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";
import { commandIo } from "../../support/command-io.ts";

const CALLER =
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
const EMPTY = { kind: "pruned", deleted: [], marked: [], kept: {}, failed: [] };

let stub: AwsStub | undefined;
afterEach(async () => await stub?.stop());

async function statusOf(report: object): Promise<number> {
  process.env.AWS_ACCESS_KEY_ID = STUB_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = STUB_CREDENTIALS.secretAccessKey;
  stub = await startAwsStub(({ action }) =>
    action === "GetCallerIdentity"
      ? { headers: { "content-type": "text/xml" }, body: CALLER }
      : { body: { ...EMPTY, ...report } },
  );
  const io = commandIo({}, { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: stub.url });
  return await prune({ stack: "repull", yes: true, rights: false, json: true }, io);
}

describe("repull mirrors prune", () => {
  const failed = [{ repository: "repull/a", digest: "sha256:a", because: "throttled" }];
  // biome-ignore format: a table is read by its columns
  for (const [status, what, report] of [
    [0, "everything is kept for a use of it",             { kept: { used: 3 }, because: "a service uses it" }],
    [0, "there is no copy",                               {}],
    [0, "a cluster does not report",                      { kept: { "cluster-not-reported": 2 } }],
    [1, "something was not deleted",                      { kept: { unread: 1 }, failed }],
    [4, "writes are stopped",                             { kind: "stopped", because: "incident" }],
    [5, "another run works",                              { kind: "locked" }],
    [5, "a list could not be read, and so nothing went",  { kept: { unread: 3 } }],
    [5, "the services' clocks differ",                    { kept: { "clocks-differ": 3 } }],
    [5, "not even the copies could be read",              { because: "not allowed" }],
  ] as const)
    test(`ends with ${status} where ${what}`, async () => {
      expect(await statusOf(report)).toBe(status);
    });
});
