/**
 * Reads a list of AWS to its very end, or says that it did not: what is missing from it may be what uses an image.
 *
 * A list ends where an answer has no token. A token that is not a text or comes a second time, an answer without its list, a
 * refusal and a list of endless pages are all `Unread`.
 */

import { isList, isObject } from "../../ecs/json-fields.ts";
import type { Read, Unread } from "../../network/facts.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { toAwsError } from "../client/aws-error-codes.ts";

const PAGES_MAX = 1_000;
const BECAUSE_LENGTH_MAX = 200;

type Names = {
  /** The member of the answer that is the list. */
  readonly list: string;
  /** The member of the answer that is the token; absent: nextToken. */
  readonly token?: string;
};

/** @param action as IAM spells it: the permission that is missing where it is refused */
export async function wholeList(
  action: string,
  { list, token: tokenName = "nextToken" }: Names,
  ask: (token: string | undefined) => Promise<JsonObject>,
): Promise<Read<Json>> {
  const found: Json[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    let answer: JsonObject;
    try {
      answer = await ask(token);
    } catch (error) {
      return unread(action, error);
    }
    const items = answer[list];
    if (!isList(items)) return { unread: action, because: `${action}: no ${list} in an answer` };
    found.push(...items);
    const next = answer[tokenName] ?? "";
    if (typeof next !== "string") return { unread: action, because: `${action}: a token is not a text` };
    if (next === "") return found;
    token = next;
    if (seen.has(token)) return { unread: action, because: `${action}: a page came twice` };
    seen.add(token);
  }
  return { unread: action, because: `${action}: more than ${PAGES_MAX} pages` };
}

/** What an error leaves unread. */
function unread(action: string, error: unknown): Unread {
  return { unread: action, because: toAwsError(action, error).message.slice(0, BECAUSE_LENGTH_MAX) };
}

export function isUnread<T>(read: Read<T>): read is Unread {
  return "unread" in read;
}

/** Thrown to leave a chain of reads; `readable` makes it a value. */
class Stop extends Error {
  readonly unread: Unread;
  constructor(reason: Unread) {
    super(reason.because);
    this.unread = reason;
  }
}

/** The list, or an end of the chain of reads that it is part of. */
export function need<T>(read: Read<T>): readonly T[] {
  if (isUnread(read)) throw new Stop(read);
  return read;
}

/** A chain of reads: its list, or what of it was not read. */
export async function readable<T>(action: string, read: () => Promise<readonly T[]>): Promise<Read<T>> {
  try {
    return await read();
  } catch (error) {
    return error instanceof Stop ? error.unread : unread(action, error);
  }
}

/** The members of a list that must all be objects: one that is left out may be what uses an image. */
export function objectsIn(action: string, items: readonly Json[]): readonly JsonObject[] {
  if (items.every(isObject)) return items;
  throw new AwsError("unavailable", action, `${action}: an item is not an object`);
}

/** The same for texts. */
export function textsIn(action: string, items: readonly Json[]): readonly string[] {
  if (items.every((item) => typeof item === "string")) return items;
  throw new AwsError("unavailable", action, `${action}: an item is not a text`);
}

/** In groups of at most so many. */
export function groupsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
