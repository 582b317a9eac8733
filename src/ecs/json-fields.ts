/**
 * Reads members of foreign JSON.
 *
 * ECS leaves members out freely, and a later version may change a type: what is not of the expected
 * type counts as absent, so that one odd member never hides the rest.
 */

import type { Json, JsonObject } from "../runtime/json.ts";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isList(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A text member; an empty text is one. */
export function getString(json: JsonObject, member: string): string | undefined {
  const value = json[member];
  return typeof value === "string" ? value : undefined;
}

/** A number member that is finite. */
export function getNumber(json: JsonObject, member: string): number | undefined {
  const value = json[member];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function getObject(json: JsonObject, member: string): JsonObject | undefined {
  const value = json[member];
  return isObject(value) ? value : undefined;
}

/** The objects of a list member; what is not an object is passed over, what is not a list is empty. */
export function getObjects(json: JsonObject, member: string): readonly JsonObject[] {
  const value = json[member];
  return isList(value) ? value.filter(isObject) : [];
}

/** A moment in milliseconds since the epoch. ECS writes seconds since the epoch; emulators also an ISO 8601 text. */
export function getMoment(json: JsonObject, member: string): number | undefined {
  const value = json[member];
  const milliseconds = typeof value === "string" ? Date.parse(value) : Number(value ?? Number.NaN) * 1000;
  return Number.isFinite(milliseconds) ? milliseconds : undefined;
}

/** The texts of a list member. */
export function getStrings(json: JsonObject, member: string): readonly string[] {
  const value = json[member];
  return isList(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/** The tags of an ECS document, by key. */
export function getTags(json: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    getObjects(json, "tags").flatMap((tag) => {
      const key = getString(tag, "key");
      return key === undefined ? [] : [[key, getString(tag, "value") ?? ""]];
    }),
  );
}

/** The member under its own name where it has a value: for optional members of exact types. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]: Value });
}
