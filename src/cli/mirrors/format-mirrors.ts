/** The copies as a table for a reader, then what could not be read. */

import { counted } from "../../text/counted.ts";
import { inMegabytes } from "../output/progress/copy-progress.ts";
import { textTable } from "../output/text-table.ts";
import type { Mirrors } from "./mirrors-line.ts";
import { namesOfUsers } from "./names-of-users.ts";

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

/** The day of a moment, as a table shows it. */
export function day(at: string | undefined): string {
  return at === undefined ? "no record" : at.slice(0, 10);
}

function usersOf({ usedBy }: Copy): string {
  const names = namesOfUsers(usedBy);
  if (names.length === 0) return "nothing found";
  const more = names.length - USERS_SHOWN_MAX;
  return `${names.slice(0, USERS_SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
