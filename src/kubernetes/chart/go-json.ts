/** JSON as Helm's `toJson` writes it: members in order of their names, and `<`, `>` and `&` escaped, as Go does for HTML. */

import { isMembers, type Json, type Members } from "../../runtime/json.ts";

export function goJson(value: Json): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isMembers(member) ? inOrder(member) : member,
  ).replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** By bytes, as Go compares; names that differ beyond the basic plane are not met in a policy. */
function inOrder(value: Members): Members {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
