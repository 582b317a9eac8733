/**
 * An error text as one line that rules can be read against.
 *
 * The same refusal arrives with newlines or with `\n` in letters, with entities, curly quotes or colours,
 * depending on how many programs have carried it; and it may carry secrets, which leave it here.
 */

import { redact } from "../text/redact.ts";

/** ECS cuts reasons at 255 or 1024 characters; whatever is much longer keeps its two ends. */
const LENGTH_MAX = 64 * 1024;
const ELIDED = " (…) ";

const SPELLINGS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with this control character
  [/\u001b\[[0-9;]*[a-zA-Z]/g, ""],
  [/[\u00ad\u200b-\u200d\u2060\ufeff]/g, ""],
  // A mail's mark of a quotation, and a log's time, part words where a text was broken into lines.
  [/\n[ \t]{0,20}(?:>{1,3}[ \t]|\d{4}-\d\d-\d\d[T ][\d:.,]{8,20}Z?[ \t])/g, "\n"],
  // One backslash for many first: the patterns below would else start anew at each.
  [/\\{2,}/g, "\\"],
  [/\\u00(?:0a|0d|09|20|a0)/gi, " "],
  [/`/g, '"'],
  [/\\u0022|&(?:amp;)*(?:quot|#0*34|#x0*22);|[“”]/gi, '"'],
  [/\\u(?:0027|201[89])|&(?:amp;)*(?:apos|#0*39|#x0*27|[lr]squo);|[‘’‚‛]/gi, "'"],
  [/\\u003c|&(?:amp;)*(?:lt|#0*60|#x0*3c);/gi, "<"],
  [/\\u003e|&(?:amp;)*(?:gt|#0*62|#x0*3e);/gi, ">"],
  [/\\u0026|&(?:amp;)+/gi, "&"],
  [/\\u002f/gi, "/"],
  [/\\u003a/gi, ":"],
  [/&(?:nbsp|#10|#13|#32|#160);/gi, " "],
  [/\\(["'/])/g, "$1"],
  // YAML and CSV write a quote twice inside quotes.
  [/''/g, "'"],
  [/""/g, '"'],
  [/\\[nrt]/g, " "],
  [/\s+/g, " "],
  // Issue trackers make links of names: [docker.io/acme/api:1](http://docker.io/acme/api:1).
  [/\[([^[\]\s]{1,600})\]\(https?:\/\/[^()\s]{1,2000}\)/gi, "$1"],
];

/** The text in one line, bounded, without escapes and without secrets. */
export function normalizeText(text: string): string {
  // Secrets leave before anything is cut, so that no cut can part a secret from what gives it away.
  return bounded(redact(unescaped(redact(decoded(text))))).trim();
}

function unescaped(text: string): string {
  return SPELLINGS.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), text);
}

/** A text without any blank but with %20 was encoded as a whole, as URLs and log links do. */
function decoded(text: string): string {
  if (!text.includes("%20") || /\s/.test(text.slice(0, LENGTH_MAX))) return text;
  return text.replace(/%(2[0-9a-f]|3[a-f]|5[bd]|0[ad])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function bounded(text: string): string {
  if (text.length <= LENGTH_MAX) return text;
  const half = (LENGTH_MAX - ELIDED.length) / 2;
  return `${text.slice(0, Math.floor(half))}${ELIDED}${text.slice(-Math.floor(half))}`;
}
