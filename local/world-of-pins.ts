/**
 * A world made of events whose images are pinned to digests. Bytes cannot be made of a digest: the world has an image of its
 * own under each name, and the events name that one's digest wherever they named theirs.
 */

import { getObject, getObjects, getString, isObject } from "../src/ecs/json-fields.ts";
import { dockerHubName, tryParseReference } from "../src/image/reference.ts";
import type { Json, JsonObject } from "../src/runtime/json.ts";
import { healableWorld } from "../src/sandbox/world/recorded-world.ts";
import { createWorld } from "../src/sandbox/world/world.ts";

export type WorldOfPins = {
  readonly events: readonly Json[];
  readonly world: JsonObject;
  readonly otherDigests: ReadonlyMap<string, string>;
};

const SHORT = 12;

export async function worldOfPins(events: readonly Json[]): Promise<WorldOfPins> {
  /** Image as written → the same by a tag. */
  const tagged = new Map<string, string>();
  for (const container of events.filter(isObject).flatMap((event) => containersOf(event))) {
    const image = getString(container, "image");
    const digest = tryParseReference(image)?.digest;
    if (image === undefined || digest === undefined) continue;
    const [name = "", hex = ""] = image.split(/@sha\d+:/);
    const hasTag = tryParseReference(image)?.tag !== undefined;
    tagged.set(image, hasTag ? name : `${name}:pinned-${hex.slice(0, SHORT)}`);
  }
  const file = healableWorld(replaced(events, tagged));
  const { byHost } = (await createWorld(file)).registries;
  const otherDigests = new Map<string, string>();
  for (const [image, byTag] of tagged) {
    const written = tryParseReference(byTag);
    const reference = written === undefined ? undefined : (dockerHubName(written) ?? written);
    const digest = tryParseReference(image)?.digest;
    const own = reference && byHost.get(reference.host)?.tags(reference.path)[reference.tag ?? "latest"];
    if (digest !== undefined && own !== undefined) otherDigests.set(digest, own);
  }
  return { events: replaced(events, otherDigests), world: file as JsonObject, otherDigests };
}

function containersOf(event: JsonObject): readonly JsonObject[] {
  return getObjects(getObject(event, "detail") ?? {}, "containers");
}

/** The same documents with other words for these. */
function replaced(events: readonly Json[], words: ReadonlyMap<string, string>): readonly Json[] {
  let text = JSON.stringify(events);
  for (const [from, to] of words) text = text.replaceAll(from, to);
  return JSON.parse(text) as Json[];
}
