/**
 * A scan as a report: one file that sends no request, opens from a mail, and is read on a phone.
 *
 * Every name in it is foreign and is escaped; a policy in its head lets nothing but its own style and
 * script run, by their hashes, and nothing be fetched.
 */

import { createHash } from "node:crypto";
import { busiestAddress } from "../../../scan/image-changes.ts";
import { ANONYMOUS_PULLS } from "../../../scan/peak-pulls.ts";
import type { Scan } from "../../../scan/scan.ts";
import { counted } from "../../../text/counted.ts";
import { escaped } from "../../../text/escape-html.ts";
import { countsOf, headlineOf, slippedSentence } from "../format-scan.ts";
import { addressChart } from "./address-chart.ts";
import { imageTable } from "./image-table.ts";
import { SCAN_SCRIPT } from "./script.ts";
import { SCAN_STYLE } from "./style.ts";
import { workloadTable } from "./workload-table.ts";

export type ScannedAt = { readonly at: string } & (
  | { readonly account: string; readonly region: string }
  /** How many accounts were read, and how many were not. */
  | { readonly accounts: number; readonly failed: number }
  /** The context of a Kubernetes cluster. */
  | { readonly cluster: string }
);

export function scanAsHtml(scan: Scan, scanned: ScannedAt): string {
  const { at } = scanned;
  const { level, sentence } = headlineOf(scan);
  const place = placeOf(scanned);
  const title = `Docker Hub in ${place.join(", ")}`;
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
<p class="where">repull scan · ${place.map(escaped).join(" · ")} · ${escaped(at.slice(0, 16).replace("T", " "))} UTC</p>
<h1>What depends on Docker Hub</h1>
</header>
<main>
<section class="card headline ${level}"><p>${escaped(sentence)}</p></section>
${tiles(scan)}
${imageTable(scan)}
${addressChart(scan)}
${workloadTable(scan)}
${slipped(scan)}
${gaps(scan)}
</main>
<footer><p>${escaped(`Read: ${readOf(scan)}. Nothing was changed, and no registry was asked: repull plan ${scan.pods === undefined ? "SERVICE does that for one service" : "NAMESPACE/KIND/NAME says what Repull knows of one workload"}.`)}</p></footer>
<script>${SCAN_SCRIPT}</script>
</body>
</html>
`;
}

function placeOf(scanned: ScannedAt): readonly string[] {
  if ("cluster" in scanned) return [`cluster ${scanned.cluster}`];
  if ("account" in scanned) return [`account ${scanned.account}`, scanned.region];
  const { accounts, failed } = scanned;
  return [counted(accounts, "account"), ...(failed === 0 ? [] : [`${failed} not read`])];
}

function readOf(scan: Scan): string {
  const counts = `${counted(scan.clusters, "cluster")}, ${countsOf(scan)}`;
  return scan.pods === undefined ? `${counts}, ${counted(scan.taskDefinitions, "task definition")}` : counts;
}

function slipped({ slipped: found = [] }: Scan): string {
  if (found.length === 0) return "";
  const lines = found.map(
    ({ workload, image, pods, use, reason, because }) =>
      `${workload}: ${counted(pods, "pod")} with ${image}, not ${use} (${reason}: ${because})`,
  );
  return `<section class="card"><h2>${escaped(slippedSentence(found))}</h2><ul class="note">${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></section>`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function tiles(scan: Scan): string {
  const { exposures } = scan;
  const worst = busiestAddress(scan.addresses)?.pullsPerAddress ?? 0;
  const skipped = exposures.filter(({ notRemediatedBecause }) => notRemediatedBecause !== undefined).length;
  const pulls = exposures.reduce((sum, { anonymousPulls }) => sum + anonymousPulls, 0);
  const tile = (figure: number, words: string, isOver: boolean): string =>
    `<div class="tile${isOver ? " over" : ""}"><b>${figure.toLocaleString("en-US")}</b><span>${escaped(words)}</span></div>`;
  return `<section class="tiles" aria-label="In figures">
${tile(exposures.length, `of ${counted(scan.workloads ?? scan.services + scan.schedules + scan.standaloneTasks, "workload")} run images from Docker Hub`, false)}
${tile(pulls, "anonymous pulls in the worst six hours", false)}
${tile(worst, `of them by one address, which has ${ANONYMOUS_PULLS} in six hours`, worst > ANONYMOUS_PULLS)}
${tile(skipped, "of them Repull would skip, by tags, policy or rights", skipped > 0)}
</section>`;
}

function gaps({ gaps: found }: Scan): string {
  if (found.length === 0) return "";
  return `<section class="card"><h2>What could not be read</h2><ul class="note">${found.map((gap) => `<li>${escaped(gap)}</li>`).join("")}</ul></section>`;
}
