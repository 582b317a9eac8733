/**
 * Bundles the functions and the command line into `dist/`, each one file that runs alone, and reports their sizes.
 *
 * The AWS SDK is bundled too: the Lambda runtime's own copy is of unknown age, and an old one
 * drops the members of a task definition that it has not heard of.
 */

import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
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
  { entry: "functions/hook/handler.ts", file: "dist/hook/index.mjs", target: "node24", isCommand: false },
  {
    entry: "functions/prefill/handler.ts",
    file: "dist/prefill/index.mjs",
    target: "node24",
    isCommand: false,
  },
  { entry: "src/cli/main.ts", file: "dist/cli/repull.mjs", target: "node22", isCommand: true },
];

// Some bundled CommonJS dependencies call require(); an ES module has to make its own.
const REQUIRE =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

const missing = await missingEntries();
if (missing.length > 0) {
  console.error(`build: no such entry: ${missing.join(", ")}`);
  process.exit(1);
}

await rm(join(root, "dist"), { recursive: true, force: true });
for (const bundle of BUNDLES) await build(optionsOf(bundle));
await chmod(join(root, "dist/cli/repull.mjs"), 0o755);
for (const { file, isCommand } of BUNDLES) if (!isCommand) await pack(dirname(file));
await report();

function optionsOf({ entry, file, target, isCommand }: Bundle): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    ...(isCommand ? inPieces(file) : { outfile: file }),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target,
    mainFields: ["module", "main"],
    // The SDK's ES modules: of its CommonJS, whole files come along for one function. Naming any condition drops this one.
    conditions: ["node", "module"],
    // A stack trace in the log should name our lines; the sources themselves are in the repository.
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    plugins: [onlyTheShapesInUse(), onlyTheVersion(), ...(isCommand ? [] : [onlyLambdasCredentials()])],
    banner: { js: isCommand ? `#!/usr/bin/env node\n${REQUIRE}` : REQUIRE },
    logLevel: "warning",
  };
}

/**
 * The command line starts often and does one thing: the entry loads what the command needs, piece by piece.
 * Lambda starts once for many events, and one file is the least that can be missing.
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

/**
 * A client of the AWS SDK lists the shapes of all its calls in one file. Those with computed keys look to esbuild as if
 * making them did something, and all of EC2's would come along for three calls: half a megabyte. Making a list is pure.
 */
function onlyTheShapesInUse(): Plugin {
  const lists = /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/;
  return {
    name: "only the shapes in use",
    setup: ({ onLoad }) => {
      onLoad({ filter: lists }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const one = /^((?:export )?var \w+\$? = )(\[.*\]|\[[\s\S]*?\n\]);$/gm;
        return { contents: text.replace(one, "$1/* @__PURE__ */ (() => $2)();"), loader: "js" };
      });
    },
  };
}

/** A client of the AWS SDK reads its version from its `package.json`, and nothing else of the two kilobytes. */
function onlyTheVersion(): Plugin {
  return {
    name: "only the version",
    setup: ({ onLoad }) => {
      onLoad(
        { filter: /@aws-sdk[\\/](?:client-[^\\/]+|nested-clients)[\\/]package\.json$/ },
        async ({ path }) => {
          const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
          return { contents: JSON.stringify({ version }), loader: "json" };
        },
      );
    },
  };
}

/**
 * Lambda gives a function its role's credentials in the environment. The SDK's search through profiles, single sign-on and
 * instance metadata, with four clients of its own, is for people's machines.
 */
function onlyLambdasCredentials(): Plugin {
  return {
    name: "only Lambda's credentials",
    setup: ({ onResolve, onLoad, resolve }) => {
      onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ resolveDir }) => ({
        path: "credentials",
        namespace: "lambda",
        pluginData: resolveDir,
      }));
      onResolve({ filter: /.*/, namespace: "lambda" }, ({ path, pluginData, kind }) =>
        resolve(path, { resolveDir: pluginData, kind }),
      );
      onLoad({ filter: /.*/, namespace: "lambda" }, ({ pluginData }) => ({
        contents: `export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";`,
        pluginData,
      }));
    },
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
