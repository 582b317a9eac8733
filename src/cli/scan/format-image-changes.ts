/** The images to change, as a sentence that says how far the first few of them go, and as CSV. */

import { busiestAddress, type ImageChange } from "../../scan/image-changes.ts";
import { formatNotScanned } from "../../scan/not-scanned.ts";
import { ANONYMOUS_PULLS } from "../../scan/peak-pulls.ts";
import type { Scan } from "../../scan/scan.ts";
import { counted, grouped } from "../../text/counted.ts";
import { csvOf } from "./csv.ts";

/** How many of the images have to be changed; undefined where nothing has to be, or no change is known. */
export function changesSentence({ imageChanges, addresses }: Scan): string | undefined {
  const before = busiestAddress(addresses)?.pullsPerAddress ?? 0;
  const possible = imageChanges.filter(({ to }) => to !== undefined);
  const last = possible.at(-1);
  if (last === undefined || before === 0) return undefined;
  const enough = possible.findIndex(({ busiestAddressAfter }) => busiestAddressAfter <= ANONYMOUS_PULLS);
  const isOver = before > ANONYMOUS_PULLS;
  const count = isOver && enough >= 0 ? enough + 1 : possible.length;
  const after = possible[count - 1]?.busiestAddressAfter ?? before;
  const which = count === 1 ? "the first image" : `the first ${counted(count, "image")}`;
  return isOver && enough >= 0
    ? `Change ${which}, and the busiest address needs ${counted(after, "anonymous pull")} instead of ${grouped(before)}: within the ${ANONYMOUS_PULLS} that Docker Hub grants.`
    : `Change ${count === 1 ? "this image" : `these ${counted(count, "image")}`}, and the busiest address needs ${counted(after, "anonymous pull")} instead of ${grouped(before)}.`;
}

/** Where an image may be changed to; a dash where the policy names no place. */
export function changeTo({ to }: ImageChange): string {
  return to?.place ?? "–";
}

const CSV_HEADER = [
  "image",
  "change to",
  "strategy",
  "clusters",
  "workloads",
  "pulls saved in six hours",
  "still needed by the busiest address",
] as const;

/** A file is read without the errors that were printed next to it: where something was not scanned, a last column says so. */
export function imageChangesAsCsv({
  imageChanges,
  notScanned = [],
}: Pick<Scan, "imageChanges" | "notScanned">): string {
  const isWhole = notScanned.length === 0;
  const rest = CSV_HEADER.map(() => "");
  return csvOf([
    [...CSV_HEADER, ...(isWhole ? [] : ["not scanned"])],
    ...imageChanges.map((change) => [
      change.image,
      change.to?.place ?? "",
      change.to?.strategy ?? "",
      change.clusters.join(" "),
      change.workloads.join("; "),
      change.to === undefined ? 0 : change.pulls,
      change.busiestAddressAfter,
      ...(isWhole ? [] : [""]),
    ]),
    ...notScanned.map((one) => [...rest, formatNotScanned(one)]),
  ]);
}
