/**
 * Diagnoses as a page: one file that sends no request, with the way from the subnet to the target drawn, and where it
 * breaks. Every name in it is foreign and is escaped; a policy in its head lets nothing but its own style in.
 */

import { createHash } from "node:crypto";
import type { StartCheck } from "../../../diagnosis/checks/check.ts";
import type { Cause, Diagnosis } from "../../../diagnosis/diagnose.ts";
import { formatRemedy } from "../../../diagnosis/remedies/format-remedy.ts";
import { phasesOf, type Station, wayOf } from "../../../diagnosis/start-path.ts";
import { escaped } from "../../../text/escape-html.ts";
import { titleOf, VERDICTS } from "../format-diagnosis.ts";
import { DIAGNOSIS_STYLE } from "./style.ts";

const LEVELS: Readonly<Record<Diagnosis["verdict"], string>> = {
  "cause-found": "high",
  "not-sure": "medium",
  "nothing-found": "none",
};

export function diagnosesAsHtml(diagnoses: readonly Diagnosis[], at: string): string {
  const style = `'sha256-${createHash("sha256").update(DIAGNOSIS_STYLE).digest("base64")}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Why does this task not start?</title>
<style>${DIAGNOSIS_STYLE}</style>
</head>
<body>
<header class="top">
<p class="where">repull diagnose · ${escaped(at.slice(0, 16).replace("T", " "))} UTC</p>
<h1>Why does this task not start?</h1>
</header>
<main>
${diagnoses.map(section).join("\n")}
</main>
<footer><p>Nothing was changed.</p></footer>
</body>
</html>
`;
}

function section(found: Diagnosis): string {
  const { tasks, verdict, causes, checks, reasons } = found;
  const alike =
    tasks === undefined
      ? ""
      : `<p class="note">${tasks.alike} of ${tasks.failed} stopped tasks failed for this reason.</p>`;
  const quotes = reasons
    .slice(0, 3)
    .map(({ field, text }) => `<p class="quote"><span>${escaped(field)}</span> ${escaped(text)}</p>`);
  return `<article class="diagnosis">
<section class="card headline ${LEVELS[verdict]}"><h2>${escaped(titleOf(found))}</h2><p>${escaped(VERDICTS[verdict])}</p>${alike}</section>
<section class="card"><h3>The phases of the start</h3>${drawing(phasesOf(found), "The phases of the start")}${quotes.join("")}</section>
${causes.map((cause, index) => causeCard(cause, index + 1)).join("\n")}
${checkCard(
  "Checked, and in order",
  checks.filter(({ result }) => result === "passed"),
)}
${checkCard(
  "Not sure, or not checked",
  checks.filter(({ result }) => result === "not checked" || result === "not sure"),
)}
</article>`;
}

function causeCard(cause: Cause, number: number): string {
  const { code, sentence, certainty, proof, remedy, page } = cause;
  const way = wayOf(cause);
  const [what = "", ...how] = formatRemedy(remedy);
  const proved =
    proof === null
      ? "none yet: the same message comes with other causes too"
      : proof.by === "text"
        ? `${proof.field} says “${proof.quote}”`
        : `${proof.check}: ${proof.because}`;
  return `<section class="card cause">
<h3>${number}. ${escaped(sentence)}</h3>
<p class="note"><b class="${certainty}">${certainty}</b> <code>${escaped(code)}</code></p>
${way === undefined ? "" : drawing(way, "The way, and where it breaks")}
<dl><dt>Proof</dt><dd>${escaped(proved)}</dd><dt>Remedy</dt><dd>${escaped(what)}${how.map((line) => `<pre>${escaped(line.trim())}</pre>`).join("")}</dd><dt>AWS</dt><dd><a rel="noreferrer" href="${escaped(page)}">${escaped(page)}</a></dd></dl>
</section>`;
}

const SAID: Readonly<Record<Station["state"], string>> = {
  before: "",
  broken: "breaks here",
  perhaps: "perhaps here",
  after: "not reached",
};

function drawing(stations: readonly Station[], label: string): string {
  const items = stations.map(
    ({ name, detail, state }) =>
      `<li class="${state}"><b>${escaped(name)}</b>${detail === "" ? "" : `<span>${escaped(detail)}</span>`}${SAID[state] === "" ? "" : `<em>${SAID[state]}</em>`}</li>`,
  );
  return `<ol class="path" aria-label="${label}">${items.join("")}</ol>`;
}

function checkCard(title: string, checks: readonly StartCheck[]): string {
  if (checks.length === 0) return "";
  const items = checks.map(
    ({ id, because, permission }) =>
      `<li><code>${escaped(id)}</code> ${escaped(because)}${permission === undefined || because.includes(permission) ? "" : ` (${escaped(permission)})`}</li>`,
  );
  return `<section class="card"><h3>${title}</h3><ul class="checks">${items.join("")}</ul></section>`;
}
