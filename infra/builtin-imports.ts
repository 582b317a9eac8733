/**
 * Node's own modules in the command line's bundle: each name that is imported is read by itself, and what is big is loaded when
 * it is first called.
 *
 * By `import`, Node reads every property of a module, and what is made at first use is made at once (`fs` brings its promises, and
 * these the history of a terminal). A command that only prints a line calls nothing of `crypto`, which takes 4 ms to load.
 * https://nodejs.org/docs/latest-v24.x/api/process.html#processgetbuiltinmoduleid (read 2026-11)
 */

import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

/** With and without `node:`. */
export const BUILTIN = new RegExp(
  `^(?:node:)?(?:${builtinModules.filter((name) => !name.startsWith("_")).join("|")})$`,
);

/** Of an assertion that holds, nothing is needed that compares objects or paints their difference. */
export const LAZY_ASSERT = `
  const real = () => process.getBuiltinModule("node:assert/strict");
  // A bundle reads by name what is a member of the module's own: "import { strict as assert }".
  module.exports = new Proxy(Object.assign(() => {}, { strict: undefined }), {
    apply: (_, __, [value, ...rest]) => (value ? undefined : real()(value, ...rest)),
    get: (target, name) => {
      if (name === "strict") return module.exports;
      // A bundle asks for this one of every module.
      return name === "__esModule" ? undefined : (real()[name] ?? target[name]);
    },
  });`;

/** Whose functions are looked up when they are called: 1 to 8 ms of CPU each (Node 24.21, 2026-11). */
const LOADED_WHEN_CALLED = new Set(["child_process", "crypto", "fs/promises", "http", "https", "zlib"]);

/** Files whose imports are written anew: our own, and of the packages the one that each command starts with. */
const OWN_FILES = /[\\/](?:src[\\/].*\.ts|node_modules[\\/]commander[\\/].*\.js)$/;
const NAMED = /^import \{([^}]*)\} from ["'](?:node:)([\w/]+)["'];$/gm;
const WHOLE = /^import (\w+) from ["'](?:node:)([\w/]+)["'];$/gm;

/**
 * Each name lies in a file of its own, so that a piece of the bundle brings those that it uses. All other files get a
 * module as `require` gives it.
 */
export function builtinsByName(): Plugin {
  return {
    name: "Node's own modules by name",
    setup: ({ onResolve, onLoad }) => {
      onLoad({ filter: OWN_FILES }, async ({ path }) => ({
        contents: byName(await readFile(path, "utf8")),
        loader: path.endsWith(".ts") ? "ts" : "js",
      }));
      onResolve({ filter: BUILTIN }, ({ path, kind }) =>
        kind === "dynamic-import" ? { path, external: true } : { path, namespace: "builtin" },
      );
      onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
        contents: isAssert(path) ? LAZY_ASSERT : `module.exports = ${moduleOf(path.replace(/^node:/, ""))};`,
      }));
      onResolve({ filter: /^builtin-name:/ }, ({ path }) => ({
        path: path.slice("builtin-name:".length),
        namespace: "builtin name",
        sideEffects: false,
      }));
      onLoad({ filter: /.*/, namespace: "builtin name" }, ({ path }) => {
        const [module = "", name = ""] = path.split("#");
        return { contents: `export const value = /* @__PURE__ */ (() => ${sourceOf(module, name)})();` };
      });
    },
  };
}

/** The same text, which imports one name after the other. */
function byName(text: string): string {
  const one = (module: string, name: string, as: string): string =>
    `import { value as ${as} } from "builtin-name:${module}#${name}";`;
  return text
    .replace(NAMED, (line: string, names: string, module: string) =>
      isAssert(module)
        ? line
        : names
            .split(",")
            .map((part) => part.trim())
            .filter((part) => part !== "" && !part.startsWith("type "))
            .map((part) => {
              const [name = "", as = name] = part.split(" as ");
              return one(module, name, as);
            })
            .join(" "),
    )
    .replace(WHOLE, (line: string, as: string, module: string) =>
      isAssert(module) ? line : one(module, "default", as),
    );
}

function isAssert(module: string): boolean {
  return /^(?:node:)?assert(?:\/strict)?$/.test(module);
}

function moduleOf(path: string): string {
  return `process.getBuiltinModule(${JSON.stringify(`node:${path}`)})`;
}

function sourceOf(module: string, name: string): string {
  const whole = moduleOf(module);
  if (name === "default")
    return LOADED_WHEN_CALLED.has(module) ? `new Proxy({}, { get: (_, name) => ${whole}[name] })` : whole;
  return isPlainFunction(module, name) ? `(...args) => ${whole}.${name}(...args)` : `${whole}.${name}`;
}

/** Whether nothing is asked of it but to be called: no class, and no properties that say more about it. */
function isPlainFunction(module: string, name: string): boolean {
  if (!LOADED_WHEN_CALLED.has(module) || !/^[a-z]/.test(name)) return false;
  const value = (process.getBuiltinModule(`node:${module}`) as unknown as Record<string, unknown>)[name];
  return (
    typeof value === "function" &&
    Reflect.ownKeys(value).every((key) => key === "length" || key === "name" || key === "prototype")
  );
}
