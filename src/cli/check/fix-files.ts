/** Writes the proved replacements into their files, or shows what it would write. */

import { diffOf } from "../../prevention/check/diff.ts";
import type { Finding } from "../../prevention/check/findings.ts";
import type { CheckError } from "../../prevention/check/sarif.ts";
import { type Edited, editFile } from "../../prevention/source-files/edits/edit-file.ts";
import { visible } from "../../text/visible.ts";
import type { CommandIo } from "../io.ts";
import type { CheckInput } from "./check-input.ts";
import type { FileRead } from "./read-files.ts";
import { replaceFile } from "./write-file.ts";

export type Fixed = {
  /** Those that were written. */
  readonly findings: ReadonlySet<Finding>;
  readonly errors: readonly CheckError[];
};

export function fixFiles(
  files: readonly FileRead[],
  findings: readonly Finding[],
  { fix, diff }: CheckInput,
  io: CommandIo,
): Fixed {
  const written = new Set<Finding>();
  const errors: CheckError[] = [];
  if (!fix && !diff) return { findings: written, errors };
  const byFile = Map.groupBy(
    findings.filter(({ fixable }) => fixable),
    ({ file }) => file,
  );
  for (const { source, tree } of files) {
    const own = byFile.get(source.path) ?? [];
    const [first] = own;
    if (first === undefined || tree === undefined) continue;
    const edited = editFile(source, changesOf(own));
    const because = refusalOf(edited) ?? (fix ? replaceFile(tree, source.text, textOf(edited)) : undefined);
    if (because !== undefined) {
      errors.push({ file: source.path, at: first.from, because: `nothing was written: ${because}` });
      continue;
    }
    if (diff) io.out(visibleLines(diffOf(source.path, source.text, textOf(edited))));
    if (fix) for (const one of own) written.add(one);
  }
  return { findings: written, errors };
}

function changesOf(findings: readonly Finding[]) {
  return findings.flatMap(({ at, replacement }) =>
    replacement === undefined ? [] : [{ image: at, writes: replacement.writes }],
  );
}

function refusalOf(edited: Edited): string | undefined {
  return edited.kind === "refused" ? edited.because : undefined;
}

function textOf(edited: Edited): string {
  return edited.kind === "edited" ? edited.text : "";
}

/** A diff's lines stay lines; what moves the cursor in them is escaped. */
function visibleLines(diff: string): string {
  return diff
    .split("\n")
    .map((line) => visible(line.replace(/\r$/, ""), Number.POSITIVE_INFINITY))
    .join("\n");
}
