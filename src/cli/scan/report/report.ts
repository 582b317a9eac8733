/**
 * A scan as a report: one file that asks nobody for anything, opens from a mail, and is read on a phone.
 *
 * Every name in it was written by somebody else and is escaped; a policy in its head lets nothing but its own style and
 * script run, by their hashes, and nothing be fetched.
 */

import { createHash } from "node:crypto";
import { shortRevision } from "../../../ecs/arn.ts";
import type { ExposedImage, Exposure } from "../../../scan/exposure.ts";
import { ACCOUNT_PULLS, ANONYMOUS_PULLS, type EgressLoad } from "../../../scan/peak-pulls.ts";
import type { Scan } from "../../../scan/scan.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";
import { counted } from "../../../text/counted.ts";
import { countsOf, headlineOf, METHOD, worstOf } from "../format-scan.ts";
import { SCAN_SCRIPT } from "./script.ts";
import { SCAN_STYLE } from "./style.ts";

/** Longer names than AWS gives are cut: they are somebody's joke, and not worth a page each. */
const TEXT_LENGTH_MAX = 300;
/** The heaviest addresses; the others are summed up in words. */
const BARS_MAX = 15;

export type ScannedAt = { readonly account: string; readonly region: string; readonly at: string };

export function scanAsHtml(scan: Scan, { account, region, at }: ScannedAt): string {
  const { level, sentence } = headlineOf(scan);
  const title = `Docker Hub in account ${account}, ${region}`;
  const directives = [
    "default-src 'none'",
    ["style-src", hashOf(SCAN_STYLE)].join(" "),
    ["script-src", hashOf(SCAN_SCRIPT)].join(" "),
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
<style>${SCAN_STYLE}</style>
</head>
<body>
<header class="top">
<p class="where">repull scan · account ${escaped(account)} · ${escaped(region)} · ${escaped(at.slice(0, 16).replace("T", " "))} UTC</p>
<h1>What depends on Docker Hub</h1>
</header>
<main>
<section class="card headline ${level}"><p>${escaped(sentence)}</p></section>
${tiles(scan)}
${chart(scan)}
${workloads(scan)}
${gaps(scan)}
</main>
<footer><p>${escaped(`Read: ${counted(scan.clusters, "cluster")}, ${countsOf(scan)}, ${counted(scan.taskDefinitions, "task definition")}. Nothing was changed, and no registry was asked: repull plan SERVICE does that for one service.`)}</p></footer>
<script>${SCAN_SCRIPT}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as text, wherever it stands: marks that turn the reading direction, and control characters, are shown as �. */
export function escaped(text: string): string {
  const cut =
    text.length > TEXT_LENGTH_MAX
      ? `${text.slice(0, TEXT_LENGTH_MAX)}… (${text.length.toLocaleString("en-US")} characters)`
      : text;
  return cut
    .toWellFormed()
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

function tiles(scan: Scan): string {
  const { exposures } = scan;
  const worst = worstOf(scan)?.pullsPerAddress ?? 0;
  const alone = exposures.filter(({ notRemediatedBecause }) => notRemediatedBecause !== undefined).length;
  const pulls = exposures.reduce((sum, { anonymousPulls }) => sum + anonymousPulls, 0);
  const tile = (figure: number, words: string, isOver: boolean): string =>
    `<div class="tile${isOver ? " over" : ""}"><b>${figure.toLocaleString("en-US")}</b><span>${escaped(words)}</span></div>`;
  return `<section class="tiles" aria-label="In figures">
${tile(exposures.length, `of ${counted(scan.services + scan.schedules + scan.standaloneTasks, "workload")} run images from Docker Hub`, false)}
${tile(pulls, "anonymous pulls in six bad hours", false)}
${tile(worst, `of them by one address, which has ${ANONYMOUS_PULLS} in six hours`, worst > ANONYMOUS_PULLS)}
${tile(alone, "Repull would leave alone as it is set", alone > 0)}
</section>`;
}

function chart({ addresses }: Scan): string {
  if (addresses.length === 0) return "";
  const shown = addresses.slice(0, BARS_MAX);
  const rest = addresses.slice(BARS_MAX);
  const scale = Math.max(ACCOUNT_PULLS * 1.1, ...shown.map(({ pullsPerAddress }) => pullsPerAddress));
  const more =
    rest.length === 0
      ? ""
      : `<p class="note">${counted(rest.length, "more address")}, with ${rest.reduce((sum, { pulls }) => sum + pulls, 0)} pulls in all.</p>`;
  return `<section class="card">
<h2>Anonymous pulls of six bad hours, by the address that they leave from</h2>
<div class="key"><span><i></i>${ANONYMOUS_PULLS}: what Docker Hub grants an address in six hours</span><span><i class="account"></i>${ACCOUNT_PULLS}: what it grants a free account</span><span><i class="over"></i>beyond the limit</span></div>
<ul class="bars">
${shown.map((load) => bar(load, scale)).join("\n")}
</ul>
${more}
<ul class="note">${METHOD.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>
</section>`;
}

function bar({ address, kind, workloads: count, pulls, pullsPerAddress }: EgressLoad, scale: number): string {
  const at = (value: number): string => ((1000 * value) / scale).toFixed(1);
  const isOver = pullsPerAddress > ANONYMOUS_PULLS && kind !== "none";
  const within = Math.min(pullsPerAddress, ANONYMOUS_PULLS);
  const figure = `${kind === "per-task" && pulls !== pullsPerAddress ? `${pulls} in all, ${pullsPerAddress} for one` : pullsPerAddress === pulls ? counted(pulls, "pull") : `${pulls} in all, ${pullsPerAddress} by one address`} · ${counted(count, "workload")}`;
  const over = isOver
    ? `<rect class="load over" x="${at(ANONYMOUS_PULLS)}" y="3" width="${at(pullsPerAddress - ANONYMOUS_PULLS)}" height="12"/>`
    : "";
  return `<li><div class="bar-label"><span class="address">${escaped(address)}</span><span class="figure${isOver ? " over" : ""}">${escaped(figure)}</span></div>
<svg class="bar" viewBox="0 0 1000 18" preserveAspectRatio="none" role="img" aria-label="${escaped(`${address}: ${figure}; the limit is ${ANONYMOUS_PULLS}`)}"><rect class="track" x="0" y="3" width="1000" height="12"/><rect class="load" x="0" y="3" width="${at(within)}" height="12"/>${over}<line class="limit" x1="${at(ANONYMOUS_PULLS)}" x2="${at(ANONYMOUS_PULLS)}" y1="0" y2="18"/><line class="limit account" x1="${at(ACCOUNT_PULLS)}" x2="${at(ACCOUNT_PULLS)}" y1="0" y2="18"/></svg></li>`;
}

function workloads({ exposures }: Scan): string {
  if (exposures.length === 0) return "";
  const header = (title: string, isNumber = false): string =>
    `<th scope="col" aria-sort="none"${isNumber ? ' class="number"' : ""}><button type="button">${title}</button></th>`;
  return `<section class="card table">
<h2>Workloads</h2>
<p class="note">Those that Repull would leave alone come first, then the most pulls. A header sorts.</p>
<div class="tools">
<label for="words">Filter</label><input id="words" type="search" placeholder="cluster, name, image, place" autocomplete="off">
<select id="which" aria-label="Which workloads"><option value="">all workloads</option><option value="service">services</option><option value="scheduled">scheduled</option><option value="standalone">run by hand</option><option value="alone">left alone by Repull</option><option value="acts">Repull would act</option></select>
<output id="shown" for="words which"></output>
</div>
<table id="workloads">
<colgroup><col class="workload"><col class="images"><col class="as"><col class="pulls"><col class="plan"></colgroup>
<thead><tr>${header("Workload")}${header("Image")}${header("Pulled as")}${header("Pulls", true)}${header("What Repull would do")}</tr></thead>
<tbody>
${exposures.map(row).join("\n")}
<tr id="none" class="empty-row" hidden><td class="empty" colspan="5">Nothing fits the filter.</td></tr>
</tbody>
</table>
</section>`;
}

function row(exposure: Exposure): string {
  const { kind, cluster, name, taskDefinition, images, anonymousPulls, accountPulls, notRemediatedBecause } =
    exposure;
  const as = [...new Set(images.map(({ pulledAs }) => pulledAs))].join(", ");
  const pulls = anonymousPulls + accountPulls;
  const state = notRemediatedBecause === undefined ? "acts" : "alone";
  const cell = (label: string, sort: string, content: string, kindOfCell = ""): string =>
    `<td data-label="${label}" data-sort="${escaped(sort)}"${kindOfCell && ` class="${kindOfCell}"`}>${content}</td>`;
  const what = kind === "standalone" ? "run by hand" : kind === "scheduled" ? "scheduled" : "service";
  const counting = exposure.expectedStartsBecause ?? `${counted(exposure.expectedStarts, "task")}, each once`;
  return `<tr data-kind="${kind}" data-state="${state}">${cell("Workload", `${cluster}/${name}`, `<span class="name">${escaped(name)}</span><small>${escaped(`${what} in ${cluster}, ${shortRevision(taskDefinition)}`)}</small>`)}${cell("Image", images[0]?.image ?? "", images.map(({ image, containers }) => `<div><code>${escaped(image)}</code><small>${escaped(containers.join(", "))}</small></div>`).join(""))}${cell("Pulled as", as, escaped(as), "as")}${cell("Pulls", String(pulls), `${pulls}<small>${escaped(counting)}</small>`, "number")}${cell("What Repull would do", notRemediatedBecause ?? planKey(images), planOf(images, notRemediatedBecause))}</tr>`;
}

function planKey(images: readonly ExposedImage[]): string {
  return images.map(({ first }) => first?.strategy ?? "").join(" ");
}

function planOf(images: readonly ExposedImage[], unprotected: string | undefined): string {
  const alone =
    unprotected === undefined
      ? ""
      : `<div><span class="badge alone">left alone</span> ${escaped(unprotected)}</div>`;
  const badge = unprotected === undefined ? "acts" : "idle";
  return alone + images.map((image) => placesOf(image, images.length > 1, badge)).join("");
}

function placesOf(
  { image, first, rejected }: ExposedImage,
  isNamed: boolean,
  badge: "acts" | "idle",
): string {
  const others = rejected
    .map(({ strategy, because }) => `<li>not ${escaped(strategy)}: ${escaped(abbreviate(because))}</li>`)
    .join("");
  const why =
    others === ""
      ? ""
      : `<details><summary>why not ${counted(rejected.length, "other place")}</summary><ul>${others}</ul></details>`;
  const of = isNamed ? `<small>${escaped(image)}</small>` : "";
  if (first === undefined) return `<div>${of}${why}</div>`;
  return `<div>${of}<span class="badge ${badge}">${escaped(first.strategy)}</span> <code>${escaped(abbreviate(first.place))}</code><small>${escaped(abbreviate(first.because))}</small>${why}</div>`;
}

function gaps({ gaps: found }: Scan): string {
  if (found.length === 0) return "";
  return `<section class="card"><h2>What could not be read</h2><ul class="note">${found.map((gap) => `<li>${escaped(gap)}</li>`).join("")}</ul></section>`;
}
