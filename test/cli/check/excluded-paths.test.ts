/** `repull check --exclude`: which files are left out, and what the exit status is then. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { WrongCall } from "../../../src/cli/wrong-call.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-exclude-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, text = "FROM nginx:1\n"): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function run(exclude: readonly string[], paths: readonly string[] = ["."]) {
  const io = commandIo({});
  const flags = { github: false, fresh: false, anonymous: false, fix: false, diff: false };
  const status = await check(
    { ...flags, json: true, offline: true, paths: paths.map((path) => join(folder, path)), exclude },
    io,
  );
  const lines = objectsIn(io.printed.out);
  return { status, files: lines.flatMap(({ file }) => (typeof file === "string" ? [file] : [])) };
}

const FILES = [
  "Dockerfile",
  "a/Dockerfile",
  "a/b/Dockerfile",
  "a/b/x.Dockerfile",
  "build/Dockerfile",
  "c/build/Dockerfile",
];

describe("--exclude", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [globs: readonly string[], left: readonly string[]])[] = [
    [[],                          FILES],
    [["build"],                   ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile"]],
    [["build/"],                  ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile"]],
    [["/build"],                  ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile", "c/build/Dockerfile"]],
    [["./build"],                 ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile", "c/build/Dockerfile"]],
    [["**/build"],                ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile"]],
    [["a/*"],                     ["Dockerfile", "build/Dockerfile", "c/build/Dockerfile"]],
    [["a/*file"],                 ["Dockerfile", "a/b/Dockerfile", "a/b/x.Dockerfile", "build/Dockerfile", "c/build/Dockerfile"]],
    [["a/**/*.Dockerfile"],       ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "build/Dockerfile", "c/build/Dockerfile"]],
    [["a/**"],                    ["Dockerfile", "build/Dockerfile", "c/build/Dockerfile"]],
    [["?"],                       ["Dockerfile", "build/Dockerfile"]],
    [["a\\b"],                    ["Dockerfile", "a/Dockerfile", "build/Dockerfile", "c/build/Dockerfile"]],
    [["x.Dockerfile", "c"],       ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile", "build/Dockerfile"]],
    [["Dockerfile/"],             FILES],
    [["(.*)", "[a-z]", "a+b", "$"], FILES],
    [["*"],                       []],
  ];
  for (const [globs, left] of table)
    it(`leaves out what ${globs.join(" and ") || "nothing"} means`, async () => {
      for (const file of FILES) await put(file);
      expect((await run(globs)).files).toEqual(left);
    });

  it("leaves out a file that is a path of the call", async () => {
    for (const file of FILES) await put(file);
    expect((await run(["x.*"], ["Dockerfile", "a/b/x.Dockerfile"])).files).toEqual(["Dockerfile"]);
  });

  for (const glob of ["", " ", "/", ".", "./", "!a"])
    it(`is a wrong call with ${JSON.stringify(glob)}`, async () => {
      await put("Dockerfile");
      await expect(run([glob])).rejects.toBeInstanceOf(WrongCall);
    });
});

describe("the exit status", () => {
  const files = {
    bad: ["bad.yaml", "image: [\n"],
    found: ["Dockerfile", "FROM nginx:1\n"],
    none: ["b/Dockerfile", "FROM ghcr.io/a/b:1\n"],
  } as const;
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [has: readonly (keyof typeof files)[], globs: readonly string[], status: number])[] = [
    [["bad", "found"],          [],                        EXIT.usage],
    [["bad", "none"],           [],                        EXIT.usage],
    [["bad"],                   [],                        EXIT.usage],
    [["bad", "found"],          ["bad.yaml"],              EXIT.failed],
    [["bad", "none"],           ["bad.yaml"],              EXIT.done],
    [["bad", "found", "none"],  ["bad.yaml", "/Dockerfile"], EXIT.done],
    [["bad", "found"],          ["Dockerfile"],            EXIT.usage],
    [["bad"],                   ["*.yaml"],                EXIT.done],
  ];
  for (const [has, globs, status] of table)
    it(`is ${status} where the files are ${has.join(", ")} and ${globs.join(", ") || "nothing"} is excluded`, async () => {
      for (const one of has) await put(files[one][0], files[one][1]);
      expect((await run(globs)).status).toBe(status);
    });
});
