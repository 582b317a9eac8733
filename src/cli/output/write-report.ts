/** Writes the report of `--html`. */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { CommandIo } from "../io.ts";

/** Throws InvalidInput where the file cannot be written. */
export async function writeReport(path: string, text: string, io: CommandIo): Promise<void> {
  try {
    await io.writeFile?.(path, text);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new InvalidInput("--html", `a file that can be written: ${because}`, { cause: error });
  }
}
