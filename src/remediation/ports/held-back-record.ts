/**
 * What of the operator's kept an attempt from writing, as its result tells.
 *
 * Under the mode `observe`, or under the kill switch, an attempt has tried nothing.
 */

import * as z from "zod";
import type { RemedyCode } from "../../substitution/remedies/remedy.ts";

/** `mode`: the stack or its policy document says observe, and no tag; `kill-switch`: a write was not sent. */
export type HeldBack = "mode" | "kill-switch";

const BY_REMEDY: Readonly<Partial<Record<RemedyCode, HeldBack>>> = {
  "raise-mode": "mode",
  "allow-writes": "kill-switch",
};

const schema = z.object({ remedies: z.array(z.object({ code: z.string() })) });

/** What a remediation's result says kept it from writing; nothing where it names nothing of the kind. */
export function heldBackIn(result: unknown): { readonly heldBackBy?: HeldBack } {
  const read = schema.safeParse(result);
  const found = read.success
    ? read.data.remedies.flatMap(({ code }) => BY_REMEDY[code as RemedyCode] ?? [])
    : [];
  return found[0] === undefined ? {} : { heldBackBy: found[0] };
}
