/** What is read of an image's config, by the URL that ECR signs for it: the bytes of its digest alone, and of them no variable. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Download, openingImages } from "../../../src/aws/diagnosis/image-config.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const CONFIG = JSON.stringify({
  os: "linux",
  architecture: "arm64",
  config: { Entrypoint: ["/web"], Cmd: ["-v"], Env: ["PASSWORD=secret"] },
});
const bytes = (text: string) => new TextEncoder().encode(text);
const place = (text: string) => ({
  registryId: "123456789012",
  repositoryName: "web",
  layerDigest: digestOf(Buffer.from(text)),
});
const signed = { body: { downloadUrl: "https://bucket.example/config?signature=1" } };

let stub: AwsStub;
let answer: AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub(() => answer);
});
afterEach(() => stub.stop());

const opened = (download: Download) =>
  openingImages(download)((region) => ({
    region,
    endpoint: stub.url,
    credentials: STUB_CREDENTIALS,
    attemptsMax: 1,
  }));

describe("the config of an image", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, ecr: AwsAnswer, came: string, asked: string, expected: object])[] = [
    ["is what it runs, and its platform",       signed, CONFIG,      CONFIG,      { kind: "config", entrypoint: ["/web"], command: ["-v"], os: "linux", architecture: "arm64" }],
    ["is not read of other bytes",              signed, `${CONFIG} `, CONFIG,     { kind: "unread", permission: "" }],
    ["that is cut off is not read",             signed, '{"config":', '{"config":', { kind: "unread", permission: "" }],
    ["that is a list is not read",              signed, "[1]",       "[1]",       { kind: "unread", permission: "" }],
    ["without members runs nothing",            signed, "{}",        "{}",        { kind: "config", entrypoint: [], command: [] }],
    ["may not be asked for",                    { status: 400, body: { __type: "AccessDeniedException", message: "no" } }, CONFIG, CONFIG, { kind: "unread", permission: "ecr:GetDownloadUrlForLayer", because: "may not call ecr:GetDownloadUrlForLayer" }],
    ["is not fetched from what is not a URL",   { body: { downloadUrl: "bucket" } }, CONFIG, CONFIG, { kind: "unread", permission: "ecr:GetDownloadUrlForLayer" }],
  ];
  for (const [story, ecr, came, asked, expected] of table)
    test(story, async () => {
      answer = ecr;
      const found = await opened(async () => bytes(came))(place(asked), "us-east-1");
      expect(found).toMatchObject(expected);
      expect(JSON.stringify(found)).not.toContain("PASSWORD");
    });

  test("is fetched once, however many containers run the image", async () => {
    answer = signed;
    const urls: string[] = [];
    const config = opened(async ({ href }) => {
      urls.push(href);
      return bytes(CONFIG);
    });
    await Promise.all([config(place(CONFIG), "us-east-1"), config(place(CONFIG), "us-east-1")]);
    expect(urls).toEqual(["https://bucket.example/config?signature=1"]);
  });

  test("that does not come is not known", async () => {
    answer = signed;
    const found = await opened(async () => {
      throw new Error("bucket.example answers 503");
    })(place(CONFIG), "us-east-1");
    expect(found.kind).toBe("unread");
  });
});
