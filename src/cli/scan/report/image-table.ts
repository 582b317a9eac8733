/** The first table of the report: the images to change, and what each change saves. */

import type { ImageChange } from "../../../scan/image-changes.ts";
import type { Scan } from "../../../scan/scan.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";
import { grouped } from "../../../text/counted.ts";
import { escaped } from "../../../text/escape-html.ts";
import { changesSentence, changeTo } from "../format-image-changes.ts";
import { type Column, imageName, table, tableRow, tools } from "./html.ts";

const COLUMNS: readonly Column[] = [
  { title: "Image", key: "image" },
  { title: "Change to", key: "to" },
  { title: "Clusters", key: "cluster" },
  { title: "Workloads", key: "count", isNumber: true },
  { title: "Pulls saved", key: "pulls", isNumber: true },
  { title: "Still needed", key: "then", isNumber: true },
];

export function imageTable(scan: Scan): string {
  if (scan.imageChanges.length === 0) return "";
  const sentence = changesSentence(scan);
  return `<section class="card table">
<h2>Images to change</h2>
${sentence === undefined ? "" : `<p class="lead">${escaped(sentence)}</p>`}
<p class="note">The most pulled first. Pulls are those of the worst six hours; the last column is what the busiest address still needs once this image and those before it are changed. Nothing is proved yet: repull plan SERVICE asks the registries.</p>
${tools("images", COLUMNS)}
${table("images", COLUMNS, scan.imageChanges.map(row))}
</section>`;
}

function row(change: ImageChange): string {
  const { image, to, clusters, workloads, pulls, busiestAddressAfter } = change;
  const place = changeTo(change);
  const listed = escaped(workloads.join(", "));
  return tableRow(COLUMNS, [
    { value: image, content: imageName(image) },
    { value: place, content: imageName(abbreviate(place), place) },
    { value: clusters.join(" ") },
    { value: workloads.length, content: `<span title="${listed}">${workloads.length}</span>` },
    { value: to === undefined ? 0 : pulls, content: to === undefined ? "–" : `<b>${grouped(pulls)}</b>` },
    { value: busiestAddressAfter, content: `<span>${grouped(busiestAddressAfter)}</span>` },
  ]);
}
