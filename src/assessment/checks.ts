/** What is asked besides the bytes, as far as an assessment itself can: a cache rule's secret, and the platforms. */

import { printPlatform } from "../image/platform.ts";
import type { Candidate, Check, NotHeld, ProbeResult } from "../substitution/candidate.ts";
import type { RequiredPlatforms } from "./environment.ts";
import { type EcrReads, PortError } from "./ports.ts";

/** What a place says that is of help. */
type Held = Exclude<ProbeResult, NotHeld>;

/** Whether the rule's secret is good, as far as ECR reports beforehand; filling the cache is the proof. */
export async function ruleCheck(
  { pullThroughRule }: Candidate,
  ecr: EcrReads | undefined,
): Promise<Check | undefined> {
  if (pullThroughRule === undefined || ecr === undefined) return undefined;
  try {
    const { isValid, because } = await ecr.validateRule(pullThroughRule.rule);
    return { what: "rule", result: isValid ? "passed" : "failed", because };
  } catch (error) {
    if (!(error instanceof PortError) || error.kind === "throttled") throw error;
    return notChecked("rule", error.message);
  }
}

/** A place without the platform is not found at all; here is said how it is known that it has it. */
export function platformCheck(seen: Held, needed: RequiredPlatforms): Check {
  if (needed.kind === "unknown")
    return notChecked("platform", `${needed.because}: only a copy of the whole image is used`);
  const names = needed.platforms.map(printPlatform).join(" and ");
  const isKnown = seen.kind === "found" && (seen.platformDigest ?? seen.childOf) !== undefined;
  const because = isKnown
    ? `it has ${names}`
    : "it is the same image index or manifest that the tasks ask for";
  return { what: "platform", result: "passed", because };
}

/** What could not be asked holds nothing up. */
export function notChecked(what: Check["what"], because: string): Check {
  return { what, result: "not checked", because };
}

/** What the checks say together: whether those who would pull it get it. */
export type Preflight = "yes" | "no" | "not-sure";

export function preflightOf(checks: readonly Check[]): Preflight {
  if (checks.some(({ result }) => result === "failed")) return "no";
  return checks.some(({ result }) => result === "not checked") ? "not-sure" : "yes";
}
