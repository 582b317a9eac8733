/** The pieces that the tables of a page share. */

import { escaped } from "../../../text/escape-html.ts";

export type Column = { readonly title: string; readonly key: string; readonly isNumber?: boolean };

export type Cell = {
  /** What it is sorted and copied by. */
  readonly value: string | number;
  /** HTML; absent: the value. */
  readonly content?: string;
};

/** A table whose header sorts, and whose rows the script filters and copies. */
export function table(id: string, columns: readonly Column[], rows: readonly string[]): string {
  const heads = columns.map(
    ({ title, key, isNumber }) =>
      `<th scope="col" class="${key}${isNumber ? " number" : ""}" aria-sort="none"><button type="button">${escaped(title)}</button></th>`,
  );
  return `<table id="${id}">
<colgroup>${columns.map(({ key }) => `<col class="${key}">`).join("")}</colgroup>
<thead><tr>${heads.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

/** One row; `facts` are what a filter goes by. */
export function tableRow(
  columns: readonly Column[],
  cells: readonly Cell[],
  facts: Readonly<Record<string, string>> = {},
): string {
  const data = Object.entries(facts).map(([name, value]) => ` data-${name}="${escaped(value)}"`);
  const tds = cells.map(({ value, content }, index) => {
    const { title = "", key = "", isNumber = false } = columns[index] ?? {};
    const text = escaped(String(value));
    return `<td class="${key}${isNumber ? " number" : ""}" data-label="${escaped(title)}" data-value="${text}">${content ?? `<span title="${text}">${text}</span>`}</td>`;
  });
  return `<tr${data.join("")}>${tds.join("")}</tr>`;
}

/**
 * An image in one line that may be cut: in its path, because its tag is what a reader looks for.
 *
 * @param full what the tooltip has, where `image` is shorter
 */
export function imageName(image: string, full = image): string {
  const tag = /(?:[:@][^/:@]+)+$/.exec(image.slice(image.lastIndexOf("/") + 1))?.[0] ?? "";
  const path = image.slice(0, image.length - tag.length);
  return `<code class="name-and-tag" title="${escaped(full)}"><span>${escaped(path)}</span><span>${escaped(tag)}</span></code>`;
}

/** The controls over a table: sorting where its header is not shown, a copy of it, and how it went. */
export function tools(id: string, columns: readonly Column[], more = ""): string {
  const options = columns.map(({ title }, index) => `<option value="${index}">${escaped(title)}</option>`);
  return `<div class="tools" data-for="${id}">${more}<select class="sort" aria-label="Sort by"><option value="">Sort by</option>${options.join("")}</select><button type="button" class="copy">Copy as CSV</button><output></output></div>`;
}
