/**
 * Whether a revision that ECS describes is what we would register, member for member.
 *
 * Tags say who made a revision, and anyone who may register one can write them: a revision is taken for ours only if
 * nothing in it is another's. ECS keeps some lists without an order; of those the order does not count.
 */

import { tryParseReference } from "../../image/reference.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { getString, isList, isObject } from "../json-fields.ts";
import { type DescribedTaskDefinition, OUTPUT_ONLY_MEMBERS } from "./task-definition.ts";

/** Lists of pairs, and of words, that ECS treats as sets. */
const UNORDERED = new Set(["environment", "secrets", "tags", "requiresCompatibilities"]);

/**
 * @param registrable as it would be sent to RegisterTaskDefinition, its tags included
 * @param anyValue keys of tags whose values need not agree
 */
export function isSameDefinition(
  { taskDefinition, tags }: DescribedTaskDefinition,
  registrable: JsonObject,
  anyValue: readonly string[] = [],
): boolean {
  const described = Object.fromEntries(
    Object.entries(taskDefinition).filter(([member]) => !OUTPUT_ONLY_MEMBERS.includes(member)),
  );
  const told = tags.filter(({ key }) => !/^aws:/i.test(key)).map(({ key, value }) => ({ key, value }));
  const texts = [{ ...described, tags: told }, registrable].map((one) =>
    JSON.stringify(comparable(one, anyValue)),
  );
  return texts[0] === texts[1];
}

/** What a substitute may change in addition to its tags: where images come from, and with what they are pulled. */
const CHANGED_OF_CONTAINER: readonly string[] = ["image", "repositoryCredentials"];

/** Whether two revisions are the same but for where their images come from; their tags do not count. */
export function isSameButImages(one: JsonObject, other: JsonObject): boolean {
  const [a, b] = [one, other].map((definition) => JSON.stringify(comparable(withoutImages(definition), [])));
  return a === b;
}

/** Whether two revisions run the same: the same but for where their images come from, and each image names the same digest. */
export function runsTheSame(one: JsonObject, other: JsonObject): boolean {
  const [a, b] = [digestsOf(one), digestsOf(other)];
  return a !== undefined && a === b && isSameButImages(one, other);
}

/** Undefined where an image has a tag only: a name may have moved between the two. */
function digestsOf({ containerDefinitions = [] }: JsonObject): string | undefined {
  const containers = isList(containerDefinitions) ? containerDefinitions.filter(isObject) : [];
  const digests = containers.map(
    (container) => tryParseReference(getString(container, "image") ?? "")?.digest,
  );
  return digests.length === 0 || digests.includes(undefined) ? undefined : digests.join(" ");
}

function withoutImages(definition: JsonObject): JsonObject {
  const { executionRoleArn: _, tags: __, containerDefinitions = [], ...rest } = definition;
  const kept = Object.entries(rest).filter(([member]) => !OUTPUT_ONLY_MEMBERS.includes(member));
  const containers = isList(containerDefinitions) ? containerDefinitions.filter(isObject) : [];
  return {
    ...Object.fromEntries(kept),
    containerDefinitions: containers.map((container) =>
      Object.fromEntries(Object.entries(container).filter(([key]) => !CHANGED_OF_CONTAINER.includes(key))),
    ),
  };
}

function comparable(value: Json, anyValue: readonly string[], member = ""): Json {
  if (isList(value)) {
    const items = value.map((item) => comparable(item, anyValue));
    return UNORDERED.has(member) ? items.map((item) => JSON.stringify(item)).toSorted() : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, comparable(inner, anyValue, key)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  const object = Object.fromEntries(entries);
  return anyValue.includes(getString(object, "key") ?? "") ? { ...object, value: null } : object;
}
