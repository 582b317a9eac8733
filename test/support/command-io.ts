/** A command's surroundings in memory: files by path, and what was printed where. */

import type { CommandIo } from "../../src/cli/io.ts";

export type RecordedIo = CommandIo & { readonly printed: { out: string; err: string } };

export function commandIo(
  files: Readonly<Record<string, string>> = {},
  env: CommandIo["env"] = {},
): RecordedIo {
  const printed = { out: "", err: "" };
  return {
    printed,
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    isTty: false,
    env,
    readFile: async (path) => files[path],
    signal: new AbortController().signal,
  };
}

/** The JSON objects that a command printed, one a line. */
export function objectsIn(text: string): readonly Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
