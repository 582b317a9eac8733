/**
 * What service revisions name. A revision never changes once its digests are resolved, so that each is described once and then
 * remembered, with its service: a service has hundreds of them.
 */

import { getObjects, getString, optional } from "../../ecs/json-fields.ts";
import { isDigest } from "../../image/digest.ts";
import type { ImageUse } from "../../mirrors/facts.ts";
import type { KnownImages } from "../../mirrors/ports.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { EcsLists } from "./ecs-lists.ts";
import { need } from "./whole-list.ts";

/** What is remembered of a service is one item of a table, which takes 400 kB. */
const REMEMBERED_LENGTH_MAX = 300_000;

export type Revisions = {
  readonly uses: readonly ImageUse[];
  /** The ARNs of the task definitions that they are of. */
  readonly taskDefinitions: readonly string[];
};

/**
 * @param known what is known of services, to which it adds what it reads
 * @param newMax how many that are not known one call describes
 */
export async function readServiceRevisions(
  lists: EcsLists,
  services: readonly JsonObject[],
  known: KnownImages,
  newMax: number,
): Promise<Revisions> {
  const all = await lists.revisionsOf(services);
  const lines = new Map<string, string>();
  for (const service of all.keys()) for (const line of known.get(service) ?? []) lines.set(arnIn(line), line);
  const unknown = [...new Set([...all.values()].flat())].filter((arn) => !lines.has(arn));
  const found: JsonObject[] = [...(await lists.describeRevisions(unknown.slice(0, newMax)))];
  const resolved = new Map(
    found.filter(isResolved).map((one) => [getString(one, "serviceRevisionArn") ?? "", lineOf(one)] as const),
  );
  for (const [service, arns] of all) remember(known, service, arns, lines, resolved);
  const left = unknown.length - newMax;
  if (left > 0)
    need<never>({
      unread: "ecs:DescribeServiceRevisions",
      because: `${left} of ${unknown.length + lines.size} service revisions are read by a later run`,
    });
  const told = [...all.values()].flat().flatMap((arn) => lines.get(arn) ?? []);
  return {
    uses: [...told.flatMap(usesOfLine), ...found.flatMap(usesOf)],
    taskDefinitions: [
      ...told.flatMap((line) => line.split(" ")[1] || []),
      ...found.flatMap((one) => getString(one, "taskDefinition") ?? []),
    ],
  };
}

/** What is not listed any more is forgotten. What does not fit is read anew each time. */
function remember(
  known: KnownImages,
  service: string,
  arns: readonly string[],
  lines: ReadonlyMap<string, string>,
  resolved: ReadonlyMap<string, string>,
): void {
  let length = 0;
  const kept = arns
    .flatMap((arn) => lines.get(arn) ?? resolved.get(arn) ?? [])
    .filter((line) => {
      length += line.length + 3;
      return length <= REMEMBERED_LENGTH_MAX;
    });
  const before = known.get(service) ?? [];
  if (kept.length !== before.length || kept.some((line, at) => line !== before[at])) known.set(service, kept);
}

/** Whether each of its containers has the digest that its image meant. */
function isResolved(revision: JsonObject): boolean {
  const images = getObjects(revision, "containerImages");
  const texts = [getString(revision, "serviceRevisionArn"), getString(revision, "taskDefinition")];
  return (
    images.length > 0 &&
    images.every((one) => isDigest(getString(one, "imageDigest"))) &&
    [...texts, ...images.map((one) => getString(one, "image"))].every((text) => text && !text.includes(" "))
  );
}

/** Its ARN, its task definition's, and the images and digests, with spaces between. */
function lineOf(revision: JsonObject): string {
  const images = getObjects(revision, "containerImages");
  return [
    getString(revision, "serviceRevisionArn"),
    getString(revision, "taskDefinition"),
    ...new Set(images.flatMap((one) => [getString(one, "image"), getString(one, "imageDigest")])),
  ].join(" ");
}

function arnIn(line: string): string {
  return line.split(" ")[0] ?? "";
}

function usesOfLine(line: string): readonly ImageUse[] {
  const [by = "", , ...images] = line.split(" ");
  return images.map((image): ImageUse => {
    const use = { place: "service-revisions" as const, by };
    return isDigest(image) ? { ...use, digest: image } : { ...use, image };
  });
}

function usesOf(revision: JsonObject): readonly ImageUse[] {
  const by = getString(revision, "serviceRevisionArn") ?? "";
  return getObjects(revision, "containerImages").map((one) => ({
    place: "service-revisions",
    by,
    ...optional("image", getString(one, "image")),
    ...optional("digest", getString(one, "imageDigest")),
  }));
}
