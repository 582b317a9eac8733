/** Reports on workloads what has become of the tags that they name, as Kubernetes Events. Nothing that runs has changed. */

import type { MovedTag, RefreshReport } from "../../mirrors/refresh/refresh-report.ts";
import type { TellOwner } from "../events.ts";
import type { TagInUse } from "./tags-in-use.ts";

const OWNERS_TOLD = 5;

const LOST = {
  "source-gone": "its registry has no such tag any more",
  "source-refused": "its registry refuses, as it does for a repository that was deleted",
  "source-unreadable": "its registry has not answered three times in a row",
} as const;

/** @param tags those in use, by canonical name */
export async function tellRefresh(
  { moved, lost, back }: RefreshReport,
  tags: ReadonlyMap<string, TagInUse>,
  tellOwner: TellOwner,
): Promise<void> {
  const tell = async (source: string, event: Pick<Parameters<TellOwner>[0], "type" | "reason" | "note">) => {
    for (const owner of (tags.get(source)?.owners ?? []).slice(0, OWNERS_TOLD))
      await tellOwner({ ...owner, action: "Refreshing", ...event });
  };
  for (const one of moved)
    if (one.isNews || one.copy.kind === "copied")
      await tell(one.source, { type: "Normal", reason: "ImageTagMoved", note: noteOfMoved(one) });
  for (const { source, code, isNews } of lost)
    if (isNews)
      await tell(source, {
        type: "Warning",
        reason: "ImageSourceLost",
        note: `${source} can no longer be pulled: ${LOST[code]}. Its copies in ECR stay, and healing uses them.`,
      });
  for (const source of back)
    await tell(source, {
      type: "Normal",
      reason: "ImageSourceFound",
      note: `${source} can be pulled from its registry again.`,
    });
}

function noteOfMoved({ source, from, to, copy, images }: MovedTag): string {
  const now = `${source} names other bytes now: ${to}, and its copy has ${from}. Nothing that runs changes; new revisions get what the tag names.`;
  const because = "because" in copy && copy.because !== undefined ? `: ${copy.because}` : "";
  if (copy.kind === "copied")
    return `${now} ${images.length === 0 ? "The new bytes are in ECR." : `The new bytes are in ECR: ${images.join(", ")}.`}`;
  return `${now} The new bytes are not in ECR yet (${copy.kind}${because}).`;
}
