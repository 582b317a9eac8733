/** Lists of AWS, page by page: as many as are asked for, and a token that names where the next page begins. */

import { getNumber, getString } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";

export type Page<T> = { readonly items: readonly T[]; readonly next: { readonly nextToken?: string } };

/** @param most what the operation gives at once where nothing is asked for */
export function pageOf<T>(all: readonly T[], input: JsonObject, most = 100): Page<T> {
  const from = Number(getString(input, "nextToken") ?? 0);
  const to = from + Math.max(1, Math.min(most, getNumber(input, "maxResults") ?? most));
  return { items: all.slice(from, to), next: to < all.length ? { nextToken: String(to) } : {} };
}
