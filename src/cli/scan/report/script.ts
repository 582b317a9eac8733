/** The report's own script: sorting by a header, filtering by words and by kind. It asks nobody and keeps nothing. */

export const SCAN_SCRIPT = `
(() => {
  "use strict";
  const table = document.getElementById("workloads");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.querySelectorAll("tr[data-kind]")];
  const none = document.getElementById("none");
  const words = document.getElementById("words");
  const which = document.getElementById("which");
  const shown = document.getElementById("shown");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const headers = [...table.tHead.rows[0].cells];

  const sortBy = (index, direction) => {
    const isNumber = headers[index].classList.contains("number");
    const keyOf = (row) => row.cells[index].dataset.sort;
    const compare = isNumber
      ? (a, b) => Number(keyOf(a)) - Number(keyOf(b))
      : (a, b) => collator.compare(keyOf(a), keyOf(b));
    const sign = direction === "ascending" ? 1 : -1;
    const sorted = rows.map((row, at) => ({ row, at })).sort((a, b) => sign * compare(a.row, b.row) || a.at - b.at);
    const fragment = document.createDocumentFragment();
    for (const { row } of sorted) fragment.append(row);
    body.prepend(fragment);
    headers.forEach((header, at) => header.setAttribute("aria-sort", at === index ? direction : "none"));
  };
  headers.forEach((header, index) => {
    const first = header.classList.contains("number") ? "descending" : "ascending";
    header.querySelector("button").addEventListener("click", () => {
      const now = header.getAttribute("aria-sort");
      const next = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
      sortBy(index, next);
    });
  });

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
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
