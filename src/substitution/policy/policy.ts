/**
 * The policy in force: what the document says of behaviour, within what the stack's parameters give rights to.
 *
 * The mode alone is in both: the parameter is a ceiling, which a document, and then tags, can only lower.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { StrategyName } from "../strategy-name.ts";
import { documentSchema, type PolicyDocument } from "./document.ts";
import { parseDocument } from "./parse-document.ts";
import { type PolicyError, policyErrors } from "./policy-errors.ts";
import { DEFAULT_DOCUMENT, type Policy, policyOf } from "./policy-in-force.ts";
import { type Mode, type Rights, rightsIn, type StackSettings, stackSettingsFrom } from "./stack-settings.ts";

export { DEFAULT_DOCUMENT, DEFAULT_POLICY, parseSize, policyOf } from "./policy-in-force.ts";
export { MODES } from "./stack-settings.ts";
export type { Mode, Policy, PolicyDocument, PolicyError, Rights, StackSettings };
export { rightsIn };

/** Reads a document. Throws InvalidInput that names the key and what it may be, and for an unknown key the likely one. */
export function readDocument(value: unknown): PolicyDocument {
  const read = documentSchema.safeParse(value);
  if (read.success) return { ...read.data, strategies: requireEcrCopy(read.data.strategies) };
  const [first] = policyErrors(read.error);
  throw new InvalidInput(first?.path ?? "policy", first?.expected ?? "a policy", { cause: read.error });
}

/** Everything that is wrong with a document; nothing where it is one. */
export function validateDocument(value: unknown): readonly PolicyError[] {
  const read = documentSchema.safeParse(value);
  return read.success ? [] : policyErrors(read.error);
}

/** Reads the text of a policy document. Throws InvalidInput. */
export function readDocumentText(text: string): PolicyDocument {
  return readDocument(parseDocument(text));
}

/**
 * Reads the stack's parameters from the environment of its functions and, where there is one, the text of the policy
 * document; what it does not say has its default. Throws InvalidInput.
 */
export function policyFrom(env: Readonly<Record<string, string | undefined>>, document?: string): Policy {
  const said = document === undefined ? DEFAULT_DOCUMENT : readDocumentText(document);
  return policyOf(said, stackSettingsFrom(env), rightsIn(env));
}

/** What mirror has made is found again as an own copy: the one cannot do without the other. */
function requireEcrCopy(strategies: readonly StrategyName[]): StrategyName[] {
  const once = [...new Set(strategies)];
  if (once.includes("ecr-copy")) return once;
  return once.flatMap((name) => (name === "mirror" ? ["ecr-copy", name] : [name]));
}
