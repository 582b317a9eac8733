/** The list of copies as a report: the same facts as the table in a terminal, to sort, to filter and to send to others. */

import { counted } from "../../text/counted.ts";
import { escaped } from "../../text/escape-html.ts";
import { inMegabytes } from "../output/progress/copy-progress.ts";
import { type Column, table, tableRow, tools } from "../scan/report/html.ts";
import { gapsCard, reportPage, tile } from "../scan/report/page.ts";
import { day } from "./format-mirrors.ts";
import type { Mirrors } from "./mirrors-line.ts";
import { costOf } from "./storage-cost.ts";

type Copy = Mirrors["copies"][number];

const COLUMNS: readonly Column[] = [
  { title: "Source", key: "image" },
  { title: "Digest", key: "digest" },
  { title: "Copied", key: "copied" },
  { title: "Last pulled", key: "pulled" },
  { title: "Source's tag", key: "state" },
  { title: "Size", key: "size", isNumber: true },
  { title: "Used by", key: "users" },
];

const STATES: Readonly<Record<Copy["sourceState"], string>> = {
  same: "same",
  moved: "moved",
  gone: "gone",
  "by-digest": "by digest",
  unknown: "not known",
};

/** @param at ISO 8601 */
export function mirrorsAsHtml(mirrors: Mirrors, at: string): string {
  const { account, region, copies, storage, unread } = mirrors;
  return reportPage({
    title: `Copies in ECR of account ${account}, ${region}`,
    heading: "Copies in ECR",
    where: ["repull mirrors", `account ${account}`, region],
    at,
    body: `${tiles(mirrors)}
${copyTable(copies)}
${gapsCard(unread)}`,
    footer: `${counted(storage.images, "image")} under the prefix, ${inMegabytes(storage.bytes)}: ${storage.price}. An index is listed without its platforms. Nothing was changed, and nothing was pulled.`,
    style: STYLE,
  });
}

function tiles({ copies, storage }: Mirrors): string {
  const count = (is: (copy: Copy) => boolean): number => copies.filter(is).length;
  const gone = count(({ sourceState }) => sourceState === "gone");
  return `<section class="tiles" aria-label="In figures">
${tile(copies.length, "copies that Repull made")}
${tile(`${storage.usdPerMonth.toFixed(2)} USD`, "a month for every image under the prefix")}
${tile(
  count(({ sourceState }) => sourceState === "moved"),
  "whose source's tag names other bytes now",
)}
${tile(gone, "whose source is gone", gone > 0)}
</section>`;
}

function copyTable(copies: readonly Copy[]): string {
  if (copies.length === 0)
    return `<section class="card headline none"><p>Repull has made no copy here.</p></section>`;
  const filter = `<label for="words">Filter</label><input id="words" type="search" placeholder="source, digest, user" autocomplete="off"><select id="which" aria-label="Which copies"><option value="">all copies</option>${Object.entries(
    STATES,
  )
    .map(([state, words]) => `<option value="${state}">source's tag: ${words}</option>`)
    .join(
      "",
    )}<option value="used">used</option><option value="unused">nothing found that uses it</option></select>`;
  return `<section class="card table">
<h2>Copies</h2>
<p class="note">A header sorts, a line unfolds. ECR records a pull up to a day late.</p>
${tools("copies", COLUMNS, filter)}
${table("copies", COLUMNS, copies.map(row))}
<p id="none" class="empty" hidden>Nothing fits the filter.</p>
</section>`;
}

function row(copy: Copy): string {
  const { source, repository, digest, sourceState, isIndex, bytes, usedBy, copiedAt, pulledAt } = copy;
  const name = source ?? repository;
  const users = usedBy.map(({ by }) => by);
  const code = (text: string, whole = text): string =>
    `<code title="${escaped(whole)}">${escaped(text)}</code>`;
  const summary = users.length === 0 ? "nothing found" : users.map(shortName).join(", ");
  return tableRow(
    COLUMNS,
    [
      { value: name, content: code(name) },
      { value: digest, content: code(digest.replace("sha256:", "").slice(0, 12), digest) },
      { value: day(copiedAt) },
      { value: day(pulledAt) },
      { value: STATES[sourceState] },
      { value: bytes, content: isIndex ? "index" : escaped(inMegabytes(bytes)) },
      {
        value: users.join(" "),
        content: `<details><summary title="${escaped(cut(summary))}">${escaped(cut(summary))}</summary><ul>${detailsOf(copy)}</ul></details>`,
      },
    ],
    { kind: sourceState, state: users.length === 0 ? "unused" : "used" },
  );
}

function detailsOf(copy: Copy): string {
  const { repository, tags, digest, usedBy, referrers, bytes, isIndex, sourceDigest, sourceBecause } = copy;
  const lines = [
    `${repository}:${tags.join(", ")}`,
    digest,
    ...(sourceDigest === undefined ? [] : [`the source's tag names ${sourceDigest} now`]),
    ...(sourceBecause === undefined ? [] : [`the source's tag is not known: ${sourceBecause}`]),
    ...(referrers === 0 ? [] : [`${counted(referrers, "signature or attestation")} kept with it`]),
    ...(isIndex ? [] : [`${costOf(bytes).toFixed(2)} USD a month`]),
    ...usedBy.map(({ place, by }) => `${place}: ${by}`),
  ];
  return lines.map((line) => `<li>${escaped(cut(line))}</li>`).join("");
}

function shortName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

const LENGTH_MAX = 300;

function cut(text: string): string {
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}… (${text.length} characters)`;
}

const STYLE = `
#copies col.image { width: 27%; } #copies col.digest { width: 13%; } #copies col.copied, #copies col.pulled { width: 10%; }
#copies col.state { width: 11%; } #copies col.size { width: 10%; }
@media screen and (max-width: 900px) {
  #copies .digest { display: none; }
}
@media screen and (max-width: 720px) {
  #copies td.image code { white-space: normal; overflow-wrap: anywhere; font-weight: 600; }
  #copies td.copied, #copies td.pulled, #copies td.state, #copies td.size { grid-column: auto; text-align: left; }
  #copies td.copied::before, #copies td.pulled::before, #copies td.state::before, #copies td.size::before { content: attr(data-label); display: block; font-size: 11px; line-height: 14px; color: var(--soft); }
}
`;
