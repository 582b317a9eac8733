/**
 * Findings as GitHub's workflow commands, which become annotations of a pull request.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands (read 2026-11); the escapes are those of
 * actions/toolkit, packages/core/src/command.ts.
 */

import { visible } from "../../text/visible.ts";
import { adviceOf, sentenceOf } from "./finding-words.ts";
import type { Finding } from "./findings.ts";

export function annotationOf(finding: Finding): string {
  const { file, from, to } = finding;
  const level = finding.kind === "depends" ? "warning" : "notice";
  const place = {
    file,
    line: from.line,
    endLine: to.line,
    ...(from.line === to.line ? { col: from.column, endColumn: to.column } : {}),
  };
  const message = [sentenceOf(finding), adviceOf(finding) ?? ""].filter((part) => part !== "").join(". ");
  return command(level, { ...place, title: "repull check" }, message);
}

export function errorAnnotation(file: string, { line, column }: Finding["from"], message: string): string {
  return command("error", { file, line, col: column, title: "repull check" }, message);
}

function command(
  level: string,
  properties: Readonly<Record<string, string | number>>,
  message: string,
): string {
  const each = Object.entries(properties).map(([key, value]) => `${key}=${property(visible(String(value)))}`);
  return `::${level} ${each.join(",")}::${data(visible(message))}\n`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
