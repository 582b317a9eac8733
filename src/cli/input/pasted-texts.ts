/**
 * Error texts in a file that is not JSON: one reason, a log, or the table of `kubectl describe` and `kubectl get events`.
 */

import { classify, isPullFailureText } from "../../pull-failure/classify.ts";
import type { DocumentEntry } from "./document-entry.ts";

/** Begins a row of kubectl's table of events: the type comes first, or after the time. */
const EVENT_ROW = /^[ \t]*(?:[\w<>]{1,20}[ \t]+)?(?:Normal|Warning)[ \t]/m;

/** A cluster's events of an hour are fewer; a log of all time is not a table to be read row by row. */
const ROWS_MAX = 1000;

/** Megabytes without any of these words are not read as an error text. */
const LONG = 1_000_000;
const TELLS_OF_PULL =
  /pull|toomanyrequests|too many requests|rate|limit|manifest|denied|unauthorized|dial tcp/i;

/** The texts of failed pulls in a file, one for each image of a table of events; undefined where it has none. */
export function pastedTexts(whole: string, name: string): readonly DocumentEntry[] | undefined {
  if (whole.length > LONG && !TELLS_OF_PULL.test(whole)) return undefined;
  if (!isPullFailureText(whole)) return undefined;
  const failures = new Map<string, DocumentEntry>();
  for (const { text, line } of rowsIn(whole).slice(0, ROWS_MAX)) {
    const { kind, image } = classify(text);
    if (kind !== "other" && image !== undefined && !failures.has(`${kind} ${image}`))
      failures.set(`${kind} ${image}`, { kind: "text", where: `${name}:${line}`, text });
  }
  return failures.size > 1 ? [...failures.values()] : [{ kind: "text", where: name, text: whole }];
}

/** The rows of a table of events, each with what follows it up to the next. */
function rowsIn(whole: string): readonly { readonly text: string; readonly line: number }[] {
  const rows: { text: string; line: number }[] = [];
  for (const [index, line] of whole.split("\n").entries()) {
    const last = rows.at(-1);
    if (EVENT_ROW.test(line)) rows.push({ text: line, line: index + 1 });
    else if (last !== undefined) last.text += `\n${line}`;
  }
  return rows;
}
