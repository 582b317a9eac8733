/** A clean-up as lines for a reader: what goes, went or goes later with the command that undoes it, then why the rest is kept. */

import { counted } from "../../text/counted.ts";
import { inMegabytes } from "../output/progress/copy-progress.ts";
import { textTable } from "../output/text-table.ts";
import type { Prune } from "./prune-line.ts";

/** A code that this release does not know is printed as it is. */
const WORDS: Readonly<Record<string, string>> = {
  unread: "a list could not be read",
  "clocks-differ": "the services of AWS do not agree on the time",
  "cluster-not-reported": "a cluster of EKS does not report its images",
  "cluster-not-listed": "a cluster reports its images, and EKS does not list it",
  "schedule-not-understood": "how long a schedule rests is not known",
  "execution-runs": "Repull is at work, and may need a copy",
  "not-a-copy": "no tag of Repull names it",
  "repository-not-ours": "Repull did not create the repository",
  "repository-shared": "other accounts may pull from the repository, or its policy is not understood",
  "foreign-tag": "it has a tag that Repull did not make",
  "platforms-unknown": "an index next to it could not be read",
  archived: "it is archived",
  "no-pull-recorded": "ECR has recorded no pull of it",
  "pulled-lately": "it was pulled lately",
  "pushed-lately": "it was pushed lately",
  used: "something uses it",
  "vouches-for-copies": "it vouches for a copy that is kept",
  "too-many-digests": "it has more digests than one run deletes",
  "marked-now": "unused; looked at again in a day",
  "changed-since-mark": "it has changed since it was marked",
  "marked-lately": "unused; marked less than a day ago",
  "next-run": "unused; a later run marks or deletes it",
};

export function formatPrune({ kind, because, deleted, marked, kept, failed }: Prune): readonly string[] {
  const verb = kind === "dry-run" ? "Would delete" : "Deleted";
  const bytes = deleted.reduce((sum, one) => sum + one.bytes, 0);
  const digests = deleted.reduce((sum, one) => sum + one.digests.length, 0);
  const none = kind === "pruned" || kind === "dry-run" ? "nothing" : "nothing, because it did not start";
  return [
    deleted.length === 0
      ? `${verb} ${none}${because === undefined ? "" : `: ${because}`}`
      : `${verb} ${counted(digests, "digest")}, ${inMegabytes(bytes)}:`,
    ...deleted.flatMap(({ repository, digest, tags, undo }) => [
      `  ${repository}:${tags[0] ?? ""}  ${digest}`,
      ...undoLines(undo),
    ]),
    ...failed.map((one) => `Not deleted: ${one.repository}@${one.digest}: ${one.because}`),
    ...(marked.length === 0
      ? []
      : ["", "Unused. With Mirrors=prune, each goes at a second look a day after the first:"]),
    ...marked.flatMap(({ repository, digest, undo }) => [`  ${repository}@${digest}`, ...undoLines(undo)]),
    ...keptTable(kept),
  ];
}

function undoLines(undo: readonly string[] | undefined): readonly string[] {
  return undo === undefined ? [] : [`    undo: ${undo.join(" ")}`];
}

function keptTable(kept: Prune["kept"]): readonly string[] {
  const rows = Object.entries(kept).map(([code, count]) => [String(count), WORDS[code] ?? code]);
  return rows.length === 0 ? [] : ["", ...textTable(["Kept", "Why"], rows)];
}
