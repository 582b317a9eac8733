/**
 * Which folder may import which, and where the world's effects may come from.
 *
 * Pure folders stay pure, the AWS SDK stays in one folder, and time stays a parameter, because a test says so.
 */

import { deepEqual, equal } from "node:assert/strict";
import { dirname } from "node:path/posix";
import { describe, test } from "vitest";
import {
  codeOf,
  importsOf,
  type ProjectFile,
  projectFiles,
  resolveImport,
  withoutComments,
} from "./support/project-files.ts";

/** Folder → the folders, or single files, of ours that it may import. `types of` is what `runtime/json.ts` is for. */
// biome-ignore format: a table is read by its columns
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "src/text":         [],
  "src/image":        [],
  "src/runtime":      ["src/text"],
  "src/pull-failure": ["src/text", "src/image"],
  "src/ecs":          ["src/image", "src/runtime/json.ts"],
  "src/iam":          ["src/ecs", "src/runtime/json.ts"],
  "src/substitution": ["src/text", "src/image"],
  "src/ecs-events":   ["src/text", "src/image", "src/runtime/json.ts", "src/pull-failure", "src/ecs"],
  "src/oci":          ["src/text", "src/image", "src/runtime"],
  "src/network":      [],
  "src/diagnosis":    ["src/image", "src/text", "src/runtime/json.ts", "src/pull-failure", "src/ecs", "src/iam", "src/network"],
  "src/assessment":   ["src/text", "src/image", "src/runtime", "src/substitution", "src/oci"],
  "src/kubernetes":   ["src/text", "src/image", "src/runtime/json.ts", "src/pull-failure", "src/substitution", "src/assessment/assess-image.ts"],
  "src/prevention":   ["src/text", "src/image", "src/runtime", "src/ecs", "src/ecs-events", "src/substitution", "src/oci", "src/assessment", "src/remediation", "src/kubernetes/pod-images.ts"],
  "src/cluster":      ["src/text", "src/runtime", "src/kubernetes"],
  "src/webhook":      ["src/runtime", "src/kubernetes", "src/cluster"],
  "src/remediation":  ["src/text", "src/image", "src/runtime", "src/pull-failure", "src/ecs", "src/iam", "src/substitution", "src/ecs-events", "src/oci", "src/network", "src/assessment"],
  "src/controller":   ["src/text", "src/image", "src/runtime", "src/pull-failure", "src/substitution", "src/oci", "src/assessment", "src/kubernetes", "src/cluster", "src/remediation", "src/mirrors"],
  "src/mirrors":      ["src/image", "src/ecs", "src/ecs-events", "src/network", "src/runtime", "src/oci", "src/substitution", "src/remediation", "src/prevention/prefill/start-copy-ahead.ts"],
  "src/history":      ["src/image", "src/runtime", "src/ecs", "src/remediation"],
  "src/scan":         ["src/text", "src/image", "src/runtime", "src/ecs", "src/substitution", "src/oci", "src/network", "src/remediation", "src/assessment", "src/history", "src/kubernetes"],
  "src/aws":          ["src/image", "src/runtime", "src/ecs", "src/iam", "src/substitution", "src/oci", "src/network", "src/diagnosis", "src/remediation", "src/history", "src/scan", "src/mirrors"],
  "src/sandbox":      ["src/text", "src/image", "src/runtime", "src/ecs", "src/substitution", "src/oci", "src/network", "src/remediation", "src/history", "src/scan", "src/kubernetes", "src/cluster", "src/prevention"],
  "src/cli":          ["src/text", "src/image", "src/runtime", "src/pull-failure", "src/ecs", "src/substitution", "src/ecs-events", "src/oci", "src/remediation", "src/history", "src/scan", "src/diagnosis", "src/aws", "src/sandbox", "src/assessment", "src/kubernetes", "src/cluster", "src/webhook", "src/controller", "src/prevention", "src/mirrors"],
  "functions":        ["src/image", "src/runtime", "src/substitution", "src/oci", "src/assessment", "src/diagnosis", "src/remediation", "src/aws", "src/prevention", "src/mirrors"],
};

/** Subfolder → the other subfolders of the same folder that its files may import; "." is the folder itself. */
// biome-ignore format: a table is read by its columns
const SUBFOLDERS: Readonly<Record<string, readonly string[]>> = {
  "src/ecs":                          [],
  "src/ecs/schedule":                 [".", "service"],
  "src/ecs/service":                  ["."],
  "src/ecs/task":                     [".", "service"],
  "src/ecs/task-definition":          ["."],
  "src/cluster":                      ["client"],
  "src/cluster/certificates":         ["."],
  "src/cluster/client":               ["."],
  "src/diagnosis":                    ["checks", "remedies", "words"],
  "src/diagnosis/checks":             [".", "checks/image", "checks/network", "checks/place", "checks/roles", "checks/service", "words"],
  "src/diagnosis/checks/image":       [".", "checks"],
  "src/diagnosis/checks/network":     [".", "checks", "words"],
  "src/diagnosis/checks/place":       [".", "checks", "checks/network"],
  "src/diagnosis/checks/roles":       [".", "checks"],
  "src/diagnosis/checks/service":     [".", "checks"],
  "src/diagnosis/remedies":           ["."],
  "src/diagnosis/words":              ["."],
  "src/substitution":                 ["policy", "remedies", "strategies"],
  "src/substitution/policy":          ["."],
  "src/substitution/remedies":        ["."],
  "src/substitution/strategies":      ["."],
  "src/kubernetes":                   ["objects", "policies"],
  "src/kubernetes/admission":         [".", "workloads"],
  "src/kubernetes/heal":              [".", "index", "objects", "workloads"],
  "src/kubernetes/index":             [".", "workloads"],
  "src/kubernetes/workloads":         ["."],
  "src/controller":                   ["copies", "heal"],
  "src/controller/copies":            [".", "heal"],
  "src/controller/heal":              [".", "copies"],
  "src/sandbox/kubernetes":           [".", "ecs/tasks"],
  "src/kubernetes/certificates":      [],
  "src/kubernetes/chart":             ["policies"],
  "src/kubernetes/objects":           [],
  "src/kubernetes/policies":          [".", "objects"],
  "src/mirrors":                      ["prune", "reports"],
  "src/mirrors/apply":                ["."],
  "src/mirrors/cache":                [],
  "src/mirrors/prune":                [".", "reports"],
  "src/mirrors/refresh":              [".", "reports"],
  "src/mirrors/reports":              ["."],
  "src/assessment":                   ["probe", "trust"],
  "src/assessment/probe":             ["."],
  "src/assessment/trust":             ["."],
  "src/oci":                          [],
  "src/oci/auth":                     ["client", "http"],
  "src/oci/client":                   ["auth", "client/repository", "http"],
  "src/oci/client/repository":        ["auth", "client", "http"],
  "src/oci/copy":                     ["client", "client/repository", "copy/blobs"],
  "src/oci/copy/blobs":               ["client", "client/repository", "copy", "http", "http/blobs"],
  "src/oci/http":                     ["copy/blobs", "http/blobs", "http/connections"],
  "src/oci/http/blobs":               ["http"],
  "src/oci/http/connections":         [],
  "src/remediation":                  [],
  "src/remediation/deploy":           ["ports", "report", "survey"],
  "src/remediation/deploy/restore":   ["deploy", "ports"],
  "src/remediation/detect":           ["gates", "ports", "survey"],
  "src/remediation/gates":            ["ports", "report", "survey"],
  "src/remediation/mirror":           ["detect", "gates", "ports"],
  "src/remediation/ports":            [],
  "src/remediation/report":           ["gates", "ports", "survey", "workflow"],
  "src/remediation/survey":           ["deploy", "detect", "gates", "mirror", "ports", "report", "survey/probe", "survey/trust"],
  "src/remediation/survey/probe":     ["mirror", "ports"],
  "src/remediation/survey/trust":     ["detect", "ports"],
  "src/remediation/workflow":         ["deploy", "deploy/restore", "gates", "mirror", "ports", "report", "survey", "workflow/rules"],
  "src/remediation/workflow/rules":   ["deploy", "deploy/restore", "gates", "mirror", "ports", "report", "survey", "workflow"],
  "src/aws":                          ["adapters", "adapters/ecs", "client"],
  "src/aws/adapters":                 ["client", "client/calls"],
  "src/aws/adapters/ecs":             ["client", "client/calls"],
  "src/aws/client":                   ["client/calls"],
  "src/aws/client/calls":             ["client"],
  "src/aws/cache":                    ["client"],
  "src/aws/diagnosis":                ["adapters", "adapters/ecs", "client", "client/calls"],
  "src/aws/mirrors":                  ["adapters", "client", "client/calls", "mirrors/reports", "stack"],
  "src/aws/mirrors/reports":          ["client", "client/calls", "mirrors"],
  "src/aws/registry":                 ["adapters", "client", "client/calls"],
  "src/aws/scan":                     ["adapters", "adapters/ecs", "client", "client/calls"],
  "src/aws/stack":                    ["adapters", "client", "client/calls"],
  "src/sandbox":                      ["registry", "registry/api", "world"],
  "src/sandbox/aws":                  [".", "aws/faults", "ecs", "registry", "world"],
  "src/sandbox/aws/ecs":              ["aws/faults", "ecs", "ecs/documents", "ecs/tasks", "world"],
  "src/sandbox/aws/faults":           [],
  "src/sandbox/aws/scan":             ["ecs", "ecs/documents", "world"],
  "src/sandbox/ecs":                  [".", "aws", "aws/faults", "ecs/deployments", "ecs/tasks", "world"],
  "src/sandbox/ecs/deployments":      ["ecs", "ecs/documents", "ecs/tasks"],
  "src/sandbox/ecs/documents":        ["ecs"],
  "src/sandbox/ecs/tasks":            ["ecs", "ecs/documents", "world"],
  "src/sandbox/endpoint":             [".", "aws", "aws/faults", "endpoint/services", "world"],
  "src/sandbox/endpoint/services":    ["aws", "aws/ecs", "aws/faults", "ecs", "ecs/documents", "endpoint", "registry", "world"],
  "src/sandbox/registry":             [".", "registry/api"],
  "src/sandbox/registry/api":         ["registry"],
  "src/sandbox/world":                [".", "aws", "aws/ecs", "aws/faults", "ecs", "ecs/tasks", "registry"],
  "src/cli":                          ["output", "program", "program/options", "program/words"],
  "src/cli/account":                  ["."],
  "src/cli/account/sessions":         [".", "account", "commands", "output", "output/progress"],
  "src/cli/check":                    [".", "account", "output"],
  "src/cli/account/cluster":          [".", "account"],
  "src/cli/commands":                 [".", "account", "account/sessions", "demo", "input", "output", "output/diagnosis-page", "output/progress"],
  "src/cli/commands/policy":          [".", "account", "output"],
  "src/cli/completion":               [],
  "src/cli/demo":                     [".", "output", "output/progress"],
  "src/cli/doctor":                   [".", "account", "output"],
  "src/cli/doctor/cluster":           [".", "doctor", "output"],
  "src/cli/input":                    [],
  "src/cli/output":                   [".", "account", "mirrors", "mirrors/apply", "mirrors/cache", "replay"],
  "src/cli/output/diagnosis-page":    ["output"],
  "src/cli/output/progress":          ["."],
  "src/cli/commands/kubernetes":      [".", "account", "account/cluster", "account/sessions", "commands", "output"],
  "src/cli/program":                  [".", "account", "account/cluster", "account/sessions", "check", "commands", "commands/kubernetes", "commands/policy", "completion", "demo", "doctor", "doctor/cluster", "mirrors", "mirrors/cache", "output", "program/kubernetes", "program/options", "rate-limit", "replay", "scan"],
  "src/cli/program/kubernetes":       [".", "account", "account/sessions", "commands", "commands/kubernetes", "output", "program", "program/options"],
  "src/cli/program/options":          [".", "account"],
  "src/cli/program/words":            ["."],
  "src/cli/mirrors":                  [".", "account", "mirrors/apply", "output", "output/progress", "scan/report"],
  "src/cli/mirrors/apply":            [".", "account", "account/sessions", "output", "output/progress"],
  "src/cli/mirrors/cache":            [".", "account", "output"],
  "src/cli/rate-limit":               [".", "account", "output"],
  "src/cli/replay":                   [".", "account", "input", "output", "output/progress"],
  "src/cli/scan":                     [".", "account", "account/cluster", "output", "scan/report"],
  "src/cli/scan/report":              ["scan"],
  "src/prevention":                   [],
  "src/prevention/check":             ["source-files", "source-files/documents", "source-files/edits"],
  "src/prevention/source-files":      ["source-files/documents", "source-files/readers"],
  "src/prevention/source-files/documents": ["source-files"],
  "src/prevention/source-files/edits": ["source-files", "source-files/documents"],
  "src/prevention/source-files/readers": ["source-files", "source-files/documents"],
  "src/prevention/hook":              [".", "source-files/documents", "source-files/readers"],
  "src/prevention/prefill":           ["."],
  "functions":                        [],
  "functions/detect":                 ["."],
  "functions/diagnose":               ["."],
  "functions/deployment-hook":        ["."],
  "functions/hook":                   ["."],
  "functions/mirror":                 ["."],
  "functions/mirrors":                ["."],
  "functions/prefill":                ["."],
  "functions/refresh":                ["."],
  "functions/remediate":              ["."],
};

/** Package, or the beginning of its name → the folders that may import it. */
// biome-ignore format: a table is read by its columns
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@aws-sdk/":                      ["src/aws"],
  "@smithy/":                       ["src/aws"],
  "@aws/durable-execution-sdk-js":  ["src/runtime", "functions"],
  "@aws-lambda-powertools/":        ["src/runtime", "functions"],
  "@kubernetes/client-node":        ["src/cluster"],
  "@peculiar/x509":                 ["src/cluster/certificates"],
  "reflect-metadata":               ["src/cluster/certificates"],
  "aws-lambda":                     ["functions"],
  "commander":                      ["src/cli/main.ts", "src/cli/program", "src/cli/completion"],
  "prom-client":                    ["src/controller", "src/webhook"],
  "jsonc-parser":                   ["src/substitution/policy/parse-document.ts", "src/prevention/source-files/documents"],
  "zod":                            ["src/ecs-events", "src/substitution", "src/kubernetes", "src/controller", "src/remediation", "src/scan", "src/history", "src/runtime", "src/cli", "src/sandbox"],
  "semver":                         ["src/substitution/policy/version-range.ts"],
  "yaml":                           ["src/cli/commands/kubernetes", "src/prevention"],
  "dockerfile-ast":                 ["src/prevention/source-files"],
  "node:assert":                    ["src", "functions"],
  "node:crypto":                    ["src"],
  "node:buffer":                    ["src"],
  "node:util":                      ["src/oci", "src/aws", "src/sandbox", "src/cli", "src/runtime", "src/ecs/task-definition/same-definition.ts"],
  "node:stream":                    ["src/oci", "src/cluster", "src/aws", "src/sandbox", "src/cli"],
  "node:zlib":                      ["src/oci", "src/sandbox", "src/cli/input/event-envelopes.ts"],
  "node:http":                      ["src/oci", "src/webhook", "src/cluster", "src/sandbox", "src/cli"],
  "node:https":                     ["src/oci", "src/webhook", "src/cluster", "src/cli"],
  "node:net":                       ["src/oci", "src/webhook", "src/cluster", "src/sandbox"],
  "node:dns":                       ["src/oci"],
  "node:tls":                       ["src/oci", "src/webhook", "src/cluster", "src/cli"],
  "node:events":                    ["src/oci", "src/cluster", "src/sandbox"],
  "node:async_hooks":               ["src/runtime", "src/sandbox"],
  "node:timers":                    ["src/runtime", "src/sandbox/virtual-clock.ts"],
  "node:perf_hooks":                ["src/runtime"],
  "node:v8":                        ["src/runtime"],
  "node:vm":                        ["src/runtime"],
  "node:fs":                        ["src/cluster", "src/cli", "functions/readable-stacks.ts"],
  "node:module":                    ["functions/readable-stacks.ts"],
  "node:os":                        ["src/cli"],
  "node:path":                      ["src/cli"],
  "node:url":                       ["src/cli"],
  "node:process":                   ["src/cli"],
  "node:readline":                  ["src/cli"],
  "node:child_process":             ["src/cli"],
};

type Ban = {
  readonly pattern: RegExp;
  readonly unless?: RegExp;
  readonly except: readonly string[];
  readonly remedy: string;
};

/** What code may not mention, but for the places named. A method of that name (`socket.setTimeout`) is another thing. */
const BANS: readonly Ban[] = [
  {
    pattern: /\bprocess\s*\.\s*env\b|\benv\s*\}\s*=\s*process\b/g,
    except: ["functions", "src/cli/main.ts"],
    remedy: "take the setting as an argument: only functions/ and src/cli/main.ts read the environment",
  },
  {
    pattern:
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w(]))|(?<![\w.])Date\s*\(\s*\)|\bperformance\s*\.\s*now\b|\bhrtime\b/g,
    except: ["src/runtime"],
    remedy: "ask the Clock (src/runtime/clock.ts): time is a parameter",
  },
  {
    pattern: /(?<![\w.])set(?:Timeout|Interval|Immediate)\b|\bAbortSignal\s*\.\s*timeout\b/g,
    // The virtual clock lets real callbacks run before it moves the time.
    except: ["src/runtime", "src/sandbox/virtual-clock.ts"],
    remedy: "sleep by the Clock (src/runtime/clock.ts): a real timer cannot be skipped in a test",
  },
  {
    pattern: /\bMath\s*\.\s*random\b|\brandom(?:UUID|Bytes|Int|FillSync)\b|\bgetRandomValues\b/g,
    except: ["src/runtime"],
    remedy: "chance comes from src/runtime, so that one seed is one exact run",
  },
  {
    pattern: /(?<![\w.])fetch\s*\(/g,
    // A function of one's own of that name is not the global one.
    unless: /\bfunction fetch\b|\bconst fetch\b|\bthis\.fetch\b/,
    except: [],
    remedy:
      "use a Send (src/oci/http/transport.ts): fetch holds blobs back badly and follows redirects with credentials",
  },
  {
    pattern: /\bprocess\s*\.\s*(?:exit|exitCode|stdout|stderr|stdin|argv)\b/g,
    except: ["src/cli"],
    remedy: "return the value: only src/cli prints, reads the terminal and exits",
  },
];

/** Imports of this shape cost more than they seem to. */
const COSTLY: readonly { readonly pattern: RegExp; readonly remedy: string }[] = [
  {
    pattern: /import\s*\{[^}]*\bz\b[^}]*\}\s*from\s*"zod"|import\s+z\s+from\s*"zod"/g,
    remedy:
      'write import * as z from "zod": a named z brings every language of its messages into the bundle, 360 kB',
  },
];

/** Every reason why this module does not fit, each with its remedy. */
function objections({ path, text }: ProjectFile): readonly string[] {
  const folder = folderOf(path);
  const allowed = FOLDERS[folder];
  if (allowed === undefined)
    return [`${folder} is not a folder of the design: add it to FOLDERS here, or move the file`];
  const costly = COSTLY.filter(({ pattern }) => withoutComments(text).search(pattern) >= 0);
  return [
    ...importObjections(path, folder, allowed, text),
    ...banObjections(path, codeOf(text)),
    ...costly.map(({ remedy }) => remedy),
  ];
}

function importObjections(
  path: string,
  folder: string,
  allowed: readonly string[],
  text: string,
): readonly string[] {
  return importsOf(text).flatMap((specifier) => {
    if (specifier.startsWith(".")) {
      const target = resolveImport(path, specifier);
      if (target === "package.json" || isWithin(target, allowed)) return [];
      if (isWithin(target, [folder])) return subfolderObjections(path, folder, target);
      return [
        `${folder} may not import ${target}: it sees ${allowed.join(", ") || "nothing of ours"}. Move the idea, or pass it in`,
      ];
    }
    const rule = Object.keys(PACKAGES).find(
      (name) => specifier === name || specifier.startsWith(name.endsWith("/") ? name : `${name}/`),
    );
    if (rule === undefined)
      return [`${specifier} is imported nowhere yet: add it to PACKAGES here with the folders that need it`];
    const places = PACKAGES[rule] ?? [];
    if (isWithin(path, places)) return [];
    return [`${folder} may not import ${specifier}: only ${places.join(", ")} may. Ask through a port`];
  });
}

/** A folder that has subfolders says of each which others it sees. */
function subfolderObjections(path: string, folder: string, target: string): readonly string[] {
  if (SUBFOLDERS[folder] === undefined) return [];
  const within = (file: string) => dirname(file).slice(folder.length + 1) || ".";
  const [from, to] = [within(path), within(target)];
  const allowed = SUBFOLDERS[from === "." ? folder : `${folder}/${from}`];
  if (allowed === undefined)
    return [`${folder}/${from} is not a folder of the design: add it to SUBFOLDERS here, or move the file`];
  if (from === to || allowed.includes(to)) return [];
  return [
    `${path} may not import ${target}: inside ${folder}, ${from} sees ${allowed.join(", ") || "nothing else"}`,
  ];
}

function banObjections(path: string, code: string): readonly string[] {
  return BANS.filter(({ except, unless }) => !isWithin(path, except) && !unless?.test(code)).flatMap(
    ({ pattern, remedy }) => [...code.matchAll(pattern)].map(({ 0: found }) => `${found.trim()}: ${remedy}`),
  );
}

function isWithin(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

function folderOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "src" ? `src/${second}` : first;
}

/** The files of ours that a module imports. */
function targetsOf(path: string, text: string): readonly string[] {
  return importsOf(text).flatMap((specifier) =>
    specifier.startsWith(".") ? resolveImport(path, specifier) : [],
  );
}

/** The strongly connected components of more than one file (Tarjan, 1972), each in alphabetical order. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const numbers = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const number = numbers.size;
    numbers.set(file, number);
    open.push(file);
    let low = number;
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue;
      if (!numbers.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, numbers.get(target) ?? low);
    }
    if (low === number) {
      const component = open.splice(open.indexOf(file));
      if (component.length > 1) cycles.push(component.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!numbers.has(file)) visit(file);
  return cycles;
}

/** About a dozen files next to each other can still be read at a glance. */
const FOLDER_FILES_MAX = 16;
/** Folders that hold more, each with its number of files. A ratchet: entries shrink and go, none is added. */
const FOLDER_FILES_MAX_OF: Readonly<Record<string, number>> = {};

/** The folders with more files than the ratchet allows, each with its remedy. */
function crowdedFolders(
  paths: readonly string[],
  allowed: Readonly<Record<string, number>>,
): readonly string[] {
  return [...Map.groupBy(paths, dirname)].flatMap(([folder, { length }]) =>
    length > (allowed[folder] ?? FOLDER_FILES_MAX)
      ? [`${folder} has ${length} files: move those of one subject into a subfolder`]
      : [],
  );
}

const modules = projectFiles().filter(({ path }) => /^(?:src|functions)\/.*\.ts$/.test(path));

describe("every module keeps its place", () => {
  for (const file of modules) {
    test(file.path, () => deepEqual(objections(file), []));
  }

  test("no file imports itself by a way round, types included", () => {
    deepEqual(cyclesOf(new Map(modules.map(({ path, text }) => [path, targetsOf(path, text)]))), []);
  });

  test("no folder has more than about a dozen files", () => {
    const paths = modules.map(({ path }) => path);
    deepEqual(crowdedFolders(paths, FOLDER_FILES_MAX_OF), []);
    const isCrowded = (folder: string) =>
      crowdedFolders(paths, {}).some((one) => one.startsWith(`${folder} `));
    deepEqual(
      Object.keys(FOLDER_FILES_MAX_OF).filter((folder) => !isCrowded(folder)),
      [],
    );
  });

  test("modules were found", () => equal(modules.length > 20, true));
});

describe("each rule can fail", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["src/image/x.ts",        'import { a } from "../oci/copy/copier.ts";',                    "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'import type { a } from "../oci/copy/copier.ts";',               "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'import {\n  a,\n  b,\n} from "../oci/copy/copier.ts";',         "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'import * as a from "../oci/copy/copier.ts";',                   "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'import "../oci/copy/copier.ts";',                               "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'export { a } from "../oci/copy/copier.ts";',                    "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'export * from "../oci/copy/copier.ts";',                        "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'const a = await import("../oci/copy/copier.ts");',              "src/image may not import src/oci/copy/copier.ts"],
    ["src/image/x.ts",        'type A = import("../oci/copy/copier.ts").A;',                   "src/image may not import src/oci/copy/copier.ts"],
    ["src/ecs/x.ts",     'import { a } from "../runtime/clock.ts";',               "src/ecs may not import src/runtime/clock.ts"],
    ["src/assessment/x.ts",   'import type { a } from "../ecs/task/task.ts";',                 "src/assessment may not import src/ecs/task/task.ts"],
    ["src/assessment/x.ts",   'import type { a } from "../ecs-events/pull-failure.ts";',       "src/assessment may not import src/ecs-events/pull-failure.ts"],
    ["src/assessment/x.ts",   'import { a } from "../remediation/ports/aws-error.ts";',        "src/assessment may not import src/remediation/ports/aws-error.ts"],
    ["src/assessment/x.ts",   'import { a } from "../aws/create-ports.ts";',                   "src/assessment may not import src/aws/create-ports.ts"],
    ["src/aws/x.ts",          'import { a } from "../sandbox/world/world.ts";',               "src/aws may not import src/sandbox/world/world.ts"],
    ["src/sandbox/x.ts",      'import { a } from "../aws/create-ports.ts";',                 "src/sandbox may not import src/aws/create-ports.ts"],
    ["functions/detect/x.ts", 'import { a } from "../../src/sandbox/world/world.ts";',        "functions may not import src/sandbox/world/world.ts"],
    ["src/oci/x.ts",          'import { a } from "../../test/support/a.ts";',           "src/oci may not import test/support/a.ts"],
    ["src/elsewhere/x.ts",    "",                                                       "src/elsewhere is not a folder of the design"],
    ["src/oci/x.ts",          'import { a } from "@aws-sdk/client-ecr";',               "src/oci may not import @aws-sdk/client-ecr"],
    ["src/remediation/x.ts",  'import { a } from "@aws/durable-execution-sdk-js";',     "src/remediation may not import @aws/durable-execution-sdk-js"],
    ["src/aws/x.ts",          'import { a } from "@aws-lambda-powertools/logger";',     "src/aws may not import @aws-lambda-powertools/logger"],
    ["functions/x.ts",        'import { a } from "commander";',                         "functions may not import commander"],
    ["src/image/x.ts",        'import { a } from "zod";',                               "src/image may not import zod"],
    ["src/oci/x.ts",          'import { a } from "left-pad";',                          "left-pad is imported nowhere yet"],
    ["src/substitution/x.ts", 'import { a } from "node:fs/promises";',                  "src/substitution may not import node:fs/promises"],
    ["src/oci/x.ts",          'import { a } from "node:timers/promises";',              "src/oci may not import node:timers/promises"],
    ["src/cli/x.ts",          'import { z } from "zod";',                               "write import * as z"],
    ["src/oci/x.ts",          "const a = process.env.HOME;",                            "process.env:"],
    ["src/cli/commands/explain.ts",    "const { env } = process;",                               "env } = process:"],
    ["src/oci/x.ts",          "const a = Date.now();",                                  "Date.now:"],
    ["src/oci/x.ts",          "const a = new Date();",                                  "new Date():"],
    ["src/cli/x.ts",          "const a = performance.now();",                           "performance.now:"],
    ["src/sandbox/x.ts",      "setTimeout(go, 5);",                                     "setTimeout:"],
    ["src/aws/x.ts",          "setInterval(go, 5);",                                    "setInterval:"],
    ["src/aws/x.ts",          "AbortSignal.timeout(5)",                                 "AbortSignal.timeout:"],
    ["src/oci/x.ts",          "const a = Math.random();",                               "Math.random:"],
    ["src/oci/x.ts",          "const a = randomUUID();",                                "randomUUID:"],
    ["src/oci/x.ts",          "await fetch(url);",                                      "fetch(:"],
    ["src/remediation/x.ts",  "process.exit(1);",                                       "process.exit:"],
  ] as const;

  for (const [path, text, objection] of table) {
    test(`${path}: ${text.replaceAll("\n", " ") || "(a file there)"}`, () => {
      const found = objections({ path, text });
      equal(found.length, 1, found.join("\n"));
      equal(found[0]?.startsWith(objection), true, found[0]);
    });
  }
});

describe("a rule does not fail what is right", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["src/oci/x.ts",           'import { a } from "../image/digest.ts"; import { b } from "./copy.ts";', "own folder and allowed ones"],
    ["src/ecs/x.ts",      'import type { Json } from "../runtime/json.ts";',                        "the shape of JSON"],
    ["src/oci/x.ts",           "// Date.now() is not called here, nor fetch(url)",                       "a comment"],
    ["src/oci/x.ts",           'const a = "see process.env, fetch(x) and // this";',                "a string"],
    ["src/oci/x.ts",           "socket.setTimeout(5); const a = new Date(text);",                        "a method, a date from text"],
    ["functions/detect/x.ts",  "const ports = connect(process.env);",                                    "the environment at the edge"],
    ["src/cli/main.ts",        "process.exitCode = await run(process.argv, process.env);",               "the command line's rim"],
    ["src/runtime/clock.ts",   "const now = () => Date.now();",                                          "the clock itself"],
  ] as const;

  for (const [path, text, because] of table) {
    test(`${because}: ${text}`, () => deepEqual(objections({ path, text }), []));
  }
});

describe("a folder", () => {
  const filesOf = (count: number) => Array.from({ length: count }, (_, at) => `src/oci/${at}.ts`);

  test("may have as many files as the rule says", () =>
    deepEqual(crowdedFolders(filesOf(FOLDER_FILES_MAX), {}), []));

  test("with one file more is named", () => {
    deepEqual(crowdedFolders([...filesOf(FOLDER_FILES_MAX + 1), "src/text/a.ts"], {}), [
      "src/oci has 17 files: move those of one subject into a subfolder",
    ]);
  });
});

describe("a cycle", () => {
  test("is found, whichever file it is entered by", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", ["a"]],
      ["d", []],
    ] as const);
    deepEqual(cyclesOf(graph), [["a", "b", "c"]]);
  });

  test("is not seen where two ways only meet again", () => {
    deepEqual(
      cyclesOf(
        new Map([
          ["a", ["b", "c"]],
          ["b", ["d"]],
          ["c", ["d"]],
          ["d", []],
        ] as const),
      ),
      [],
    );
  });
});
