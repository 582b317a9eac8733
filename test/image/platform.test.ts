import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { parsePlatform, platformMatches, printPlatform, readPlatform } from "../../src/image/platform.ts";

describe("one spelling for each platform", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["linux/amd64",       "linux/amd64"],
    ["LINUX/X86_64",      "linux/amd64"],
    ["linux/x86-64",      "linux/amd64"],
    ["linux/amd64/v1",    "linux/amd64"],
    ["linux/amd64/v3",    "linux/amd64/v3"],
    ["LINUX/ARM64",       "linux/arm64"],
    ["linux/aarch64",     "linux/arm64"],
    ["linux/arm64/v8",    "linux/arm64"],
    ["linux/arm64/8",     "linux/arm64"],
    ["linux/arm64/v9",    "linux/arm64/v9"],
    ["linux/arm",         "linux/arm/v7"],
    ["linux/arm/7",       "linux/arm/v7"],
    ["linux/arm/v6",      "linux/arm/v6"],
    ["linux/armhf",       "linux/arm/v7"],
    ["linux/armel",       "linux/arm/v6"],
    ["linux/i386",        "linux/386"],
    ["windows/amd64",     "windows/amd64"],
    ["Windows(10.0.20348)/X86_64",      "windows(10.0.20348)/amd64"],
    ["windows(10.0.20348.2762)/amd64",  "windows(10.0.20348.2762)/amd64"],
    ["unknown/unknown",   "unknown/unknown"],
    ["linux/constructor", "linux/constructor"],
  ] as const;
  for (const [written, printed] of table) {
    test(`${written} is ${printed}`, () => {
      equal(printPlatform(parsePlatform(written)), printed);
      equal(printPlatform(parsePlatform(printed)), printed);
    });
  }
});

describe("what is not a platform", () => {
  for (const text of [
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux//v8",
    "linux/arm64/",
    "linux/arm64/v8/x",
    "linux(5.10.0)/amd64",
    "windows(10)/amd64",
    "windows()/amd64",
    "windows(10.0.20348/amd64",
    "windows(ltsc2022)/amd64",
    "linux/am d",
    "a/b\n",
  ]) {
    test(JSON.stringify(text), () => throws(() => parsePlatform(text), InvalidInput));
  }
});

describe("what runs where", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["linux/amd64",  "linux/x86_64",    true],
    ["linux/arm64",  "linux/arm64/v8",  true],
    ["linux/arm/v7", "linux/arm",       true],
    ["linux/amd64",  "linux/arm64",     false],
    ["linux/amd64",  "windows/amd64",   false],
    ["linux/amd64",  "linux/amd64/v3",  false],
    ["linux/arm/v7", "linux/arm/v6",    false],
    ["linux/amd64",  "unknown/unknown", false],
    ["windows(10.0.20348)/amd64",      "windows(10.0.20348.2762)/amd64", true],
    ["windows(10.0.20348.1)/amd64",    "windows(10.0.20348.2762)/amd64", true],
    ["windows(10.0.20348)/amd64",      "windows(10.0.17763.6293)/amd64", false],
    ["windows(10.0.26100)/amd64",      "windows(10.0.20348.2762)/amd64", false],
    ["windows/amd64",                  "windows(10.0.17763.6293)/amd64", true],
    ["windows(10.0.20348)/amd64",      "windows/amd64",                  true],
  ] as const;
  for (const [wanted, offered, runs] of table) {
    test(`an image for ${offered} ${runs ? "runs" : "does not run"} on ${wanted}`, () => {
      equal(platformMatches(parsePlatform(wanted), parsePlatform(offered)), runs);
    });
  }

  test("an index is read as it was written: nothing in it needs to be normal", () => {
    equal(
      platformMatches(
        { os: "linux", architecture: "arm64" },
        { os: "Linux", architecture: "AArch64", variant: "V8" },
      ),
      true,
    );
  });
});

test("names of a stranger's platform are bounded, and hold nothing that a terminal heeds", () => {
  const stated = { os: "linux\u001b[2J\n", architecture: "x".repeat(1e6), variant: "v7\u202e" };
  deepEqual(readPlatform(stated), { os: "linux?[2J?", architecture: "x".repeat(64), variant: "v7?" });
});
