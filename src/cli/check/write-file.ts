/** Writes a file anew, whole or not at all, and only where it still is what was read. */

import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { readTreeFile, type TreeFile } from "./source-tree.ts";

/** @returns why it was not written */
export function replaceFile(file: TreeFile, before: string, after: string): string | undefined {
  const now = readTreeFile(file);
  if (now.kind !== "text" || now.text !== before) return "it was changed meanwhile";
  const folder = dirname(file.at);
  if (!isBelow(folder, file.root)) return "its folder is not below the given path any more";
  const temporary = join(folder, `.${basename(file.at)}.repull`);
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const mode = now.mode & 0o777;
    const target = openSync(temporary, flags, mode);
    try {
      // The process's mask has taken rights from a new file.
      fchmodSync(target, mode);
      writeAll(target, Buffer.from(now.mark + after, "utf8"));
      fsyncSync(target);
    } finally {
      closeSync(target);
    }
    renameSync(temporary, file.at);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another run's file is not ours to take away.
    if (code !== "EEXIST") removeQuietly(temporary);
    return `it cannot be written: ${code ?? "unknown"}`;
  }
}

function writeAll(target: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(target, bytes, done);
}

function isBelow(folder: string, root: string): boolean {
  try {
    const real = realpathSync(folder);
    return real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
  } catch {
    return false;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made.
  }
}
