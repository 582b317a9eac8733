/** Writes the proved replacements into their files, or shows what it would write. */

import { diffOf } from "../../prevention/check/diff.ts";
import type { Finding } from "../../prevention/check/findings.ts";
import type { CheckError } from "../../prevention/check/sarif.ts";
import { editFile } from "../../prevention/source-files/edits/edit-file.ts";
import type { SourceFile } from "../../prevention/source-files/read-source-file.ts";
import { visible } from "../../text/visible.ts";
import type { CommandIo } from "../io.ts";
import type { CheckInput } from "./check-input.ts";
import { isInActions, withoutCommands } from "./github-log.ts";
import type { FileRead } from "./read-files.ts";
import { replaceFile } from "./write-file.ts";

export type Fixed = {
  /** Those that were written, by this run or by another one at the same time. */
  readonly findings: ReadonlySet<Finding>;
  /** Those that cannot be written without a change of something else. */
  readonly refused: ReadonlySet<Finding>;
  readonly errors: readonly CheckError[];
};

/** Each costs two readings of its file. */
const ALONE_MAX = 100;

export function fixFiles(
  files: readonly FileRead[],
  findings: readonly Finding[],
  { fix, diff, github }: CheckInput,
  io: CommandIo,
): Fixed {
  const written = new Set<Finding>();
  const refused = new Set<Finding>();
  const errors: CheckError[] = [];
  if (!fix && !diff) return { findings: written, refused, errors };
  const byFile = Map.groupBy(
    findings.filter(({ fixable }) => fixable),
    ({ file }) => file,
  );
  for (const { source, tree } of files) {
    const own = byFile.get(source.path) ?? [];
    if (own.length === 0 || tree === undefined) continue;
    const { text, accepted } = editedTogether(source, own);
    for (const one of own) if (!accepted.includes(one)) refused.add(one);
    const [first] = accepted;
    if (first === undefined) continue;
    const replaced = fix ? replaceFile(tree, source.text, text) : undefined;
    if (replaced !== undefined && "because" in replaced) {
      errors.push({
        file: source.path,
        at: first.from,
        because: `nothing was written: ${replaced.because}`,
        ...(replaced.kind === "changed" ? { isChanged: true } : { isUnwritten: true }),
      });
      continue;
    }
    if (diff) showDiff(diffOf(source.path, source.text, text), github, io);
    if (fix) for (const one of accepted) written.add(one);
  }
  return { findings: written, refused, errors };
}

type EditedText = { readonly text: string; readonly accepted: readonly Finding[] };

/** All of them; else as many as can be written together, so that one that cannot keeps no other one back. */
function editedTogether(source: SourceFile, own: readonly Finding[]): EditedText {
  const all = editFile(source, changesOf(own));
  if (all.kind === "edited") return { text: all.text, accepted: own };
  let best: EditedText = { text: source.text, accepted: [] };
  if (own.length > ALONE_MAX) return best;
  for (const one of own) {
    const accepted = [...best.accepted, one];
    const edited = editFile(source, changesOf(accepted));
    if (edited.kind === "edited") best = { text: edited.text, accepted };
  }
  return best;
}

function showDiff(diff: string, github: boolean, io: CommandIo): void {
  const lines = visibleLines(diff);
  io.out(isInActions(github, io) ? withoutCommands(lines) : lines);
}

function changesOf(findings: readonly Finding[]) {
  return findings.flatMap(({ at, replacement }) =>
    replacement === undefined ? [] : [{ image: at, writes: replacement.writes }],
  );
}

/** A diff's lines stay lines; what moves the cursor in them is escaped. */
function visibleLines(diff: string): string {
  return diff
    .split("\n")
    .map((line) => visible(line.replace(/\r$/, ""), Number.POSITIVE_INFINITY))
    .join("\n");
}
