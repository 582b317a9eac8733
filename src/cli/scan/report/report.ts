/** A scan as a report. */

import { busiestAddress } from "../../../scan/image-changes.ts";
import { formatNotScanned } from "../../../scan/not-scanned.ts";
import { ANONYMOUS_PULLS } from "../../../scan/peak-pulls.ts";
import type { Scan } from "../../../scan/scan.ts";
import { counted } from "../../../text/counted.ts";
import { escaped } from "../../../text/escape-html.ts";
import { countsOf, headlineOf, slippedSentence } from "../format-scan.ts";
import { addressChart } from "./address-chart.ts";
import { imageTable } from "./image-table.ts";
import { gapsCard, reportPage, tile } from "./page.ts";
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
  const place = [...placeOf(scanned), ...(scan.kubernetes ?? []).map((name) => `cluster ${name}`)];
  return reportPage({
    title: `Docker Hub in ${place.join(", ")}`,
    heading: "What depends on Docker Hub",
    where: ["repull scan", ...place],
    at,
    body: `<section class="card headline ${level}"><p>${escaped(sentence)}</p></section>
${tiles(scan)}
${imageTable(scan)}
${addressChart(scan)}
${workloadTable(scan)}
${slipped(scan)}
${notScanned(scan)}
${gapsCard(scan.gaps)}`,
    footer: `Read: ${readOf(scan)}. Nothing was changed, and ${isVerified(scan) ? "registries were asked without a pull" : "no registry was asked"}: repull plan ${scan.pods === undefined ? "SERVICE does that for one service" : "NAMESPACE/KIND/NAME says what Repull knows of one workload"}.`,
  });
}

/** Of a cluster's workloads, the controller has asked before. */
function isVerified({ exposures }: Scan): boolean {
  return exposures.some(({ kind, images }) => kind !== "pod" && images.some((image) => image.isVerified));
}

function placeOf(scanned: ScannedAt): readonly string[] {
  if ("cluster" in scanned) return [`cluster ${scanned.cluster}`];
  if ("account" in scanned) return [`account ${scanned.account}`, scanned.region];
  const { accounts, failed } = scanned;
  return [counted(accounts, "account"), ...(failed === 0 ? [] : [`${failed} not read`])];
}

function readOf(scan: Scan): string {
  const counts = `${counted(scan.clusters, "cluster")}, ${countsOf(scan)}`;
  const isAccount = scan.pods === undefined || scan.accounts !== undefined;
  return isAccount ? `${counts}, ${counted(scan.taskDefinitions, "task definition")}` : counts;
}

function slipped({ slipped: found = [] }: Scan): string {
  if (found.length === 0) return "";
  const lines = found.map(
    ({ workload, image, pods, use, reason, because }) =>
      `${workload}: ${counted(pods, "pod")} with ${image}, not ${use} (${reason}: ${because})`,
  );
  return `<section class="card"><h2>${escaped(slippedSentence(found))}</h2><ul class="note">${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></section>`;
}

function notScanned({ notScanned: left = [] }: Scan): string {
  if (left.length === 0) return "";
  const lines = left.map(formatNotScanned);
  return `<section class="card"><h2>What was not scanned</h2><p class="note">No figure of this page has it.</p><ul class="note">${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></section>`;
}

function tiles(scan: Scan): string {
  const { exposures } = scan;
  const worst = busiestAddress(scan.addresses)?.pullsPerAddress ?? 0;
  const skipped = exposures.filter(({ notRemediatedBecause }) => notRemediatedBecause !== undefined).length;
  const pulls = exposures.reduce((sum, { anonymousPulls }) => sum + anonymousPulls, 0);
  return `<section class="tiles" aria-label="In figures">
${tile(exposures.length, `of ${counted((scan.workloads ?? 0) + scan.services + scan.schedules + scan.standaloneTasks, "workload")} run images from Docker Hub`)}
${tile(pulls, "anonymous pulls in the worst six hours")}
${tile(worst, `of them by one address, which has ${ANONYMOUS_PULLS} in six hours`, worst > ANONYMOUS_PULLS)}
${tile(skipped, "of them Repull would skip, by tags, policy or rights", skipped > 0)}
</section>`;
}
