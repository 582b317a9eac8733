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
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new InvalidInput(issue?.path.join(".") ?? "", issue?.message ?? "a policy", { cause: read.error });
}

/** Reads the policy from `REPULL_*` settings; what is absent or empty has its default. Throws InvalidInput. */
export function policyFrom(env: Readonly<Record<string, string | undefined>>): Policy {
  const given = (name: string): string | undefined => (env[name]?.trim() === "" ? undefined : env[name]?.trim());
  const settings = {
    strategies: given("REPULL_STRATEGIES")?.split(",").map((name) => name.trim()),
    leastProof: given("REPULL_LEAST_PROOF"),
    mirrorPrefix: given("REPULL_MIRROR_PREFIX"),
    pinning: given("REPULL_PINNING"),
    platforms: given("REPULL_PLATFORMS"),
    mode: given("REPULL_MODE"),
  };
  return readPolicy(Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)));
}
