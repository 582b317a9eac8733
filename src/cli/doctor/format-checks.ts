/** Checks as a person reads them, with a line that counts them. */

import { linesOf } from "../../text/visible.ts";
import type { Check } from "./check.ts";

const MARKS = { passed: "✓", failed: "✗", "not checked": "–" } as const;

export function formatChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, result, because, remedy }) => [
    `${MARKS[result]} ${check.padEnd(width)}  ${result === "not checked" ? "not checked: " : ""}${because}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 4)}→ ${remedy}`]),
  ]);
  const count = (wanted: Check["result"]) => checks.filter(({ result }) => result === wanted).length;
  return `${linesOf(lines)}\n${count("passed")} passed, ${count("failed")} failed, ${count("not checked")} not checked\n`;
}
