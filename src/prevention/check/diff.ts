/** An edit of a file as a unified diff. An edit changes words within their lines, so that both sides have the same lines. */

const CONTEXT = 3;

export function diffOf(file: string, before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const changed = old.flatMap((line, at) => (line === now[at] ? [] : [at]));
  const hunks: { from: number; to: number }[] = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    const [from, to] = [Math.max(0, at - CONTEXT), Math.min(old.length, at + CONTEXT + 1)];
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  }
  if (hunks.length === 0) return "";
  const isEnded = old.at(-1) === "";
  const body = hunks.map(({ from, to }) => {
    const end = to === old.length && isEnded ? to - 1 : to;
    const size = end - from;
    const lines = old.slice(from, end).map((_, index) => linesAt(old, now, from + index));
    return `@@ -${from + 1},${size} +${from + 1},${size} @@\n${grouped(lines, to === old.length && !isEnded)}`;
  });
  return `--- a/${file}\n+++ b/${file}\n${body.join("")}`;
}

type Sides = { readonly old: string; readonly now: string; readonly same: boolean };

function linesAt(old: readonly string[], now: readonly string[], at: number): Sides {
  const [one = "", other = ""] = [old[at], now[at]];
  return { old: one, now: other, same: one === other };
}

/** Lines that change next to each other: first what was, then what is. */
function grouped(lines: readonly Sides[], isCut: boolean): string {
  let text = "";
  let added = "";
  for (const [at, { old, now, same }] of lines.entries()) {
    const end = isCut && at === lines.length - 1 ? `\n\\ No newline at end of file\n` : "\n";
    if (same) {
      text += `${added} ${old}${end}`;
      added = "";
    } else {
      text += `-${old}${end}`;
      added += `+${now}${end}`;
    }
  }
  return text + added;
}
