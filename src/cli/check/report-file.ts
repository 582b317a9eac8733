/**
 * The files that a check writes for other programs. A name may come from a stranger: `--sarif=package.json` is also the name of a
 * file. So only a new file is written, an empty one, or an earlier report of the same kind.
 */

import { statSync } from "node:fs";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { CommandIo } from "../io.ts";
import { parseAnswerLines } from "./answer-lines.ts";
import type { CheckInput } from "./check-input.ts";

type Option = "--sarif" | "--record";

const IS_OWN: Readonly<Record<Option, (text: string) => boolean>> = {
  "--sarif": (text) => {
    const { runs } = JSON.parse(text);
    return runs[0].tool.driver.name === "repull";
  },
  "--record": (text) => parseAnswerLines(text, "--record").length > 0,
};

/** Throws InvalidInput, before anything is asked or written. */
export async function refuseOtherFiles(
  { sarif, record }: Pick<CheckInput, "sarif" | "record">,
  io: CommandIo,
): Promise<void> {
  await refuseOther("--sarif", sarif, io);
  await refuseOther("--record", record, io);
}

async function refuseOther(option: Option, path: string | undefined, io: CommandIo): Promise<void> {
  // A pipe or a terminal has nothing to lose, and a read of it would wait.
  if (path === undefined || isNoFile(path)) return;
  const text = await io.readFile(path === "-" ? "./-" : path);
  if (text === undefined || text.trim() === "" || isOwn(option, text)) return;
  throw new InvalidInput(option, `a new file, or an earlier report of this kind, got ${path}`);
}

function isOwn(option: Option, text: string): boolean {
  try {
    return IS_OWN[option](text);
  } catch {
    return false;
  }
}

function isNoFile(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile();
}

/** Throws InvalidInput. */
export async function writeReport(option: Option, path: string, text: string, io: CommandIo): Promise<void> {
  try {
    await io.writeFile?.(path, text);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new InvalidInput(option, `a file that can be written: ${because}`, { cause: error });
  }
}
