/**
 * What Repull's tags say of the images that a service runs, the newest first: those of its revision, and of the revisions before
 * it that Repull made for this service. A remediation of one container leaves the copies of the others as they are, and its
 * revision has no tags for those.
 */

import type { Service } from "../../ecs/service/service.ts";
import {
  parseTags,
  type SubstitutedImage,
  serviceTag,
  wholeRevision,
} from "../../ecs/task-definition/provenance-tags.ts";
import { containersOf, type DescribedTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../../image/reference.ts";
import type { Ports } from "../../remediation/ports/ports.ts";

/** More changes of one service in a row are rare, and tags can be written by others: no more than a loop of them. */
const REVISIONS_MAX = 5;

/** Asks for former revisions only while a digest is named that no tag explains. Throws AwsError. */
export async function marksOf(
  { clusterArn, name, taskDefinition }: Service,
  described: DescribedTaskDefinition,
  { ecs }: Pick<Ports, "ecs">,
): Promise<readonly SubstitutedImage[]> {
  const digests = containersOf(described.taskDefinition).flatMap(
    ({ image }) => tryParseReference(image)?.digest ?? [],
  );
  const marks: SubstitutedImage[] = [];
  let tags = described.tags;
  for (let seen = 1; seen <= REVISIONS_MAX; seen++) {
    const marker = parseTags(tags);
    if (marker?.service !== serviceTag(clusterArn, name)) break;
    marks.push(...marker.images);
    const isExplained = digests.every((digest) => marks.some((mark) => mark.digest === digest));
    if (isExplained || marker.previousRevision === undefined) break;
    const former = wholeRevision(marker.previousRevision, taskDefinition);
    tags = (await ecs.describeTaskDefinition(former))?.tags ?? [];
  }
  return marks;
}
