/** JSON as TypeScript sees it, and as it comes from elsewhere, where a value may have any form. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** The members of an object that others wrote: each may be missing, or of any type. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of a value; none where it is not an object. */
export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {};
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** The value of a text; undefined where it is not JSON, as one that was cut off is not. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
