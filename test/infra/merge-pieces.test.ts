/** Pieces of a bundle joined to few files: the program does the same, loads as late as before, and names its own lines. */

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mergePieces } from "../../infra/merge-pieces.ts";

let folder: string;

/** `a` and `b` are shared in every way, so that esbuild makes a piece of each set; `copy` is needed late. */
const SOURCES: Readonly<Record<string, string>> = {
  "main.js": `
    import { a } from "./a.js"; import { Shared } from "./shared.js";
    const command = process.argv[2];
    const say = (text) => process.stdout.write(text + "\\n");
    if (command === "start") say(a() + " " + (new Shared() instanceof Shared));
    else if (command === "copy") say((await import("./copy.js")).copy());
    else say((await import("./other.js")).other());`,
  "a.js": `import { Shared } from "./shared.js"; export const a = () => new Shared().name;`,
  "b.js": `import { a } from "./a.js"; process.stdout.write("b is loaded\\n"); export const b = () => a() + "b";`,
  "shared.js": `export class Shared { name = "shared"; }\nexport const fail = () => {\n  throw new Error("here");\n};`,
  "copy.js": `
    import { b } from "./b.js"; import { Shared } from "./shared.js";
    export const copy = () => [b(), new Shared().name].join();`,
  "other.js": `import { b } from "./b.js"; import { fail } from "./shared.js"; export const other = () => { b(); fail(); };`,
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "repull-pieces-")));
  for (const [name, text] of Object.entries(SOURCES)) await writeFile(join(folder, name), text);
  const options: BuildOptions = {
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    sourcemap: "linked",
    banner: { js: "#!/usr/bin/env node\nconst required = 1;" },
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
  };
  const { metafile } = await build({
    ...options,
    entryPoints: ["main.js"],
    outdir: "dist",
    chunkNames: "main-[hash]",
    splitting: true,
    metafile: true,
  });
  const { outputs } = metafile;
  await mergePieces({
    folder: join(folder, "dist"),
    entry: "main.js",
    together: ["copy.js"],
    outputs,
    options,
  });
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (command: string): Promise<string> => {
  const args = ["--enable-source-maps", join(folder, "dist/main.mjs"), command];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args).catch((failed) => failed);
  return stdout + stderr;
};

/** The files that come with one, by imports at its start. */
async function loadedWith(name: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = await readFile(join(folder, "dist", name), "utf8");
  for (const [, next = ""] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) await loadedWith(next, seen);
  return seen;
}

test("what the program loads at its start is the entry and one file", async () => {
  expect((await loadedWith("main.mjs")).size).toBe(2);
  expect(await run("start")).toBe("shared true\n");
});

test("what a command adds comes when it is needed, and not before", async () => {
  expect(await run("copy")).toBe("b is loaded\nsharedb,shared\n");
});

test("another command finds what was joined, and an error in it names the line of its source", async () => {
  const said = await run("other");
  expect(said).toContain("b is loaded\n");
  expect(said).toContain(`${join(folder, "shared.js")}:3:`);
});

test("no piece is left that nothing loads", async () => {
  const files = (await readdir(join(folder, "dist"))).filter((name) => name.endsWith(".mjs"));
  // The entry, the start's, the copy's, the name that the copy is imported by, and the other command.
  expect(files).toHaveLength(5);
});
