/** The command line as a script runs it: a process of its own, whose lines and exit status are all that is known of it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll } from "vitest";
import type { Document } from "./documents.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REQUIRE =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';
/** Whatever the world says, a command with --no-wait has ended by then. */
const SECONDS_MAX = 50;

export type Said = { readonly status: number | null; readonly out: string; readonly err: string };

export type Ended = Said & {
  /** The lines of standard output. */
  readonly lines: readonly Document[];
};

export type Run = {
  readonly environment: Readonly<Record<string, string>>;
  /** In addition to it, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Is given the process while it runs: signals it, or closes what it writes to. */
  readonly drive?: (child: ChildProcess) => void;
};

/** Runs `repull replay --aws` on one event. */
export async function replayInAccount(
  event: unknown,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const ended = await repull(["replay", "event.json", "--aws", ...flags], {
    environment,
    files: { "event.json": JSON.stringify(event), ...files },
  });
  return { ...ended, lines: linesOf(ended.out) };
}

/** Runs `repull` to its end, in a folder of its own. */
export async function repull(
  args: readonly string[],
  { environment, files = {}, drive }: Run,
): Promise<Said> {
  const folder = await mkdtemp(join(tmpdir(), "repull-outside-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return await run(args, folder, environment, drive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function linesOf(out: string): readonly Document[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Document);
}

let building: Promise<string> | undefined;

/** The sources in a few files, made once for all runs of a test file: hundreds of modules would be read each time. */
export function built(): Promise<string> {
  building ??= bundle();
  return building;
}

afterAll(async () => {
  if (building !== undefined) await rm(dirname(await building), { recursive: true, force: true });
});

async function bundle(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), "repull-built-"));
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: "src/cli/main.ts" },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    conditions: ["node", "module"],
    banner: { js: REQUIRE },
    logLevel: "warning",
  });
  return join(outdir, "main.mjs");
}

async function run(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
  drive: Run["drive"],
): Promise<Said> {
  const main = await built();
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    NODE_COMPILE_CACHE: join(dirname(main), "compiled"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "a-secret",
    ...environment,
  };
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  drive?.(child);
  const late = setTimeout(() => child.kill("SIGKILL"), SECONDS_MAX * 1000);
  const [status] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  return { status, out, err };
}
