/** The stacks of a region by the tag of their functions, from Lambda's lists as its model describes them. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listStacks } from "../../../src/aws/stack/list-stacks.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const arnOf = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;

let stub: AwsStub;
/** Pages of functions; a name's tag, where it has one. */
let pages: readonly (readonly string[])[];
let tags: Readonly<Record<string, string | AwsAnswer>>;
beforeAll(async () => {
  stub = await startAwsStub(({ action, query }) => {
    const path = decodeURIComponent(action);
    if (path.includes("/tags/")) {
      const tag = tags[path.slice(path.lastIndexOf(":") + 1)];
      return typeof tag === "object"
        ? tag
        : { body: { Tags: tag === undefined ? {} : { "repull:stack": tag } } };
    }
    const page = Number(query.get("Marker") ?? 0);
    const next = page + 1 < pages.length ? { NextMarker: String(page + 1) } : {};
    const Functions = (pages[page] ?? []).map((name) => ({ FunctionName: name, FunctionArn: arnOf(name) }));
    return { body: { Functions, ...next } };
  });
});
afterAll(() => stub.stop());
beforeEach(() => {
  pages = [[]];
  tags = {};
});

const list = () =>
  listStacks({ region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 });
const refused = (code: string, status: number): AwsAnswer => ({
  status,
  headers: { "x-amzn-errortype": code },
  body: { message: "no" },
});

describe("the stacks of a region", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly (readonly string[])[], typeof tags, readonly string[]])[] = [
    ["are none without a function",            [[]],                                          {},                                              []],
    ["are found by the tag, whatever the name", [["shop", "heal-remediate"]],                 { "heal-remediate": "heal" },                    ["heal"]],
    ["are found on a later page",              [["shop"], ["other"], ["heal-remediate"]],     { "heal-remediate": "heal" },                    ["heal"]],
    ["are listed in order where there are several", [["z-remediate"], ["a-remediate"]],         { "z-remediate": "z", "a-remediate": "a" },      ["a", "z"]],
    ["are not what is called alike",           [["gd-remediate"]],                            {},                                              []],
    ["are not a copy that took the tags along", [["copy-remediate", "heal-remediate"]],       { "copy-remediate": "heal", "heal-remediate": "heal" }, ["heal"]],
    ["are not what was deleted meanwhile",     [["old-remediate", "heal-remediate"]],         { "old-remediate": refused("ResourceNotFoundException", 404), "heal-remediate": "heal" }, ["heal"]],
  ];
  for (const [because, functions, tagged, stacks] of table)
    it(because, async () => {
      [pages, tags] = [functions, tagged];
      expect(await list()).toEqual(stacks);
    });

  it("are not known where the tags of one that may be one cannot be read", async () => {
    pages = [["gd-remediate", "heal-remediate"]];
    tags = { "gd-remediate": refused("AccessDeniedException", 403), "heal-remediate": "heal" };
    await expect(list()).rejects.toMatchObject({ kind: "denied", action: "lambda:ListTags" });
  });
});
