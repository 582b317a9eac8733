/** An installation's values over the chart's, as Helm merges them: objects by their members, `null` takes a default away. */

import type { Json, JsonObject } from "../../runtime/json.ts";

export function mergeValues(defaults: JsonObject, given: JsonObject): JsonObject {
  const names = new Set([...Object.keys(defaults), ...Object.keys(given)]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const [before, after] = [own(defaults, name), own(given, name)];
      if (after === null) return [];
      if (after === undefined) return before === undefined ? [] : [[name, before] as const];
      return [[name, isObject(before) && isObject(after) ? mergeValues(before, after) : after] as const];
    }),
  );
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
