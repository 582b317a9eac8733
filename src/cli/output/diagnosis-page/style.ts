/** The page's own looks: both colour schemes, a phone, a page of paper. It contains no address. */

export const DIAGNOSIS_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #16191f; --soft: #545d6a; --line: #c3cad3; --accent: #1f5fbf;
  --over: #b5321a; --over-soft: #fbe9e5; --warn: #7d5200; --warn-soft: #fdf1d8; --good: #1b7a45; --good-soft: #e3f4ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #1a2029; --ink: #e8ebf0; --soft: #a7b0bd; --line: #45505f; --accent: #82b1ff;
    --over: #ff9a85; --over-soft: #3a201b; --warn: #f0bd5b; --warn-soft: #35290f; --good: #6fd39b; --good-soft: #15301f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, header.top, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header.top { padding-top: 28px; }
.where, .note, footer { color: var(--soft); font-size: 13px; margin: 0; }
footer { padding-bottom: 28px; }
h1 { font-size: 22px; line-height: 1.25; margin: 2px 0 18px; }
h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 16px; margin: 0 0 6px; overflow-wrap: anywhere; }
.diagnosis { margin: 0 0 36px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 14px; }
.headline { border-left: 5px solid var(--accent); }
.headline p { margin: 2px 0 0; }
.headline.high { border-left-color: var(--over); background: var(--over-soft); }
.headline.medium { border-left-color: var(--warn); background: var(--warn-soft); }
.headline.none { border-left-color: var(--good); background: var(--good-soft); }
.headline .note { color: var(--ink); }
.proved { color: var(--over); }
.likely { color: var(--warn); }
code, pre { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 8px 10px; margin: 6px 0 0; }
dl { display: grid; grid-template-columns: 72px minmax(0, 1fr); gap: 8px 12px; margin: 12px 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
a { color: var(--accent); }
.quote { margin: 10px 0 0; overflow-wrap: anywhere; font-size: 13px; }
.quote span { color: var(--soft); }
.checks { margin: 0; padding-left: 18px; font-size: 13px; }
.checks li { margin: 3px 0; overflow-wrap: anywhere; }

.path { list-style: none; display: flex; gap: 22px; margin: 12px 0 4px; padding: 0; }
.path li {
  position: relative; flex: 1 1 0; min-width: 0; border: 2px solid var(--line); border-radius: 8px; padding: 8px 9px;
  background: var(--card); overflow-wrap: anywhere; font-size: 13px; line-height: 1.35;
}
.path li + li::before {
  content: ""; position: absolute; left: -24px; top: 50%; width: 22px; border-top: 2px solid var(--line);
}
.path b, .path span, .path em { display: block; }
.path span { color: var(--soft); font-size: 12px; }
.path em { font-style: normal; font-weight: 600; font-size: 12px; }
.path .before { border-color: var(--good); }
.path .before + li::before { border-top-color: var(--good); }
.path .broken { border-color: var(--over); background: var(--over-soft); }
.path .broken em { color: var(--over); }
.path .perhaps { border-color: var(--warn); background: var(--warn-soft); }
.path .perhaps em { color: var(--warn); }
.path .after { border-style: dashed; }
.path .after b, .path .after em { color: var(--soft); font-weight: 400; }
.path .broken + li::before, .path .perhaps + li::before, .path .after + li::before { border-top-style: dashed; }

@media (max-width: 820px) {
  .path { flex-direction: column; gap: 16px; }
  .path li + li::before { left: 24px; top: -18px; width: 0; height: 16px; border-top: 0; border-left: 2px solid var(--line); }
  .path .before + li::before { border-left-color: var(--good); }
  dl { grid-template-columns: minmax(0, 1fr); gap: 2px; }
  dd + dt { margin-top: 8px; }
}
@media print { body { background: #fff; } .card { break-inside: avoid; } }
`;
