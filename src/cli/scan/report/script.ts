/**
 * The report's own script: sorting by a header, filtering by words and by kind, a copy of what is shown as CSV. It sends
 * no request and keeps nothing. Its rules for a cell of CSV are those of csv.ts.
 */

export const REPORT_SCRIPT = `
(() => {
  "use strict";
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const csvCell = (value, isNumber) => {
    if (isNumber) return value;
    const text = /^[=+\\-@\\t\\r]/.test(value) ? "'" + value : value;
    return /[",\\r\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  const copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "unseen";
      document.body.append(area);
      area.select();
      const isCopied = document.execCommand("copy");
      area.remove();
      return isCopied;
    }
  };

  for (const tools of document.querySelectorAll(".tools")) {
    const table = document.getElementById(tools.dataset.for);
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const headers = [...table.tHead.rows[0].cells];
    const said = tools.querySelector("output");
    const isNumber = (index) => headers[index].classList.contains("number");

    const sortBy = (index, direction) => {
      const keyOf = (row) => row.cells[index].dataset.value;
      const compare = isNumber(index)
        ? (a, b) => Number(keyOf(a)) - Number(keyOf(b))
        : (a, b) => collator.compare(keyOf(a), keyOf(b));
      const sign = direction === "ascending" ? 1 : -1;
      const sorted = rows.map((row, at) => ({ row, at })).sort((a, b) => sign * compare(a.row, b.row) || a.at - b.at);
      const fragment = document.createDocumentFragment();
      for (const { row } of sorted) fragment.append(row);
      body.prepend(fragment);
      headers.forEach((header, at) => header.setAttribute("aria-sort", at === index ? direction : "none"));
    };
    const firstOf = (index) => (isNumber(index) ? "descending" : "ascending");
    headers.forEach((header, index) => {
      header.querySelector("button").addEventListener("click", () => {
        const now = header.getAttribute("aria-sort");
        sortBy(index, now === "none" ? firstOf(index) : now === "ascending" ? "descending" : "ascending");
      });
    });
    const choice = tools.querySelector(".sort");
    choice.addEventListener("change", () => {
      if (choice.value !== "") sortBy(Number(choice.value), firstOf(Number(choice.value)));
    });

    tools.querySelector(".copy").addEventListener("click", async () => {
      const shown = [...body.rows].filter((row) => !row.hidden);
      const lines = [
        headers.map((header) => csvCell(header.textContent, false)),
        ...shown.map((row) => [...row.cells].map((cell, index) => csvCell(cell.dataset.value, isNumber(index)))),
      ];
      const isCopied = await copyText(lines.map((line) => line.join(",") + "\\n").join(""));
      said.textContent = isCopied ? shown.length + (shown.length === 1 ? " row copied" : " rows copied") : "The browser does not allow it";
    });
  }

  const words = document.getElementById("words");
  if (!words) return;
  const which = document.getElementById("which");
  const none = document.getElementById("none");
  const tools = words.closest(".tools");
  const rows = [...document.getElementById(tools.dataset.for).tBodies[0].rows];
  const shown = tools.querySelector("output");
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = [...row.cells].map((cell) => cell.dataset.value).concat(row.textContent).join(" ").toLowerCase();
      const fits = (which.value === "" || row.dataset.kind === which.value || row.dataset.state === which.value)
        && wanted.every((word) => text.includes(word));
      row.hidden = !fits;
      if (fits) count += 1;
    }
    none.hidden = count > 0;
    shown.textContent = count + " of " + rows.length;
  };
  words.addEventListener("input", filter);
  which.addEventListener("change", filter);
  filter();
})();
`;
