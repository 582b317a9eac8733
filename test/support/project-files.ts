/**
 * The project as text: what the tests of its own rules read.
 *
 * Only what git tracks or would track counts, so that neither a build nor an editor's leavings can fail a rule.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

export type ProjectFile = { readonly path: string; readonly text: string };

/** Every text file of the project, by its path from the root. */
export function projectFiles(): readonly ProjectFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(listed.split("\0"))]
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
    .filter(({ text }) => !text.includes("\0"));
}

// Strings and regular expressions come first in the alternation: what looks like a comment inside one is none.
const PIECES =
  /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=(?:[(,=:[!&|?{};>\n]|\breturn)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*)|(\/\*[\s\S]*?\*\/|(?<![:\\/])\/\/[^\n]*)/g;

/** The same lines with the comments blanked. */
export function withoutComments(source: string): string {
  return source.replace(PIECES, (whole, text?: string) => text ?? blank(whole));
}

/** The same lines with comments, quoted strings and regular expressions blanked: only code is left. */
export function codeOf(source: string): string {
  return source.replace(PIECES, (whole, text?: string) =>
    text === undefined ? blank(whole) : `"${blank(whole.slice(1, -1))}"`,
  );
}

const IMPORTS =
  /\b(?:import|export)\b(?:\s+type)?[\s\w$*{},]*?\bfrom\s*["']([^"']+)["']|\bimport\s*["']([^"']+)["']|\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g;

/** What a module asks for, whichever way it asks: `from`, bare `import`, `export from`, `import()`, and types. */
export function importsOf(source: string): readonly string[] {
  return [...withoutComments(source).matchAll(IMPORTS)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}

/** A relative import as a path from the root; a package's name otherwise. */
export function resolveImport(from: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : specifier;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
