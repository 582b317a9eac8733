/**
 * Which setting of the operator kept an attempt from writing, as its result says.
 *
 * Under the mode `observe`, under the kill switch, or under a closed Change Calendar, an attempt has tried nothing.
 */

import * as z from "zod/mini";
import type { RemedyCode } from "../../substitution/remedies/remedy.ts";

/**
 * `mode`: the stack or its policy document says observe, and no tag; `kill-switch`: a write was not sent; `calendar`: until
 * it opens. One that could not be read names no time, and its attempt counts like any other.
 */
export type HeldBack = "mode" | "kill-switch" | { readonly calendarUntil: number };

const BY_REMEDY: Readonly<Partial<Record<RemedyCode, HeldBack>>> = {
  "raise-mode": "mode",
  "allow-writes": "kill-switch",
};

const schema = z.object({
  remedies: z.array(z.object({ code: z.string(), at: z.optional(z.string()) })),
});

/** What a remediation's result says kept it from writing; nothing where it names nothing of the kind. */
export function heldBackIn(result: unknown): { readonly heldBackBy?: HeldBack } {
  const read = schema.safeParse(result);
  const found = read.success
    ? read.data.remedies.flatMap(({ code, at }) => BY_REMEDY[code as RemedyCode] ?? untilOpen(code, at))
    : [];
  return found[0] === undefined ? {} : { heldBackBy: found[0] };
}

function untilOpen(code: string, at: string | undefined): readonly HeldBack[] {
  const calendarUntil = Date.parse(at ?? "");
  return code === ("open-calendar" satisfies RemedyCode) && !Number.isNaN(calendarUntil)
    ? [{ calendarUntil }]
    : [];
}
