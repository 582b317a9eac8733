/** The copies as a table for a reader, then what could not be read. */

import { counted } from "../../text/counted.ts";
import { inMegabytes } from "../output/progress/copy-progress.ts";
import { textTable } from "../output/text-table.ts";
import type { Mirrors } from "./mirrors-line.ts";

type Copy = Mirrors["copies"][number];
const USERS_SHOWN_MAX = 2;

export function formatMirrors({ copies, storage, unread }: Mirrors): readonly string[] {
  const { images, bytes, usdPerMonth, price } = storage;
  const rows = copies.map((copy) => [
    copy.source ?? copy.repository,
    copy.digest.slice("sha256:".length, "sha256:".length + 12),
    day(copy.copiedAt),
    day(copy.pulledAt),
    STATES[copy.sourceState],
    usersOf(copy),
    copy.isIndex ? "index" : inMegabytes(copy.bytes),
  ]);
  return [
    ...(copies.length === 0
      ? ["Repull has made no copy here."]
      : textTable(["Source", "Digest", "Copied", "Last pulled", "Source's tag", "Used by", "Size"], rows)),
    "",
    `${counted(copies.length, "copy").replace(/copys$/, "copies")}; ${counted(images, "image")} under the prefix, ${inMegabytes(bytes)}: ${usdPerMonth.toFixed(2)} USD a month (${price})`,
    ...unread.map((what) => `Not read: ${what}`),
  ];
}

const STATES: Readonly<Record<Copy["sourceState"], string>> = {
  same: "same",
  moved: "moved",
  gone: "gone",
  "by-digest": "by digest",
  unknown: "not known",
};

function day(at: string | undefined): string {
  return at === undefined ? "no record" : at.slice(0, 10);
}

/** Services and tasks first: task definitions without either are the many old ones. */
function usersOf({ usedBy }: Copy): string {
  if (usedBy.length === 0) return "nothing found";
  const order = ["services", "tasks", "functions"];
  const rank = (place: string): number => (order.includes(place) ? order.indexOf(place) : order.length);
  const named = usedBy
    .toSorted((a, b) => rank(a.place) - rank(b.place))
    .map(({ by }) => by.slice(by.lastIndexOf("/") + 1));
  const more = named.length - USERS_SHOWN_MAX;
  return `${named.slice(0, USERS_SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
