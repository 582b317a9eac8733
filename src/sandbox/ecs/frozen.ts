/** JSON that many may hold and none can change: what leaves the sandbox is shared, not copied for each that looks. */

import type { Json } from "../../runtime/json.ts";

/** Freezes it through and through, and answers it. */
export function frozen<T extends Json>(json: T): T {
  if (typeof json === "object" && json !== null && !Object.isFrozen(json)) {
    Object.freeze(json);
    for (const member of Object.values(json)) frozen(member);
  }
  return json;
}
