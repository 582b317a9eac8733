/** The region that a command works in: AWS's own order of environment and shared files. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsSettingsFrom } from "../../../src/cli/account/aws-settings.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "repull-home-"));
  await mkdir(join(home, ".aws"));
  await writeFile(
    join(home, ".aws", "config"),
    "[default]\nregion = eu-west-1\n\n[profile shop]\nregion = eu-north-1\n[profile both]\nregion = eu-west-2\n[profile bare]\noutput = json\n",
  );
  await writeFile(join(home, ".aws", "credentials"), "[both]\nregion = ap-south-1\n");
  await writeFile(join(home, "other"), "[default]\nregion = sa-east-1\n");
});
afterAll(() => rm(home, { recursive: true }));

describe("the region of a command", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["AWS_REGION before everything else",       { AWS_REGION: "us-east-2", AWS_DEFAULT_REGION: "us-west-1", AWS_PROFILE: "shop" }, "us-east-2"],
    ["AWS_DEFAULT_REGION before the profile",   { AWS_DEFAULT_REGION: "us-west-1", AWS_PROFILE: "shop" }, "us-west-1"],
    ["the default profile's",                   {},                                       "eu-west-1"],
    ["an empty AWS_REGION is none",             { AWS_REGION: "" },                       "eu-west-1"],
    ["the profile's that AWS_PROFILE names",    { AWS_PROFILE: "shop" },                  "eu-north-1"],
    ["the credentials file's before the other", { AWS_PROFILE: "both" },                  "ap-south-1"],
    ["the file's that AWS_CONFIG_FILE names",   { AWS_CONFIG_FILE: "other" },             "sa-east-1"],
  ];
  for (const [because, env, region] of table) {
    it(`is ${region}: ${because}`, async () => {
      const { AWS_CONFIG_FILE: file } = env;
      const files = file === undefined ? {} : { AWS_CONFIG_FILE: join(home, file) };
      expect(await awsSettingsFrom({ env: { HOME: home, ...env, ...files } })).toMatchObject({ region });
    });
  }

  for (const region of ["us east 1", "eu-central-1 ", "EU (Frankfurt)", "https://eu-west-1"])
    it(`is refused where it cannot be one: ${region}`, async () => {
      await expect(awsSettingsFrom({ env: { HOME: home, AWS_REGION: region } })).rejects.toMatchObject({
        name: "WrongCall",
      });
    });

  for (const [when, env] of [
    ["the profile has none", { AWS_PROFILE: "bare" }],
    ["there is no such profile", { AWS_PROFILE: "none" }],
    ["there are no files", { HOME: "/nonexistent" }],
  ] as const)
    it(`is asked for when ${when}`, async () => {
      await expect(awsSettingsFrom({ env: { HOME: home, ...env } })).rejects.toMatchObject({
        name: "WrongCall",
      });
    });
});

describe("the profile of a command", () => {
  for (const [profile, meant] of [
    ["shpo", ", perhaps shop"],
    ["anything-else", ""],
  ] as const)
    it(`is refused where no file has it: ${profile}`, async () => {
      const asked = awsSettingsFrom({ env: { HOME: home, AWS_REGION: "us-east-1", AWS_PROFILE: profile } });
      await expect(asked).rejects.toMatchObject({
        name: "WrongCall",
        message: `there is no profile ${profile} in ~/.aws/config or ~/.aws/credentials (--profile, AWS_PROFILE)${meant}`,
      });
    });

  it("may be default where there are no files: the machine's own credentials are used", async () => {
    const env = { HOME: "/nonexistent", AWS_REGION: "us-east-1", AWS_PROFILE: "default" };
    expect(await awsSettingsFrom({ env })).toMatchObject({ region: "us-east-1" });
  });
});

describe("the endpoint of a command", () => {
  for (const endpoint of ["http://127.0.0.1:4566", "https://vpce.example", ""])
    it(`is taken from AWS_ENDPOINT_URL: ${JSON.stringify(endpoint)}`, async () => {
      const settings = await awsSettingsFrom({
        env: { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: endpoint },
      });
      expect(settings.endpoint ?? "").toBe(endpoint);
    });

  for (const endpoint of ["foo", "localhost:4566", "127.0.0.1:4566", "http://", "ftp://127.0.0.1"])
    it(`is a wrong call where AWS_ENDPOINT_URL is not an address: ${endpoint}`, async () => {
      const asked = awsSettingsFrom({ env: { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: endpoint } });
      await expect(asked).rejects.toMatchObject({ name: "WrongCall" });
    });
});
