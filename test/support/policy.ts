/** A policy in force, from what a test says of the document's keys and of the stack's parameters, side by side. */

import type * as z from "zod";
import type { documentSchema } from "../../src/substitution/policy/document.ts";
import { type Policy, policyOf, readDocument } from "../../src/substitution/policy/policy.ts";
import { DEFAULT_STACK_SETTINGS, type StackSettings } from "../../src/substitution/policy/stack-settings.ts";

/** What is not said has its default. */
export type SaidPolicy = z.input<typeof documentSchema> & Partial<StackSettings>;

/** Throws InvalidInput for what is not a policy. */
export function readPolicy(said: object): Policy {
  const { mirrorPrefix, dockerHubSecret, standaloneTasks, schedules, ...document } =
    said as Partial<StackSettings>;
  const stack = Object.fromEntries(
    Object.entries({ mirrorPrefix, dockerHubSecret, standaloneTasks, schedules }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return policyOf(readDocument(document), { ...DEFAULT_STACK_SETTINGS, ...stack });
}
