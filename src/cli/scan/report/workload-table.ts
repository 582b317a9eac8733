/** The second table of the report: each workload with each of its images, one line each; what there is to say unfolds. */

import { shortRevision } from "../../../ecs/arn.ts";
import type { ExposedImage, Exposure } from "../../../scan/exposure.ts";
import type { Scan } from "../../../scan/scan.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";
import { counted } from "../../../text/counted.ts";
import { escaped } from "../../../text/escape-html.ts";
import { whereOf } from "../format-scan.ts";
import { type Column, imageName, table, tableRow, tools } from "./html.ts";

const ACCOUNT: Column = { title: "Account", key: "account" };
const COLUMNS: readonly Column[] = [
  { title: "Workload", key: "workload" },
  { title: "Cluster", key: "cluster" },
  { title: "Image", key: "image" },
  { title: "Pulled as", key: "as" },
  { title: "Pulls", key: "pulls", isNumber: true },
  { title: "What Repull would do", key: "plan" },
];

export function workloadTable({ exposures, accounts, kubernetes }: Scan): string {
  if (exposures.length === 0) return "";
  const where = kubernetes === undefined ? ACCOUNT : { ...ACCOUNT, title: "Where" };
  const columns = accounts === undefined ? COLUMNS : COLUMNS.toSpliced(1, 0, where);
  const filter = `<label for="words">Filter</label><input id="words" type="search" placeholder="cluster, name, image, source" autocomplete="off"><select id="which" aria-label="Which workloads"><option value="">all workloads</option><option value="service">services</option><option value="scheduled">scheduled</option><option value="standalone">started by hand</option><option value="pod">pods</option><option value="skipped">skipped by Repull</option><option value="acts">Repull would act</option></select>`;
  return `<section class="card table">
<h2>Workloads</h2>
<p class="note">One line for each image of a workload, the most pulled first. A header sorts, a line unfolds.</p>
${tools("workloads", columns, filter)}
${table(
  "workloads",
  columns,
  exposures.toSorted(mostStartsFirst).flatMap((exposure) => rowsOf(exposure, columns)),
)}
<p id="none" class="empty" hidden>Nothing fits the filter.</p>
</section>`;
}

/** Each of its images is pulled at each start, and has a line of its own. */
function mostStartsFirst(one: Exposure, other: Exposure): number {
  return other.expectedStarts - one.expectedStarts;
}

function rowsOf(exposure: Exposure, columns: readonly Column[]): readonly string[] {
  const { kind, cluster, name, images } = exposure;
  const where = whereOf(exposure);
  const { expectedStarts, notRemediatedBecause } = exposure;
  const facts = { kind, state: notRemediatedBecause === undefined ? "acts" : "skipped" };
  return images.map((image) =>
    tableRow(
      columns,
      [
        {
          value: name,
          content: `<span class="name" title="${escaped(name)}">${escaped(name)}${kind === "standalone" ? " <small>by hand</small>" : ""}</span>`,
        },
        ...(where === undefined ? [] : [{ value: where }]),
        { value: cluster },
        {
          value: image.image,
          content: imageName(image.image),
        },
        { value: image.pulledAs },
        { value: expectedStarts },
        planOf(exposure, image),
      ],
      facts,
    ),
  );
}

function planOf(exposure: Exposure, image: ExposedImage) {
  const { notRemediatedBecause: skipped } = exposure;
  const { first } = image;
  const does = first === undefined ? "" : `${first.strategy} ${first.place}`;
  const line =
    skipped === undefined
      ? `<span class="badge acts">${escaped(first?.strategy ?? "")}</span> <code>${escaped(abbreviate(first?.place ?? ""))}</code>`
      : `<span class="badge skipped">skipped</span> ${escaped(skipped)}`;
  const value = skipped === undefined ? does : `skipped: ${skipped}`;
  return {
    value,
    content: `<details><summary title="${escaped(abbreviate(value))}">${line}</summary><ul>${detailsOf(exposure, image)}</ul></details>`,
  };
}

function detailsOf(
  { kind, taskDefinition, expectedStarts, expectedStartsBecause, notRemediatedBecause }: Exposure,
  { containers, first, rejected }: ExposedImage,
): string {
  const starts =
    expectedStartsBecause ?? `${counted(expectedStarts, kind === "pod" ? "pod" : "task")}, each once`;
  const lines = [
    `${[kind, ...(taskDefinition === undefined ? [] : [shortRevision(taskDefinition)])].join(", ")}, ${containers.length === 1 ? "container" : "containers"} ${containers.join(", ")}`,
    `${counted(expectedStarts, "pull")}: ${starts}`,
    ...(notRemediatedBecause === undefined || first === undefined
      ? []
      : [`else ${first.strategy} ${first.place}`]),
    ...(first === undefined ? [] : [`${first.strategy}: ${first.because}`]),
  ];
  const others = rejected.map(({ strategy, because }) => `not ${strategy}: ${because}`);
  const all = [
    ...lines,
    ...(others.length === 0 ? [] : [`Other sources considered (${others.length}):`]),
    ...others,
  ];
  return all.map((text) => `<li>${escaped(abbreviate(text))}</li>`).join("");
}
