/**
 * A report as one file that sends no request, opens from a mail, and is read on a phone. Who writes its body escapes every
 * foreign name; a policy in its head lets nothing but its own style and script run, by their hashes, and nothing be fetched.
 */

import { createHash } from "node:crypto";
import { escaped } from "../../../text/escape-html.ts";
import { REPORT_SCRIPT } from "./script.ts";
import { REPORT_STYLE } from "./style.ts";

export type Report = {
  /** What a browser's tab shows. */
  readonly title: string;
  readonly heading: string;
  /** The command, and what it looked at. */
  readonly where: readonly string[];
  /** ISO 8601. */
  readonly at: string;
  /** HTML. */
  readonly body: string;
  readonly footer: string;
  /** CSS of its own tables. */
  readonly style?: string;
};

export function reportPage({ title, heading, where, at, body, footer, style = "" }: Report): string {
  const looks = `${REPORT_STYLE}${style}`;
  const directives = [
    "default-src 'none'",
    ["style-src", hashOf(looks)].join(" "),
    ["script-src", hashOf(REPORT_SCRIPT)].join(" "),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${directives.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${looks}</style>
</head>
<body>
<header class="top">
<p class="where">${where.map(escaped).join(" · ")} · ${escaped(at.slice(0, 16).replace("T", " "))} UTC</p>
<h1>${escaped(heading)}</h1>
</header>
<main>
${body}
</main>
<footer><p>${escaped(footer)}</p></footer>
<script>${REPORT_SCRIPT}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** A figure with its words. @param isOver whether it is one to look at */
export function tile(figure: string | number, words: string, isOver = false): string {
  const text = typeof figure === "number" ? figure.toLocaleString("en-US") : figure;
  return `<div class="tile${isOver ? " over" : ""}"><b>${escaped(text)}</b><span>${escaped(words)}</span></div>`;
}

/** What could not be read, where there is something. */
export function gapsCard(gaps: readonly string[]): string {
  if (gaps.length === 0) return "";
  return `<section class="card"><h2>What could not be read</h2><ul class="note">${gaps.map((gap) => `<li>${escaped(gap)}</li>`).join("")}</ul></section>`;
}
