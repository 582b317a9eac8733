/**
 * What a bundler does not leave out by itself: parts of the AWS SDK and of Node that a function in Lambda never uses, or
 * seldom. docs/bundles.md has what each costs.
 */

import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import { BUILTIN, LAZY_ASSERT } from "./builtin-imports.ts";

/** Those that hold for Lambda alone: a person's machine has profiles and logins. */
export function forLambda(): readonly Plugin[] {
  return [onlyLambdasCredentials(), onlyTheCallsOfDurableFunctions(), withoutWhatLambdaNeverUses()];
}

/**
 * A client of the AWS SDK lists the shapes of all its calls in one file. Those with computed keys look to esbuild as if
 * making them did something, and all of EC2's would come along for three calls: half a megabyte. Making a list is pure.
 */
export function onlyTheShapesInUse(): Plugin {
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
export function onlyTheVersion(): Plugin {
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

/**
 * The SDK of durable functions imports Lambda's client when it is first needed, as a whole namespace, of which it uses the
 * client and two calls. Which, its own text says.
 */
function onlyTheCallsOfDurableFunctions(): Plugin {
  const own = /@aws[\\/]durable-execution-sdk-js[\\/]/;
  return {
    name: "only the calls of durable functions",
    setup: ({ onResolve, onLoad, resolve }) => {
      onResolve({ filter: /^@aws-sdk\/client-lambda$/ }, ({ importer, resolveDir, namespace }) =>
        own.test(importer) && namespace === "file"
          ? { path: importer, namespace: "durable-calls", pluginData: resolveDir }
          : undefined,
      );
      onResolve({ filter: /.*/, namespace: "durable-calls" }, ({ path, pluginData, kind }) =>
        resolve(path, { resolveDir: pluginData, kind }),
      );
      onLoad({ filter: /.*/, namespace: "durable-calls" }, async ({ path, pluginData }) => {
        const text = await readFile(path, "utf8");
        const used = new Set([...text.matchAll(/\bnew module\.(\w+)\(/g)].map(([, name]) => name));
        if (!used.has("LambdaClient"))
          return {
            errors: [{ text: "the durable SDK uses Lambda's client in another way than this build knows" }],
          };
        return {
          contents: `export { ${[...used].toSorted().join(", ")} } from "@aws-sdk/client-lambda";`,
          pluginData,
        };
      });
    },
  };
}

/** The SDK's reader of `~/.aws/config` and `~/.aws/credentials`: Lambda has neither, and each start would look for both. */
const PROFILE_FILES = /[\\/]shared-ini-file-loader[\\/]loadSharedConfigFiles\.js$/;
const NO_PROFILE_FILES = `
  export { CONFIG_PREFIX_SEPARATOR } from "./constants";
  export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`;

/** Node's own modules, as `require` gives them: by `import`, Node reads every property of one (builtin-imports.ts). */
function withoutWhatLambdaNeverUses(): Plugin {
  return {
    name: "without what Lambda never uses",
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: BUILTIN }, ({ path }) => ({ path, namespace: "builtin" }));
      onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
        contents: /assert/.test(path)
          ? LAZY_ASSERT
          : `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
      onLoad({ filter: PROFILE_FILES }, () => ({ contents: NO_PROFILE_FILES }));
      // It distinguishes browsers.
      onResolve({ filter: /^bowser$/ }, () => ({ path: "bowser", namespace: "nothing" }));
      onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "export default {};" }));
    },
  };
}
