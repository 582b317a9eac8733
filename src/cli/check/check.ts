/**
 * `repull check`: every image that a set of files would pull, which of them depend on a registry with a pull limit, and the proved
 * replacement of each. Runs nothing of what it reads; writes nothing but with `--fix`.
 */

import packageJson from "../../../package.json" with { type: "json" };
import { annotationOf, errorAnnotation } from "../../prevention/check/annotations.ts";
import { type Finding, findingsOf, imagesToAsk } from "../../prevention/check/findings.ts";
import type { Answers } from "../../prevention/check/image-answer.ts";
import { type CheckError, sarifOf } from "../../prevention/check/sarif.ts";
import { systemClock } from "../../runtime/clock.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { checkRules } from "./check-environment.ts";
import { type CheckInput, refuseWrongCall } from "./check-input.ts";
import { findAnswers } from "./find-answers.ts";
import { fixFiles } from "./fix-files.ts";
import { type CheckSummary, formatError, formatFinding, formatSummary } from "./format-check.ts";
import { isInActions, withoutOldCommands } from "./github-log.ts";
import { readFiles } from "./read-files.ts";
import { refuseOtherFiles, writeReport } from "./report-file.ts";

type CheckedFile = Awaited<ReturnType<typeof readFiles>>["files"][number];

/**
 * Status 1 where an image depends on a registry with a limit, 2 where a file could not be read or written, 5 where one was
 * changed between reading and writing, 0 else.
 */
export async function check(input: CheckInput, io: CommandIo): Promise<number> {
  refuseWrongCall(input);
  await refuseOtherFiles(input, io);
  const rules = await checkRules(input, io);
  const { files, errors, skipped } = await readFiles(input, io);
  const answers = await findAnswers(imagesToAsk(files, rules.policy), rules, input, io);
  const proved = findingsIn(files, answers, rules.policy, input);
  const fixed = fixFiles(files, proved, input, io);
  const findings = proved.map((one) => (fixed.refused.has(one) ? heldBack(one) : one));
  const allErrors = [...errors, ...fixed.errors];
  await writeSarif(input, { files, findings, errors: allErrors }, io);
  print({ findings, errors: allErrors, fixed: fixed.findings }, input, io);
  const counts = findings.filter(({ kind, ignored }) => kind === "depends" && ignored === undefined);
  const summary: CheckSummary = {
    files: files.length,
    skipped,
    images: files.reduce((sum, { images }) => sum + images.length, 0),
    findings: counts.length,
    fixed: fixed.findings.size,
    ignored: findings.filter(({ ignored }) => ignored !== undefined).length,
    notCheckable: findings.filter(({ kind }) => kind === "not-checkable").length,
    refused: fixed.refused.size,
    changed: allErrors.filter(({ isChanged }) => isChanged).length,
    errors: allErrors.filter(({ isChanged }) => !isChanged).length,
  };
  if (input.json) io.out(jsonLine("summary", summary));
  else if (!input.github) io.out(formatSummary(summary, counts.filter(({ fixable }) => fixable).length));
  if (summary.errors > 0) return EXIT.usage;
  if (summary.changed > 0) return EXIT.unfinished;
  return counts.length > fixed.findings.size ? EXIT.failed : EXIT.done;
}

function findingsIn(
  files: readonly CheckedFile[],
  answers: Answers,
  policy: Parameters<typeof findingsOf>[2]["policy"],
  { pin }: CheckInput,
): readonly Finding[] {
  return files.flatMap(({ source, images }) =>
    findingsOf(source, images, { answers, policy, ...(pin === undefined ? {} : { pin }) }),
  );
}

function heldBack(finding: Finding): Finding {
  return { ...finding, fixable: false, codes: [...finding.codes, "edit-refused"] };
}

type Printed = {
  readonly findings: readonly Finding[];
  readonly errors: readonly CheckError[];
  readonly fixed: ReadonlySet<Finding>;
};

function print(
  { findings, errors, fixed }: Printed,
  { json, github, diff }: CheckInput,
  given: CommandIo,
): void {
  const now = systemClock.now();
  const isLog = isInActions(github, given);
  const io = isLog ? withoutOldCommands(given) : given;
  const prefix = isLog ? "./" : "";
  for (const error of errors) {
    if (json) io.out(jsonLine("error", errorAsJson(error)));
    else if (github) io.out(errorAnnotation(error.file, error.at, error.because));
    else io.err(formatError(error, prefix));
  }
  // The diff shows the rest.
  const told = diff
    ? findings.filter(({ fixable }) => !fixable)
    : findings.filter((one) => json || !fixed.has(one));
  for (const finding of told) {
    if (json) io.out(jsonLine("check-finding", asJson(finding, fixed.has(finding))));
    else if (!github) io.out(formatFinding(finding, now, prefix));
    else if (finding.ignored === undefined) io.out(annotationOf(finding));
  }
}

function asJson(finding: Finding, isFixed: boolean): object {
  const {
    file,
    from,
    to,
    source,
    place,
    image,
    registry,
    fixable,
    replacement,
    likely,
    askedAt,
    codes,
    ignored,
  } = finding;
  return {
    file,
    line: from.line,
    column: from.column,
    endLine: to.line,
    endColumn: to.column,
    source,
    place,
    image,
    registry: registry ?? null,
    fixable,
    ...(replacement === undefined ? {} : { replacement }),
    ...(likely === undefined ? {} : { likely }),
    ...(askedAt === undefined ? {} : { askedAt }),
    codes,
    ...(ignored === undefined ? {} : { ignored }),
    ...(isFixed ? { fixed: true } : {}),
  };
}

function errorAsJson({ file, at, because, isUnwritten, isChanged }: CheckError): object {
  const message = `${file}:${at.line}:${at.column}: ${because}`;
  if (isChanged) return { code: "changed-file", message, remedy: "run it again" };
  return {
    code: isUnwritten ? "unwritten-file" : "unreadable-file",
    message,
    remedy: isUnwritten
      ? "let the file be written, and run it again"
      : "correct the file, or leave it out: --exclude",
  };
}

type Report = {
  readonly files: readonly CheckedFile[];
  readonly findings: readonly Finding[];
  readonly errors: readonly CheckError[];
};

async function writeSarif(
  { sarif }: CheckInput,
  { files, findings, errors }: Report,
  io: CommandIo,
): Promise<void> {
  if (sarif === undefined) return;
  const texts = new Map(files.map(({ source }) => [source.path, source.text]));
  const log = sarifOf(findings, {
    version: packageJson.version,
    informationUri: "https://docs.docker.com/docker-hub/usage/pulls/",
    errors,
    textOf: (file) => texts.get(file) ?? "",
  });
  await writeReport("--sarif", sarif, `${JSON.stringify(log, null, 2)}\n`, io);
}
