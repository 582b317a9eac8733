/**
 * The files of a check, as bytes of strangers: no link is followed, only regular files below the given path are read, and each kind
 * of file has its largest size.
 */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { InvalidInput } from "../../image/invalid-input.ts";
import { syntaxOf } from "../../prevention/source-files/file-kind.ts";
import { notReadBecause, unreadableFile } from "../wrong-call.ts";
import type { IsExcluded } from "./excluded-paths.ts";

export type TreeFile = {
  /** As it is printed: relative, with `/`. */
  readonly path: string;
  /** Where it is. */
  readonly at: string;
  /** The folder that nothing may be read or written outside of. */
  readonly root: string;
};

export type Tree = { readonly files: readonly TreeFile[]; readonly skipped: number };

/** What other programs put there, or their own records: no file of the project is in them. */
const LEFT_OUT = new Set([".git", ".hg", ".svn", "node_modules", ".terraform", ".venv", "__pycache__"]);
const FILES_MAX = 500_000;
const MB = 1024 * 1024;
const BYTES_MAX = { yaml: 4 * MB, hcl: 4 * MB, dockerfile: 4 * MB, json: 64 * MB } as const;
const ENV_BYTES_MAX = MB;

/** Every file below the paths that may be of a known kind and is not excluded, in the order of their names. Throws InvalidInput. */
export function filesBelow(paths: readonly string[], isExcluded: IsExcluded): Tree {
  const files = new Map<string, TreeFile>();
  let skipped = 0;
  for (const path of paths) {
    const real = realPath(path);
    if (lstatSync(resolve(path)).isSymbolicLink())
      throw new InvalidInput("PATH", `a file or a folder, which a link is not, got ${path}`);
    const isFolder = lstatSync(real).isDirectory();
    if (!isFolder && !lstatSync(real).isFile())
      throw new InvalidInput("PATH", `a file or a folder, got ${path}`);
    const root = isFolder ? real : dirname(real);
    const told = teller(root);
    const add = (at: string): void => {
      const name = told(at);
      if (isExcluded(name)) return;
      if (syntaxOf(name) === undefined) skipped++;
      else files.set(at, { path: name, at, root });
    };
    if (isFolder) {
      const onFile = (at: string): void => {
        add(at);
        if (files.size + skipped > FILES_MAX)
          throw new InvalidInput("PATH", `a folder of at most ${FILES_MAX.toLocaleString("en-US")} files`);
      };
      const leftOut = walk(real, onFile, (at) => isExcluded(`${told(at)}/`));
      skipped += leftOut;
    } else add(real);
  }
  return { files: [...files.values()], skipped };
}

/** From where the command runs, as compilers print it; from the given path where that is somewhere else. */
function teller(root: string): (at: string) => string {
  const here = realPath(".");
  const base = root === here || root.startsWith(here.endsWith(sep) ? here : `${here}${sep}`) ? here : root;
  return (at) => relative(base, at).split(sep).join("/");
}

function realPath(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch (error) {
    throw unreadableFile(path, { whyNotRead: () => notReadBecause(error) });
  }
}

/** @returns how many entries were left out: links, devices, folders that cannot be listed */
function walk(folder: string, onFile: (at: string) => void, isLeftOut: (folder: string) => boolean): number {
  let leftOut = 0;
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    let entries: ReturnType<typeof list>;
    try {
      entries = list(at);
    } catch {
      leftOut++;
      continue;
    }
    const folders: string[] = [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory()) {
        const inner = join(at, entry.name);
        if (!LEFT_OUT.has(entry.name) && !isLeftOut(inner)) folders.push(inner);
      } else if (isTemporary(entry.name)) continue;
      else if (entry.isFile()) onFile(join(at, entry.name));
      else leftOut++;
    }
    open.push(...folders.reverse());
  }
  return leftOut;
}

/** What a run writes before it takes the file's place. A run at the same time leaves it out. */
export function temporaryOf({ at }: TreeFile): string {
  return join(dirname(at), `.${basename(at)}.repull`);
}

function isTemporary(name: string): boolean {
  return /^\..+\.repull$/.test(name);
}

const list = (folder: string) => readdirSync(folder, { withFileTypes: true });

export type FileBytes =
  | { readonly kind: "text"; readonly text: string; readonly mark: string; readonly mode: number }
  | { readonly kind: "unreadable"; readonly because: string; readonly offset: number };

/** The text of a file, without its byte order mark. */
export function readTreeFile({ at, path }: TreeFile): FileBytes {
  const syntax = syntaxOf(path) ?? "yaml";
  return readBounded(at, BYTES_MAX[syntax]);
}

/** The `.env` next to a file, where there is one that can be read. */
export function envBeside({ at }: TreeFile): string | undefined {
  const read = readBounded(join(dirname(at), ".env"), ENV_BYTES_MAX);
  return read.kind === "text" ? read.text : undefined;
}

function readBounded(at: string, most: number): FileBytes {
  let file: number;
  try {
    // A link that took the file's place meanwhile is not followed, and a pipe not waited for.
    file = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return unreadable(`it cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`);
  }
  try {
    const { size, mode } = fstatSync(file);
    if (!fstatSync(file).isFile()) return unreadable("it is not a regular file");
    if (size > most) return unreadable(`it has more than ${most / MB} MB`);
    const bytes = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const read = readSync(file, bytes, length, size - length, length);
      if (read === 0) break;
      length += read;
    }
    return decoded(bytes.subarray(0, length), mode);
  } catch (error) {
    return unreadable(`it cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`);
  } finally {
    closeSync(file);
  }
}

const MARK = "\uFEFF";

function decoded(bytes: Uint8Array, mode: number): FileBytes {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith(MARK)
      ? { kind: "text", text: text.slice(1), mark: MARK, mode }
      : { kind: "text", text, mark: "", mode };
  } catch {
    return { kind: "unreadable", because: "it is not UTF-8", offset: validLength(bytes) };
  }
}

/** As many characters as are UTF-8 from the beginning: where the fault is. */
function validLength(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return Math.max(0, text.indexOf("\uFFFD"));
}

function unreadable(because: string): FileBytes {
  return { kind: "unreadable", because, offset: 0 };
}
