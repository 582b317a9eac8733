/** How the bench is called, and what it says of a wrong call. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readOptions } from "../../bench/options.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

describe("a wrong call of the bench ends with status 2 and one line", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an unknown bench",              ["check"],              /"check"/],
    ["an unknown option",             ["--fast"],             /--fast/],
    ["an option without its value",   ["--runs"],             /--runs/],
    ["a value that is not a count",   ["--runs", "few"],      /--runs: few/],
    ["a word after the options",      ["--quick", "present"], /present/],
    ["rows that there are not",       ["--only", "no-row"],   /--only/],
    ["an unknown option of storm",      ["storm", "--fast"],      /--fast/],
    ["an unknown option of heal",       ["heal", "--fast"],       /--fast/],
    ["an unknown option of controller", ["controller", "--fast"], /--fast/],
    ["an unknown option of admission",  ["admission", "--fast"],  /--fast/],
  ];
  for (const [what, args, words] of table)
    test(`for ${what}`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
      expect([status, stdout, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
      expect(stderr).toMatch(words);
    });
});

describe("help is printed, and no bench begins", () => {
  for (const args of [
    "--help",
    "storm --help",
    "heal --help",
    "controller -h",
    "admission --help",
    "cost --help",
    "cold-start --help",
    "start-costs --help",
  ])
    test(`for ${args}`, () => {
      const call = [MAIN, ...args.split(" ")];
      const { status, stdout, stderr } = spawnSync(process.execPath, call, {
        encoding: "utf8",
        timeout: 20_000,
      });
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^npm run bench -- /);
    });
});

test("rows are chosen by words that they all have", () => {
  expect(readOptions(["--only", "big plain, index delayed", "--runs", "3"])).toMatchObject({
    only: [
      ["big", "plain"],
      ["index", "delayed"],
    ],
    runs: 3,
  });
});
