/**
 * What the owner decided once, so that nobody has to decide at 3 a.m.
 *
 * Read from stack parameters through the environment; an unknown word is an error that lists the known ones.
 */

import * as z from "zod";
import { InvalidInput } from "../image/invalid-input.ts";
import { PROOFS } from "./proof.ts";

export const STRATEGY_NAMES = ["own-copy", "public-mirror", "fresh-mirror"] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

const policySchema = z.strictObject({
  /** Which strategies may be used, in order of preference. */
  strategies: z
    .array(z.enum(STRATEGY_NAMES))
    .min(1)
    .default([...STRATEGY_NAMES]),
  /** The weakest proof that the bytes are the owner's that a change may rest on. */
  leastProof: z.enum(PROOFS).default("same-platform"),
  /** Copies in ECR live in `<prefix>/<registry host>/<path>`. */
  mirrorPrefix: z
    .string()
    .regex(/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/, "an ECR repository prefix such as repull")
    .max(80)
    .default("repull"),
  /** Whether a substitute is written by the digest that was proved, or by a tag. */
  pinning: z.enum(["digest", "tag"]).default("digest"),
  /** What a fresh copy holds: the platform that the task needs, or every platform of the image. */
  platforms: z.enum(["task", "all"]).default("task"),
  /** `observe` plans and reports, and writes nothing. */
  mode: z.enum(["remediate", "observe"]).default("remediate"),
});

export type Policy = z.infer<typeof policySchema>;

export const DEFAULT_POLICY: Policy = policySchema.parse({});

/** Reads a policy. Throws InvalidInput that names the setting and what it may be. */
export function readPolicy(settings: unknown): Policy {
  const read = policySchema.safeParse(settings);
  if (read.success) return { ...read.data, strategies: withOwnCopies(read.data.strategies) };
  const issue = read.error.issues[0];
  const member = issue?.path[0];
  const setting = member === undefined ? "policy" : (SETTINGS[member as keyof Policy] ?? String(member));
  throw new InvalidInput(setting, expectation(issue), { cause: read.error });
}

/** What fresh-mirror has made is found again as an own copy: the one cannot do without the other. */
function withOwnCopies(strategies: readonly StrategyName[]): StrategyName[] {
  const once = [...new Set(strategies)];
  if (once.includes("own-copy")) return once;
  return once.flatMap((name) => (name === "fresh-mirror" ? ["own-copy", name] : [name]));
}

function expectation(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "invalid_value") return `one of ${issue.values.join(", ")}`;
  return issue?.message ?? "a policy";
}

const SETTINGS: Readonly<Record<keyof Policy, string>> = {
  strategies: "REPULL_STRATEGIES",
  leastProof: "REPULL_LEAST_PROOF",
  mirrorPrefix: "REPULL_MIRROR_PREFIX",
  pinning: "REPULL_PINNING",
  platforms: "REPULL_PLATFORMS",
  mode: "REPULL_MODE",
};

/** Reads the policy from `REPULL_*` settings; what is absent or empty has its default. Throws InvalidInput. */
export function policyFrom(env: Readonly<Record<string, string | undefined>>): Policy {
  const given = Object.entries(SETTINGS).flatMap(([member, setting]) => {
    const value = env[setting]?.trim();
    if (value === undefined || value === "") return [];
    return [[member, member === "strategies" ? value.split(",").map((name) => name.trim()) : value]];
  });
  return readPolicy(Object.fromEntries(given));
}
