/** The chart of the report: the anonymous pulls of the worst six hours, by the address that they leave from. */

import { ACCOUNT_PULLS, ANONYMOUS_PULLS, type EgressLoad } from "../../../scan/peak-pulls.ts";
import type { Scan } from "../../../scan/scan.ts";
import { counted } from "../../../text/counted.ts";
import { escaped } from "../../../text/escape-html.ts";
import { methodOf } from "../format-scan.ts";

/** The heaviest addresses; the others are summed up in words. */
const BARS_MAX = 15;

export function addressChart(scan: Scan): string {
  const { addresses } = scan;
  if (addresses.length === 0) return "";
  const shown = addresses.slice(0, BARS_MAX);
  const rest = addresses.slice(BARS_MAX);
  const scale = Math.max(ACCOUNT_PULLS * 1.1, ...shown.map(({ pullsPerAddress }) => pullsPerAddress));
  const more =
    rest.length === 0
      ? ""
      : `<p class="note">${counted(rest.length, "more address")}, with ${rest.reduce((sum, { pulls }) => sum + pulls, 0)} pulls in all.</p>`;
  return `<section class="card">
<h2>Anonymous pulls of the worst six hours, by the address that they leave from</h2>
<div class="key"><span><i></i>${ANONYMOUS_PULLS}: what Docker Hub grants an address in six hours</span><span><i class="account"></i>${ACCOUNT_PULLS}: what it grants a free account</span><span><i class="over"></i>beyond the limit</span></div>
<ul class="bars">
${shown.map((load) => bar(load, scale)).join("\n")}
</ul>
${more}
<ul class="note">${methodOf(scan)
    .map((line) => `<li>${escaped(line)}</li>`)
    .join("")}</ul>
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
