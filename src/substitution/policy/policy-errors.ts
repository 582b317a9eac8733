/** What is wrong with a policy document, in words that name the key and what it may be. */

import type * as z from "zod/mini";
import { suggest } from "../../text/suggest.ts";
import { documentSchema, MEMBERS, patternsSchema } from "./document.ts";
import { RENAMED_KEYS } from "./renamed-keys.ts";

export type PolicyError = { readonly path: string; readonly expected: string };

/** What Zod says before what it expected: we say that it was expected ourselves. */
const LEAD_OF_A_MESSAGE = /^(?:Invalid input|Too small|Too big): expected /;

export function policyErrors(error: z.core.$ZodError): readonly PolicyError[] {
  return error.issues.flatMap((issue) => {
    const parts = issue.path.map(String);
    if (issue.code === "unrecognized_keys") return unknownKeys(parts, issue.keys);
    const path = parts.length === 0 ? "policy" : parts.join(".");
    if (issue.code === "invalid_value") return [{ path, expected: `one of ${issue.values.join(", ")}` }];
    return [{ path, expected: issue.message.replace(LEAD_OF_A_MESSAGE, "") }];
  });
}

/** The keys of one object. Which keys it may have is said once, with the first for which no better word is known. */
function unknownKeys(parts: readonly string[], keys: readonly string[]): readonly PolicyError[] {
  const known = keysAt(parts);
  let isListed = false;
  return keys.map((key) => {
    const path = [...parts, key].join(".");
    const now = RENAMED_KEYS[path];
    if (now !== undefined) return { path, expected: now };
    const likely = suggest(key, known);
    if (likely !== undefined) return { path, expected: `a known key, perhaps ${likely}` };
    const expected = isListed ? "a known key" : `one of the keys ${known.join(", ")}`;
    isListed = true;
    return { path, expected };
  });
}

function keysAt([first, second]: readonly string[]): readonly string[] {
  if (first === undefined) return Object.keys(documentSchema.shape);
  if (first === "scope" && second !== undefined) return Object.keys(patternsSchema.shape);
  return Object.keys((MEMBERS[first] ?? documentSchema).shape);
}
