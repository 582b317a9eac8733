/**
 * The policy in force: what the document says of behaviour, within what the stack's parameters give rights to.
 *
 * The mode alone is in both: the parameter is a ceiling, which a document, and then tags, can only lower.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { StrategyName } from "../strategy-name.ts";
import { documentSchema, MODES, type Mode, type PolicyDocument } from "./document.ts";
import { parseDocument } from "./parse-document.ts";
import { type PolicyError, policyErrors } from "./policy-errors.ts";
import {
  DEFAULT_STACK_SETTINGS,
  type Rights,
  rightsIn,
  type StackSettings,
  stackSettingsFrom,
} from "./stack-settings.ts";

export type { Mode, PolicyDocument, PolicyError, Rights, StackSettings };
export { MODES, rightsIn };

export type Policy = PolicyDocument & StackSettings;

export const DEFAULT_DOCUMENT: PolicyDocument = documentSchema.parse({});

export const DEFAULT_POLICY: Policy = { ...DEFAULT_DOCUMENT, ...DEFAULT_STACK_SETTINGS };

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

/** The policy of a document, within the rights of a stack. */
export function policyOf(document: PolicyDocument, stack: StackSettings, { mode }: Rights = {}): Policy {
  const ceiling = mode === undefined ? 0 : MODES.indexOf(mode);
  const strictest = MODES[Math.max(ceiling, MODES.indexOf(document.mode))] ?? document.mode;
  return { ...document, ...stack, mode: strictest };
}

/**
 * Reads the stack's parameters from the environment of its functions and, where there is one, the text of the policy
 * document; what it does not say has its default. Throws InvalidInput.
 */
export function policyFrom(env: Readonly<Record<string, string | undefined>>, document?: string): Policy {
  const said = document === undefined ? {} : parseDocument(document);
  return policyOf(readDocument(said), stackSettingsFrom(env), rightsIn(env));
}

const BYTES_OF = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `200GB` as bytes, of a size that the policy takes. */
export function parseSize(size: string): number {
  const unit = size.slice(-2) as keyof typeof BYTES_OF;
  return Number(size.slice(0, -2)) * BYTES_OF[unit];
}

/** What mirror has made is found again as an own copy: the one cannot do without the other. */
function requireEcrCopy(strategies: readonly StrategyName[]): StrategyName[] {
  const once = [...new Set(strategies)];
  if (once.includes("ecr-copy")) return once;
  return once.flatMap((name) => (name === "mirror" ? ["ecr-copy", name] : [name]));
}
