/** Reads the files of a check, or standard input: what is in each, and which could not be read. */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { CheckError } from "../../prevention/check/sarif.ts";
import { linesOf } from "../../prevention/source-files/positions.ts";
import {
  readSourceFile,
  type SourceFile,
  type SourceImage,
} from "../../prevention/source-files/read-source-file.ts";
import type { CommandIo } from "../io.ts";
import type { CheckInput } from "./check-input.ts";
import { excludedBy } from "./excluded-paths.ts";
import { envBeside, filesBelow, readTreeFile, type TreeFile } from "./source-tree.ts";

export type FileRead = {
  readonly source: SourceFile;
  readonly images: readonly SourceImage[];
  /** Absent: standard input. */
  readonly tree?: TreeFile;
};

export type FilesRead = {
  readonly files: readonly FileRead[];
  readonly skipped: number;
  readonly errors: readonly CheckError[];
};

export async function readFiles(
  { paths, exclude = [] }: Pick<CheckInput, "paths" | "exclude">,
  io: CommandIo,
): Promise<FilesRead> {
  const isExcluded = excludedBy(exclude);
  if (paths.includes("-")) return await readInput(io);
  const tree = filesBelow(paths, isExcluded);
  const files: FileRead[] = [];
  const errors: CheckError[] = [];
  let { skipped } = tree;
  for (const file of tree.files) {
    io.signal.throwIfAborted();
    const read = readOne(file);
    if (read === "skipped") skipped++;
    else if ("because" in read) errors.push(read);
    else files.push(read);
  }
  return { files, skipped, errors };
}

function readOne(tree: TreeFile): FileRead | CheckError | "skipped" {
  const bytes = readTreeFile(tree);
  if (bytes.kind === "unreadable") return errorAt(tree.path, "", bytes);
  const { text } = bytes;
  const env = /^services[ \t]*:/m.test(text) ? envBeside(tree) : undefined;
  const source = { path: tree.path, text, ...(env === undefined ? {} : { env }) };
  const read = readSourceFile(source);
  if (read.kind === "unreadable") return errorAt(tree.path, text, read);
  return read.kind === "skipped" ? "skipped" : { source, images: read.images, tree };
}

const INPUT_LENGTH_MAX = 64 * 1024 * 1024;
/** Of YAML, as in a file. */
const YAML_LENGTH_MAX = 4 * 1024 * 1024;

async function readInput(io: CommandIo): Promise<FilesRead> {
  const text = await io.readFile("-");
  if (text === undefined) throw new InvalidInput("-", "standard input that can be read");
  const isJson = /^\s*[[{]/.test(text);
  if (text.length > (isJson ? INPUT_LENGTH_MAX : YAML_LENGTH_MAX))
    return {
      files: [],
      skipped: 0,
      errors: [errorAt("-", "", { because: `it has more than ${isJson ? 64 : 4} MB`, offset: 0 })],
    };
  const source = { path: "-", text };
  const read = readSourceFile(source);
  if (read.kind === "unreadable") return { files: [], skipped: 0, errors: [errorAt("-", text, read)] };
  return read.kind === "skipped"
    ? { files: [], skipped: 1, errors: [] }
    : { files: [{ source, images: read.images }], skipped: 0, errors: [] };
}

function errorAt(
  file: string,
  text: string,
  { because, offset }: { readonly because: string; readonly offset: number },
): CheckError {
  return { file, at: linesOf(text).position(Math.min(offset, text.length)), because };
}
