/** A copy as `repull mirror` prints it for a reader. */

import { formatPulls } from "../../oci/client/rate-limit.ts";
import type { CopyRequest, CopyResult } from "../../oci/copy/types.ts";
import { inMegabytes } from "../output/progress/copy-progress.ts";

/** @param alsoTagged further tags that name the copy */
export function formatCopy(
  { target }: CopyRequest,
  result: CopyResult,
  alsoTagged: readonly string[],
  seconds: number,
): string {
  const { requests, quota, foreignLayers = [], platforms = [], referrers } = result;
  const there = `${target.host}/${target.path}${result.tag === undefined ? "" : `:${result.tag}`}`;
  const several = platforms.length > 1 ? platforms : [];
  const { tagMovedFrom } = result;
  const known = tagMovedFrom === undefined ? "Already there:" : "Moved the tag";
  const lines = [
    `${result.alreadyPresent ? known : "Copied to"} ${there}`,
    `  digest    ${result.digest}`,
    ...(alsoTagged.length === 0 ? [] : [`  tags      ${alsoTagged.map((tag) => `:${tag}`).join(" ")}`]),
    ...(tagMovedFrom === undefined ? [] : [`  before    ${tagMovedFrom}`]),
    ...several.map(
      ({ platform, digest, tag }) => `  ${platform.padEnd(9)} ${digest}${tag ? ` :${tag}` : ""}`,
    ),
    ...(result.sourceDigest === result.digest ? [] : [`  of image  ${result.sourceDigest}`]),
    `  blobs     ${result.blobsMoved} moved (${inMegabytes(result.bytesMoved)}), ${result.blobsSkipped} there before, ${result.blobsMounted} mounted`,
    `  requests  ${requests.source} to the source, ${requests.target} to the target, ${seconds.toFixed(1)} s`,
  ];
  if (result.proof === "refused") lines.push("  proof     the target would not keep the image's index");
  if (referrers !== undefined) {
    const before = referrers.filter(({ alreadyPresent }) => alreadyPresent).length;
    lines.push(`  referrers ${referrers.length - before} copied, ${before} there before`);
  }
  if (foreignLayers.length > 0) {
    lines.push(`  foreign   ${foreignLayers.length} layers stay at their publisher's address`);
  }
  if (quota !== undefined) {
    lines.push(`  quota     ${formatPulls(quota)} left at the source`);
  }
  return `${lines.join("\n")}\n`;
}
