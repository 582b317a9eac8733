/**
 * Whether the policy of a VPC endpoint allows an action on a resource, as far as the document alone says.
 *
 * A denial goes before everything; a condition that is not ours to judge makes the answer uncertain, never a no.
 */

import { takes } from "./wildcard.ts";

export type PolicyAnswer = "allowed" | "refused" | "not-sure";

export type Statement = Readonly<Record<string, unknown>>;

/** @param policy the document as text; absent: the default one, which allows all */
export function askEndpointPolicy(
  policy: string | undefined,
  { action, resource }: { readonly action: string; readonly resource: string },
): PolicyAnswer {
  if (policy === undefined) return "allowed";
  const statements = statementsIn(policy);
  if (statements === undefined) return "not-sure";
  const fitting = statements.filter(
    (statement) =>
      fits(statement, "Action", "NotAction", action, true) &&
      fits(statement, "Resource", "NotResource", resource, false),
  );
  const isCertain = (statement: Statement): boolean =>
    statement.Condition === undefined && isEverybody(statement.Principal);
  const [denials, allowances] = ["Deny", "Allow"].map((effect) =>
    fitting.filter(({ Effect }) => Effect === effect),
  );
  if (denials?.some(isCertain)) return "refused";
  if (allowances === undefined || allowances.length === 0) return "refused";
  if (denials !== undefined && denials.length > 0) return "not-sure";
  return allowances.some(isCertain) ? "allowed" : "not-sure";
}

export function statementsIn(policy: string): readonly Statement[] | undefined {
  try {
    const { Statement } = JSON.parse(policy) as { readonly Statement?: unknown };
    const listed: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return listed.filter((one): one is Statement => typeof one === "object" && one !== null);
  } catch {
    return undefined;
  }
}

/** @param inverse the member that names what is left out */
export function fits(
  statement: Statement,
  member: string,
  inverse: string,
  asked: string,
  ignoresCase: boolean,
): boolean {
  const some = (patterns: unknown): boolean =>
    [patterns].flat().some((pattern) => typeof pattern === "string" && matches(pattern, asked, ignoresCase));
  if (statement[member] !== undefined) return some(statement[member]);
  return statement[inverse] !== undefined && !some(statement[inverse]);
}

function matches(pattern: string, asked: string, ignoresCase: boolean): boolean {
  // What is asked for may itself be all that begins so: the bucket's `/*`.
  if (pattern === asked) return true;
  return ignoresCase ? takes(pattern.toLowerCase(), asked.toLowerCase()) : takes(pattern, asked);
}

export function isEverybody(principal: unknown): boolean {
  if (principal === undefined || principal === "*") return true;
  if (typeof principal !== "object" || principal === null || !("AWS" in principal)) return false;
  return [principal.AWS].flat().includes("*");
}
