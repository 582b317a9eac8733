/** The command line's bundle and Node's own modules: what a command does not call is not loaded, and what it calls works. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtinsByName } from "../../infra/builtin-imports.ts";

let folder: string;
let said: Readonly<Record<string, unknown>>;

const SOURCES: Readonly<Record<string, string>> = {
  "src/main.ts": `
import { createHash as hash, type Hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import child from "node:child_process";
import path from "node:path";
import assert from "node:assert/strict";
import { strict } from "node:assert";
import { whole } from "whole";
const loaded = (name: string) => process.moduleLoadList.includes("NativeModule " + name);
class Own extends Readable {}
const before = loaded("crypto") || loaded("child_process") || loaded("internal/fs/promises");
assert(path.sep === "/", "an assertion that holds");
let named = "holds";
strict(path.sep === "/", "another one");
const beforeFailing = loaded("assert/strict");
let failed = "";
try { assert.equal(1, 2); } catch (error) { failed = error.code; }
try { strict(path.sep === ":", "one that fails"); } catch (error) { named += " " + error.code; }
const made: Hash = hash("sha256");
process.stdout.write(JSON.stringify({
  before, beforeFailing, failed, named,
  digest: made.update("a").digest("hex").slice(0, 8),
  isReadable: new Own() instanceof Readable,
  text: await readFile(process.argv[2], "utf8"),
  child: child.execFileSync("echo", ["word"], { encoding: "utf8" }),
  whole: whole(process.argv[2]),
  later: typeof (await import("node:stream/consumers")).text,
}));`,
  "node_modules/whole/package.json": `{ "name": "whole", "version": "1.0.0", "main": "index.js", "type": "module" }`,
  "node_modules/whole/index.js": `import * as fs from "fs"; import events, { once } from "events";
    export const whole = (path) => [fs.existsSync(path), typeof fs.ReadStream, typeof once, new events() instanceof events.EventEmitter];`,
  "note.txt": "a note",
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "repull-builtins-")));
  for (const [name, text] of Object.entries(SOURCES)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await build({
    absWorkingDir: folder,
    entryPoints: ["src/main.ts"],
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
    plugins: [builtinsByName()],
  });
  const ran = await promisify(execFile)(process.execPath, [
    join(folder, "dist/main.mjs"),
    join(folder, "note.txt"),
  ]);
  said = JSON.parse(ran.stdout);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// biome-ignore format: a table is read by its columns
const CASES: readonly (readonly [what: string, name: string, value: unknown])[] = [
  ["a module whose functions are not called is not loaded",              "before",        false],
  ["an assertion that holds loads nothing",                              "beforeFailing", false],
  ["an assertion that fails says so by its code",                        "failed",        "ERR_ASSERTION"],
  ["an assertion that was imported by its name works",                   "named",         "holds ERR_ASSERTION"],
  ["a function that was imported under another name is called",          "digest",        "ca978112"],
  ["a class of Node's own can be extended",                              "isReadable",    true],
  ["a function that waits is called",                                    "text",          "a note"],
  ["a module that was imported as a whole has its functions",            "child",         "word\n"],
  ["a package gets its modules as require gives them",                   "whole",         [true, "function", "function", true]],
  ["a module that is imported when it is needed stays Node's to import", "later",         "function"],
];

for (const [what, name, value] of CASES) test(what, () => expect(said[name]).toEqual(value));
