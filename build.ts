/**
 * Bundles the functions and the command line into `dist/`, each a folder that runs alone, and reports their sizes.
 *
 * The AWS SDK is bundled too: the Lambda runtime's own copy is of unknown age, and an old one
 * drops the members of a task definition that it has not heard of.
 */

import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { builtinsByName } from "./infra/builtin-imports.ts";
import { forLambda, onlyTheShapesInUse, onlyTheVersion } from "./infra/bundle-plugins.ts";
import { mergePieces } from "./infra/merge-pieces.ts";
import { zip } from "./infra/zip.ts";

const root = dirname(fileURLToPath(import.meta.url));

type Bundle = {
  readonly entry: string;
  readonly file: string;
  readonly target: string;
  readonly isCommand: boolean;
};

const BUNDLES: readonly Bundle[] = [
  { entry: "functions/detect/handler.ts", file: "dist/detect/index.mjs", target: "node24", isCommand: false },
  {
    entry: "functions/remediate/handler.ts",
    file: "dist/remediate/index.mjs",
    target: "node24",
    isCommand: false,
  },
  { entry: "functions/mirror/handler.ts", file: "dist/mirror/index.mjs", target: "node24", isCommand: false },
  {
    entry: "functions/diagnose/handler.ts",
    file: "dist/diagnose/index.mjs",
    target: "node24",
    isCommand: false,
  },
  {
    entry: "functions/deployment-hook/handler.ts",
    file: "dist/deployment-hook/index.mjs",
    target: "node24",
    isCommand: false,
  },
  { entry: "functions/hook/handler.ts", file: "dist/hook/index.mjs", target: "node24", isCommand: false },
  {
    entry: "functions/prefill/handler.ts",
    file: "dist/prefill/index.mjs",
    target: "node24",
    isCommand: false,
  },
  {
    entry: "functions/mirrors/handler.ts",
    file: "dist/mirrors/index.mjs",
    target: "node24",
    isCommand: false,
  },
  {
    entry: "functions/refresh/handler.ts",
    file: "dist/refresh/index.mjs",
    target: "node24",
    isCommand: false,
  },
  { entry: "src/cli/main.ts", file: "dist/cli/repull.mjs", target: "node22", isCommand: true },
];

/** In words of main.ts: a Node that lacks what the next line calls cannot read those. */
const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  readonly engines: { readonly node: string };
};
const NEWER_NODE = `process.getBuiltinModule||(console.error("repull: Node ${engines.node.replace(/^\D+/, "")} or newer is needed, and this is "+process.version),process.exit(4));`;

// Some bundled CommonJS dependencies call require(); an ES module has to make its own.
const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

const missing = await missingEntries();
if (missing.length > 0) {
  console.error(`build: no such entry: ${missing.join(", ")}`);
  process.exit(1);
}

await rm(join(root, "dist"), { recursive: true, force: true });
for (const bundle of BUNDLES) {
  const { metafile } = await build(optionsOf(bundle));
  if (bundle.isCommand) await mergeCommand(bundle, metafile?.outputs ?? {});
}
await chmod(join(root, "dist/cli/repull.mjs"), 0o755);
for (const { file, isCommand } of BUNDLES) if (!isCommand) await pack(dirname(file));
await report();

function optionsOf({ entry, file, target, isCommand }: Bundle): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    ...inPieces(file),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target,
    mainFields: ["module", "main"],
    // The SDK's ES modules: of its CommonJS, whole files come along for one function. Naming any condition drops this one.
    conditions: ["node", "module"],
    // Its modules for browsers are the same: those for Node look into the environment at every word of a file, which takes a
    // fifth of the time that a large file does.
    alias: { yaml: join(root, "node_modules/yaml/browser/dist/index.js") },
    // A stack trace in the log should name our lines; the sources themselves are in the repository.
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    plugins: [onlyTheShapesInUse(), onlyTheVersion(), ...(isCommand ? [builtinsByName()] : forLambda())],
    banner: { js: isCommand ? `#!/usr/bin/env node\n${NEWER_NODE}${REQUIRE}` : REQUIRE },
    logLevel: "warning",
    metafile: true,
  };
}

/** A command line is started for each word: what each start loads is one file, and so is what a copy adds to it. */
async function mergeCommand(bundle: Bundle, outputs: Metafile["outputs"]): Promise<void> {
  const { entryPoints: _, splitting: __, plugins: ___, ...options } = optionsOf(bundle);
  await mergePieces({
    folder: join(root, dirname(bundle.file)),
    entry: bundle.entry,
    together: ["src/cli/commands/mirror.ts"],
    outputs,
    options,
  });
}

/**
 * The entry loads what a command, or the phase of a remediation, needs, piece by piece: what is not used is not compiled.
 * A piece's name is a hash of what is in it, so the same sources make the same names.
 */
function inPieces(file: string): BuildOptions {
  const name = basename(file, ".mjs");
  return {
    outdir: dirname(file),
    entryNames: name,
    chunkNames: `${name}-[hash]`,
    outExtension: { ".js": ".mjs" },
    splitting: true,
  };
}

/** The zips for Lambda, for a deployment without SAM: `dist/detect.zip`, the same bytes from the same sources. */
async function pack(folder: string): Promise<void> {
  const names = await readdir(join(root, folder));
  const entries = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(join(root, folder, name)) })),
  );
  await writeFile(join(root, `${folder}.zip`), zip(entries));
}

async function missingEntries(): Promise<readonly string[]> {
  const found = await Promise.all(
    BUNDLES.map(({ entry }) =>
      stat(join(root, entry)).then(
        (it) => it.isFile(),
        () => false,
      ),
    ),
  );
  return BUNDLES.filter((_, index) => !found[index]).map(({ entry }) => entry);
}

/** Prints each bundle's size, and leaves the figures in `dist/sizes.json` for later comparison. */
async function report(): Promise<void> {
  const sizes: Record<string, { readonly minifiedBytes: number; readonly gzipBytes: number }> = {};
  console.log(`${"bundle".padEnd(26)}${"minified".padStart(12)}${"gzip".padStart(12)}`);
  for (const { file } of BUNDLES) {
    const folder = dirname(join(root, file));
    const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
    const pieces = await Promise.all(names.map((name) => readFile(join(folder, name))));
    const size = {
      minifiedBytes: pieces.reduce((sum, { length }) => sum + length, 0),
      gzipBytes: pieces.reduce((sum, piece) => sum + gzipSync(piece, { level: 9 }).length, 0),
    };
    sizes[file] = size;
    console.log(`${file.padEnd(26)}${kilobytes(size.minifiedBytes)}${kilobytes(size.gzipBytes)}`);
  }
  await writeFile(join(root, "dist/sizes.json"), `${JSON.stringify(sizes, null, 2)}\n`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(12);
}
