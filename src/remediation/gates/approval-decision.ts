/**
 * An operator's answer to an approval request: a word, a name, and perhaps a reason.
 *
 *     {"decision": "deny", "by": "Ada", "because": "the payment freeze"}
 *
 * The name is what the one who answers says of themselves; that they may answer at all is IAM's matter.
 */

import * as z from "zod/mini";
import { optional } from "../../ecs/json-fields.ts";
import { normalizeText } from "../../pull-failure/normalize-text.ts";
import { tryParseJson } from "../../runtime/json.ts";
import type { CallbackResult } from "../../runtime/steps.ts";

export const decisionSchema = z.object({
  kind: z.enum(["approved", "denied", "expired"]),
  by: z.optional(z.string()),
  because: z.optional(z.string()),
});

export type Decision = z.infer<typeof decisionSchema>;

const BY_LENGTH_MAX = 200;
const BECAUSE_LENGTH_MAX = 500;
const NAMELESS = "an unnamed operator";

const answerSchema = z.object({
  decision: z.enum(["approve", "deny"]),
  by: z.optional(z.string()),
  because: z.optional(z.string()),
});

/** What an answer says; undefined for one that cannot be understood, which approves nothing. */
export function parseDecision(answer: CallbackResult): Decision | undefined {
  if (answer.kind === "expired") return { kind: "expired" };
  if (answer.kind === "failed")
    return {
      kind: "denied",
      by: NAMELESS,
      ...optional("because", short(answer.because, BECAUSE_LENGTH_MAX)),
    };
  const read = answerSchema.safeParse(tryParseJson(answer.text));
  if (!read.success) return undefined;
  const { decision, by, because } = read.data;
  return {
    kind: decision === "approve" ? "approved" : "denied",
    by: short(by, BY_LENGTH_MAX) ?? NAMELESS,
    ...optional("because", short(because, BECAUSE_LENGTH_MAX)),
  };
}

/** The answer that says it. */
export function serializeDecision({ kind, by, because }: Decision): string {
  return JSON.stringify({ decision: kind === "approved" ? "approve" : "deny", by, because });
}

/** Why a result of a remediation is a denial: its deployment is not tried again. */
export function denialReason(result: unknown): string | undefined {
  const read = z.object({ because: z.string(), decision: decisionSchema }).safeParse(result);
  return read.success && read.data.decision.kind === "denied" ? read.data.because : undefined;
}

/** Foreign text that many people read: one line, without secrets, and not long. */
function short(text: string | undefined, lengthMax: number): string | undefined {
  const plain = normalizeText(text ?? "").slice(0, lengthMax);
  return plain === "" ? undefined : plain;
}
