/** The report's own looks: both colour schemes, a phone, a page of paper. It contains no address. */

export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #16191f; --soft: #5b6472; --line: #dfe3e8; --stripe: #f8f9fb;
  --accent: #1f5fbf; --bar: #3f7fdb; --over: #c4391d; --over-soft: #fbe9e5; --warn: #8a5a00; --warn-soft: #fdf1d8;
  --good: #1b7a45; --good-soft: #e3f4ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #1a2029; --ink: #e8ebf0; --soft: #a0a9b7; --line: #313a47; --stripe: #1e252f;
    --accent: #82b1ff; --bar: #5b95ea; --over: #ff8b73; --over-soft: #3a201b; --warn: #f0bd5b; --warn-soft: #35290f;
    --good: #6fd39b; --good-soft: #15301f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, header.top, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header.top { padding-top: 28px; }
.where { color: var(--soft); font-size: 13px; margin: 0; }
h1 { font-size: 22px; line-height: 1.25; margin: 2px 0 18px; letter-spacing: -0.01em; }
h2 { font-size: 16px; margin: 0 0 4px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 16px; }
.headline { border-left: 5px solid var(--accent); font-size: 18px; line-height: 1.4; font-weight: 600; overflow-wrap: anywhere; }
.headline.high { border-left-color: var(--over); background: var(--over-soft); }
.headline.medium { border-left-color: var(--warn); background: var(--warn-soft); }
.headline.none { border-left-color: var(--good); background: var(--good-soft); }
.headline p { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; margin: 0 0 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.tile.over b { color: var(--over); }
.note { color: var(--soft); font-size: 13px; margin: 0 0 12px; }
ul.note { padding-left: 18px; margin-bottom: 0; }
ul.note li { margin: 3px 0; }

.bars { list-style: none; margin: 14px 0 0; padding: 0; }
.bars li { margin: 0 0 14px; }
.bar-label { display: flex; justify-content: space-between; gap: 12px; font-size: 13px; margin-bottom: 3px; }
.bar-label .address { overflow-wrap: anywhere; }
.bar-label .figure { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
.bar-label .figure.over { color: var(--over); font-weight: 600; }
svg.bar { display: block; width: 100%; height: 18px; }
svg .track { fill: var(--line); opacity: .55; }
svg .load { fill: var(--bar); }
svg .load.over { fill: var(--over); }
svg .limit { stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke; }
svg .limit.account { stroke: var(--soft); stroke-dasharray: 3 3; }
.key { display: flex; flex-wrap: wrap; gap: 6px 18px; color: var(--soft); font-size: 12px; }
.key i { display: inline-block; width: 0; height: 12px; margin-right: 7px; vertical-align: -1px; border-left: 2px solid var(--ink); }
.key i.account { border-left-color: var(--soft); border-left-style: dashed; }
.key i.over { width: 12px; border: 0; background: var(--over); border-radius: 2px; }

.lead { margin: 4px 0 6px; font-weight: 600; overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin: 10px 0 12px; }
.tools label { font-size: 13px; color: var(--soft); }
.tools input, .tools select, .tools button {
  font: inherit; font-size: 14px; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 7px; padding: 6px 10px;
}
.tools input { flex: 1 1 200px; min-width: 0; }
.tools select { max-width: 100%; }
.tools .sort { display: none; }
.tools button { cursor: pointer; }
.tools button:hover { color: var(--accent); border-color: currentColor; }
.tools output { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.unseen { position: fixed; inset: 0 auto auto 0; opacity: 0; }
table { width: 100%; border-collapse: collapse; font-size: 14px; table-layout: fixed; }
#images col.image { width: 26%; } #images col.cluster { width: 11%; } #images col.count { width: 10%; }
#images col.pulls { width: 8%; } #images col.then { width: 8%; }
#workloads col.workload { width: 18%; } #workloads col.cluster { width: 10%; } #workloads col.image { width: 20%; }
#workloads col.account { width: 11%; } #workloads col.as { width: 10%; } #workloads col.pulls { width: 8%; }
th { text-align: left; border-bottom: 2px solid var(--line); padding: 0; font-weight: 600; vertical-align: bottom; line-height: 1.25; }
th button {
  all: unset; box-sizing: border-box; display: block; width: 100%; padding: 8px 10px; cursor: pointer; border-radius: 5px;
}
th button:hover { color: var(--accent); }
th button:focus-visible, .tools :focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
th button::after { content: "\\00a0\\2195"; color: var(--soft); opacity: .6; }
th[aria-sort="ascending"] button::after { content: "\\00a0\\2191"; opacity: 1; color: var(--accent); }
th[aria-sort="descending"] button::after { content: "\\00a0\\2193"; opacity: 1; color: var(--accent); }
td { border-bottom: 1px solid var(--line); padding: 6px 10px; vertical-align: top; line-height: 22px; }
td > *, summary { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
td > details { overflow: visible; white-space: normal; }
tbody tr:nth-child(even) { background: var(--stripe); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td small { color: var(--soft); font-size: 12px; }
.name { font-weight: 600; }
code { font: 13px/22px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code.name-and-tag { display: flex; }
code.name-and-tag span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 3ch; }
code.name-and-tag span:last-child { flex: 0 0 auto; max-width: 70%; min-width: 0; }
.badge { display: inline-block; font-size: 12px; line-height: 18px; border-radius: 99px; padding: 0 8px; border: 1px solid currentColor; }
.badge.skipped { color: var(--over); }
.badge.acts { color: var(--good); }
summary { cursor: pointer; border-radius: 5px; }
summary::before { content: "\\25b8\\00a0"; color: var(--soft); }
details[open] > summary::before { content: "\\25be\\00a0"; }
summary:hover { color: var(--accent); }
details ul { margin: 2px 0 4px; padding-left: 18px; font-size: 12.5px; line-height: 1.5; color: var(--soft); overflow-wrap: anywhere; }
.empty { padding: 12px 10px 0; color: var(--soft); margin: 0; }
footer { color: var(--soft); font-size: 12px; padding-bottom: 32px; }

@media screen and (max-width: 900px) {
  table { font-size: 13px; }
  code { font-size: 12px; }
  td, th button { padding-left: 6px; padding-right: 6px; }
  th button::after { content: none; }
  th[aria-sort="ascending"] button::after { content: " \\2191"; }
  th[aria-sort="descending"] button::after { content: " \\2193"; }
  #workloads .as, #images .count { display: none; }
  #images col.image { width: 29%; } #images col.pulls, #images col.then { width: 12%; }
  #workloads col.plan { width: 34%; }
}
@media screen and (max-width: 720px) {
  main, header.top, footer { padding-left: 12px; padding-right: 12px; }
  header.top { padding-top: 16px; }
  .card { padding: 14px; }
  .headline { font-size: 16px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .tile { padding: 10px 12px; }
  .tools input { flex: 1 1 100%; }
  .tools label { flex: 1 1 100%; margin-bottom: -6px; }
  .tools .sort { display: block; flex: 1; }
  .bar-label { flex-direction: column; gap: 0; }
  .bar-label .figure { white-space: normal; }
  table, tbody, td { display: block; width: 100%; }
  colgroup, thead { display: none; }
  tbody tr {
    display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0 12px;
    border: 1px solid var(--line); border-radius: 9px; padding: 7px 12px; margin-bottom: 8px;
  }
  tbody tr[hidden] { display: none; }
  td { border: 0; padding: 2px 0; grid-column: 1 / -1; line-height: 20px; }
  #images td.image code { font-weight: 600; }
  #images td code { white-space: normal; overflow-wrap: anywhere; display: block; }
  #images td code span { white-space: normal; }
  #images td.cluster, #images td.pulls, #images td.then { grid-column: auto; text-align: left; }
  #workloads td.workload { grid-column: 1 / 3; }
  #workloads td.pulls { grid-column: 3; grid-row: 1; text-align: right; }
  #workloads td.account { grid-column: 1 / -1; }
  #workloads td.cluster { grid-column: 1; }
  #workloads td.image { grid-column: 2 / -1; }
  #images td.cluster::before, #images td.pulls::before, #images td.then::before { content: attr(data-label); display: block; font-size: 11px; line-height: 14px; color: var(--soft); }
  #workloads td.pulls > ::after { content: " pulls"; color: var(--soft); font-size: 12px; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --stripe: #fff; --over: #a02010; --over-soft: #fff; --warn-soft: #fff; --good-soft: #fff; }
  body { font-size: 11px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .headline { font-size: 14px; }
  table { font-size: 10.5px; }
  td, th button { padding: 4px 5px; line-height: 1.4; }
  td > *, summary, code.name-and-tag span { white-space: normal; overflow-wrap: anywhere; }
  code.name-and-tag { display: block; }
  td small, code, .badge { font-size: 9.5px; line-height: 1.4; }
  .tools, th button::after { display: none; }
  summary::before { display: none; }
  .card, .tile { break-inside: avoid; border-color: #bbb; }
  .card.table { break-inside: auto; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
}
`;
