/** Writes a file anew, whole or not at all, and only where it still is what was read. */

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, sep } from "node:path";
import { systemClock } from "../../runtime/clock.ts";
import { readTreeFile, type TreeFile, temporaryOf } from "./source-tree.ts";

/** `same`: another run has written the very same; `changed`: it is not what was read, and stays as it is. */
export type Replaced =
  | { readonly kind: "written" | "same" }
  | { readonly kind: "changed" | "unwritten"; readonly because: string };

/**
 * Another run needs milliseconds for a file, and seconds where the disk is slow to keep it. What is older was left by
 * one that ended, and is not waited for.
 */
const OTHER_RUN_LASTS_MS = 10_000;
const LOOK_AGAIN_MS = 25;

export function replaceFile(file: TreeFile, before: string, after: string, pause = pauseShortly): Replaced {
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    const replaced = replaceOnce(file, before, after);
    if (replaced !== "taken") return replaced;
    if (waited >= OTHER_RUN_LASTS_MS || isLeft(temporaryOf(file))) {
      const because = `another run is writing it, or has left ${basename(temporaryOf(file))}`;
      return { kind: "unwritten", because };
    }
    pause();
  }
}

function pauseShortly(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
}

/** By the file's own time: one in the future, by another clock, is waited for no longer than any other. */
function isLeft(temporary: string): boolean {
  const there = lstatSync(temporary, { throwIfNoEntry: false });
  return there !== undefined && systemClock.now() - there.mtimeMs > OTHER_RUN_LASTS_MS;
}

/** `taken`: another run's file is in the way. */
function replaceOnce(file: TreeFile, before: string, after: string): Replaced | "taken" {
  const now = readTreeFile(file);
  if (now.kind === "text" && now.text === after) return { kind: "same" };
  if (now.kind !== "text" || now.text !== before) return CHANGED;
  const folder = dirname(file.at);
  if (!isBelow(folder, file.root))
    return { kind: "unwritten", because: "its folder is not below the given path any more" };
  const own = lstatSync(file.at, { throwIfNoEntry: false });
  if (own === undefined || !own.isFile()) return CHANGED;
  // A new file could take its place all the same, against the meaning of the rights.
  if ((own.mode & 0o222) === 0) return { kind: "unwritten", because: "it is read-only" };
  const temporary = temporaryOf(file);
  try {
    writeNew(temporary, Buffer.from(now.mark + after, "utf8"), own);
    const still = readTreeFile(file);
    if (still.kind !== "text" || still.text !== before) {
      removeQuietly(temporary);
      return still.kind === "text" && still.text === after ? { kind: "same" } : CHANGED;
    }
    renameSync(temporary, file.at);
    return { kind: "written" };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another run's file is not ours to take away.
    if (code === "EEXIST") return "taken";
    removeQuietly(temporary);
    return { kind: "unwritten", because: `it cannot be written: ${code ?? "unknown"}` };
  }
}

const CHANGED: Replaced = { kind: "changed", because: "it was changed meanwhile" };

/** With the owner and the rights of the file whose place it takes. */
function writeNew(path: string, bytes: Uint8Array, { mode, uid, gid }: Stats): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const target = openSync(path, flags, mode & 0o777);
  try {
    keepOwner(target, uid, gid);
    // The process's mask has taken rights from a new file.
    fchmodSync(target, mode & 0o7777);
    writeAll(target, bytes);
    fsyncSync(target);
  } finally {
    closeSync(target);
  }
}

/** A container's root writes files of the person whose folder it is. Anyone else may give away neither. */
function keepOwner(target: number, uid: number, gid: number): void {
  const made = fstatSync(target);
  if (made.uid === uid && made.gid === gid) return;
  try {
    fchownSync(target, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
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
