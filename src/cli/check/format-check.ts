/** A check's result for people, like a compiler's: `file:line:column`, a sentence, and below it what to do. */

import { adviceOf, sentenceOf } from "../../prevention/check/finding-words.ts";
import type { Finding } from "../../prevention/check/findings.ts";
import type { CheckError } from "../../prevention/check/sarif.ts";
import { counted } from "../../text/counted.ts";
import { visible } from "../../text/visible.ts";

export type CheckSummary = {
  /** Of a known kind, read. */
  readonly files: number;
  readonly skipped: number;
  readonly images: number;
  readonly findings: number;
  readonly fixed: number;
  readonly ignored: number;
  readonly notCheckable: number;
  /** Proved replacements that were not written, because something else would change with them. */
  readonly refused: number;
  /** Files that another program changed between reading and writing: nothing was written there. */
  readonly changed: number;
  readonly errors: number;
};

const HOUR_MS = 3_600_000;

/** How a file's name begins a line: `./` where a log would take `::` there for a command. */
export type NamePrefix = "" | "./";

export function formatFinding(finding: Finding, now: number, prefix: NamePrefix): string {
  const { file, from, ignored } = finding;
  const head = visible(`${prefix}${file}:${from.line}:${from.column}: ${sentenceOf(finding)}`);
  if (ignored !== undefined) return `${head}\n    ignored: ${visible(ignored)}\n`;
  const advice = adviceOf(finding);
  return `${head}\n${advice === undefined ? "" : `    ${visible(advice)}${ageOf(finding, now)}\n`}`;
}

export function formatError({ file, at, because }: CheckError, prefix: NamePrefix): string {
  return `${visible(`${prefix}${file}:${at.line}:${at.column}: error: ${because}`)}\n`;
}

/** An answer of an earlier run says how old it is. */
function ageOf({ askedAt }: Finding, now: number): string {
  const age = askedAt === undefined ? 0 : now - Date.parse(askedAt);
  if (!(age > 60_000)) return "";
  return age < HOUR_MS
    ? `, asked ${counted(Math.floor(age / 60_000), "minute")} ago`
    : `, asked ${counted(Math.floor(age / HOUR_MS), "hour")} ago`;
}

export function formatSummary(
  { files, skipped, images, findings, fixed, ignored, notCheckable, refused, changed, errors }: CheckSummary,
  fixable: number,
): string {
  const others = [
    `${counted(images, "image")} in ${counted(files, "file")}`,
    ...(skipped === 0 ? [] : [`${counted(skipped, "other file")} skipped`]),
    ...(ignored === 0 ? [] : [`${ignored} ignored`]),
    ...(notCheckable === 0 ? [] : [`${notCheckable} not checkable`]),
    ...(refused === 0 ? [] : [`${refused} not written, because something else would change too`]),
    ...(changed === 0 ? [] : [`${counted(changed, "file")} changed meanwhile and not written: run it again`]),
    ...(errors === 0 ? [] : [`${counted(errors, "file")} not read or written`]),
  ].join(", ");
  const does = findings === 1 ? "depends" : "depend";
  if (findings === 0 && fixed === 0) return `no image depends on a registry with a pull limit; ${others}\n`;
  const left = findings - fixed;
  if (fixed > 0) return `${counted(fixed, "image")} fixed, ${left} left; ${others}\n`;
  const proved =
    fixable === 0 ? "" : `, ${fixable} can be replaced: --fix writes ${fixable === 1 ? "it" : "them"}`;
  return `${counted(findings, "image")} ${does} on a registry with a pull limit${proved}; ${others}\n`;
}
