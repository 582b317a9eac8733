/** Writes the report of `--html`. */

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { CommandIo } from "../io.ts";

/** Throws InvalidInput before anything is asked: what takes minutes to read would be lost. */
export function refuseWithoutFolder(path: string | undefined): void {
  if (path === undefined) return;
  const isFolder = (at: string): boolean => statSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder(path)) throw new InvalidInput("--html", `a file, got the folder ${path}`);
  if (isFolder(dirname(path))) return;
  throw new InvalidInput("--html", `a file in a folder that is there, got ${path}`);
}

/** Throws InvalidInput where the file cannot be written. */
export async function writeReport(path: string, text: string, io: CommandIo): Promise<void> {
  try {
    await io.writeFile?.(path, text);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new InvalidInput("--html", `a file that can be written: ${because}`, { cause: error });
  }
}
