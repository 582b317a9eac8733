/** Reads a list of AWS to its end, page by page; what may not be read, or has no end in sight, is said, not thrown. */

import type { Unread } from "../../../network/facts.ts";
import { callAws, toAwsError } from "../aws-error-codes.ts";

export type Page<T> = { readonly items: readonly T[] | undefined; readonly next: string | undefined };

/** As many pages as are worth a look: some thousands of anything. */
const PAGES_MAX = 20;

/** @param action as IAM spells it: the permission that is missing where it is refused */
export async function readPages<T>(
  action: string,
  ask: (token: string | undefined) => Promise<Page<T>>,
): Promise<readonly T[] | Unread> {
  const found: T[] = [];
  let token: string | undefined;
  try {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { items = [], next } = await callAws(action, () => ask(token));
      found.push(...items);
      if (next === undefined || next === "") return found;
      token = next;
    }
  } catch (error) {
    return { unread: action, because: toAwsError(action, error).message.slice(0, 200) };
  }
  return { unread: action, because: `${action}: more than the ${PAGES_MAX} pages that are looked at` };
}
