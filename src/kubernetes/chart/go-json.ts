/** JSON as Helm's `toJson` writes it: members in order of their names, and `<`, `>` and `&` escaped, as Go does for HTML. */

import type { Json } from "../../runtime/json.ts";

export function goJson(value: Json): string {
  return JSON.stringify(value, (_, member: unknown) => (isObject(member) ? inOrder(member) : member)).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By bytes, as Go compares; names that differ beyond the basic plane are not met in a policy. */
function inOrder(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
