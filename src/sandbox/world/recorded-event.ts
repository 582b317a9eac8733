/**
 * A recorded event as it would have been written in this world.
 *
 * Bytes cannot be made up from a digest, so the sandbox has other digests than the account in which the event was
 * recorded. A text that names a manifest which no registry of the world holds names the tag in its place: taken by the
 * letter, it would name other bytes than the world's own, and nothing could ever be replayed.
 */

import { getObject, getObjects, getString, isList, isObject } from "../../ecs/json-fields.ts";
import { isDigest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import type { Json } from "../../runtime/json.ts";
import type { World } from "./world.ts";

const MANIFEST = /(\/v2\/([a-z0-9][a-z0-9._/-]*)\/manifests\/)(sha(?:256|512):[0-9a-f]+)/g;

/** The same document, its texts in the digests of this world. */
export function recordedEvent<Document extends Json>(
  document: Document,
  { registries }: Pick<World, "registries">,
): Document {
  const isHeld = (path: string, digest: string): boolean =>
    isDigest(digest) && registries.all.some((registry) => registry.manifest(path, digest) !== undefined);
  const detail = isObject(document) ? (getObject(document, "detail") ?? {}) : {};
  const references = getObjects(detail, "containers").flatMap(
    (one) => tryParseReference(getString(one, "image")) ?? [],
  );
  const tagOf = (path: string): string =>
    references.find((reference) => reference.path === path)?.tag ?? "latest";
  const retell = (text: string): string =>
    text.replace(MANIFEST, (whole, before: string, path: string, digest: string) =>
      isHeld(path, digest) ? whole : `${before}${tagOf(path)}`,
    );
  return everyText(document, retell) as Document;
}

function everyText(json: Json, change: (text: string) => string): Json {
  if (typeof json === "string") return change(json);
  if (isList(json)) return json.map((item) => everyText(item, change));
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([member, value]) => [member, everyText(value, change)]),
  );
}
