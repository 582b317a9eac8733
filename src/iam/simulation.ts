/**
 * What IAM's policy simulator is asked, and what its answer comes to: once, for the checks before a change, those of `repull doctor`
 * and those of a diagnosis.
 *
 * It proves a denial by the role's own policies, its boundary or the organization. Where a statement asks for a key of the request
 * that nothing gave, and where IAM did not judge each action, nothing is proved either way. With a list of resources the keys that
 * are missing stand with each resource. (IAM, API_EvaluationResult, API_ResourceSpecificResult, read 2026-11)
 */

import { getObject, getObjects, getString } from "../ecs/json-fields.ts";
import type { Json, JsonObject } from "../runtime/json.ts";

export type Question = {
  /** The ARN of the role. */
  readonly role: string;
  readonly actions: readonly string[];
  readonly resource: string;
  /** What the request itself would say: `kms:ViaService`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Keys that the request is known not to have, such as a tag that the resource lacks: what depends on them is decided. */
  readonly lacks?: RegExp;
};

export type Judgement =
  | { readonly kind: "allowed" }
  | {
      readonly kind: "refused";
      readonly action: string;
      /** A statement denies it, so that no other policy can allow it. */
      readonly isExplicit: boolean;
      /** What else than the role's own policies refuses it. */
      readonly by?: "service control policy" | "permissions boundary";
      /** The policy whose statement denies it. */
      readonly statementOf?: string;
      /** Keys that its statements ask for, and the request lacks. */
      readonly lacking?: readonly string[];
    }
  | {
      readonly kind: "unknown";
      readonly because: string;
      /** The keys of the request that it depends on. */
      readonly context?: readonly string[];
    };

/** What a pull from a private repository of ECR asks for, after the login. (AmazonECR/…/image-push-iam.html, read 2026-11) */
export const ECR_PULL_ACTIONS = [
  "ecr:BatchGetImage",
  "ecr:GetDownloadUrlForLayer",
  "ecr:BatchCheckLayerAvailability",
] as const;

/** The input of SimulatePrincipalPolicy. An action that is limited to ARNs is refused on `*`: the resource is always named. */
export function simulationOf({ role, actions, resource, context = {} }: Question) {
  const entries = Object.entries(context).map(([ContextKeyName, value]) => ({
    ContextKeyName,
    ContextKeyType: "string" as const,
    ContextKeyValues: [value],
  }));
  return {
    PolicySourceArn: role,
    ActionNames: [...actions],
    ResourceArns: [resource],
    ...(entries.length === 0 ? {} : { ContextEntries: entries }),
  };
}

/** @param answer of SimulatePrincipalPolicy; a recorded one may be about several roles and resources */
export function judge(answer: JsonObject, question: Question): Judgement {
  const { actions, resource, lacks } = question;
  const results = actions.map((action) => resultFor(action, answer, question));
  const refused = results.find((one) => one !== undefined && decisionOf(one, resource) !== "allowed");
  if (refused === undefined) {
    const missing = actions.find((_, index) => results[index] === undefined);
    return missing === undefined
      ? { kind: "allowed" }
      : { kind: "unknown", because: `IAM does not judge ${missing}` };
  }
  const action = getString(refused, "EvalActionName") ?? "";
  const isExplicit = decisionOf(refused, resource) === "explicitDeny";
  const missing = contextMissing(refused, resource);
  const context = missing.filter((key) => lacks?.test(key) !== true);
  if (context.length > 0 && !isExplicit)
    return { kind: "unknown", because: `whether it may ${action} depends on ${context.join(", ")}`, context };
  const by = policyOf(refused, resource);
  const statementOf = isExplicit ? statementIn(refused, resource) : undefined;
  return {
    kind: "refused",
    action,
    isExplicit,
    ...(by === undefined ? {} : { by }),
    ...(statementOf === undefined ? {} : { statementOf }),
    ...(missing.length === 0 || isExplicit ? {} : { lacking: missing }),
  };
}

/** A live answer may name a pattern in place of the only resource; what names another ARN is about that. */
function resultFor(action: string, answer: JsonObject, { role, resource }: Question): JsonObject | undefined {
  const all = getObjects(answer, "EvaluationResults").filter(
    (one) =>
      getString(one, "EvalActionName") === action && (getString(one, "PolicySourceArn") ?? role) === role,
  );
  return (
    all.find((one) => getString(one, "EvalResourceName") === resource) ??
    all.find((one) => !namesOther(getString(one, "EvalResourceName")))
  );
}

function namesOther(resource: string | undefined): boolean {
  return resource?.startsWith("arn:") === true && !/[*?$]/.test(resource);
}

function specificOf(result: JsonObject, resource: string): JsonObject | undefined {
  return getObjects(result, "ResourceSpecificResults").find(
    (one) => getString(one, "EvalResourceName") === resource,
  );
}

function decisionOf(result: JsonObject, resource: string): string | undefined {
  const own = specificOf(result, resource);
  return (own && getString(own, "EvalResourceDecision")) ?? getString(result, "EvalDecision");
}

function contextMissing(result: JsonObject, resource: string): readonly string[] {
  const listed = (value: Json | undefined) =>
    Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  const own = specificOf(result, resource);
  return [...new Set([...listed(own?.MissingContextValues), ...listed(result.MissingContextValues)])];
}

function policyOf(result: JsonObject, resource: string) {
  if (getObject(result, "OrganizationsDecisionDetail")?.AllowedByOrganizations === false)
    return "service control policy";
  const detail =
    getObject(specificOf(result, resource) ?? {}, "PermissionsBoundaryDecisionDetail") ??
    getObject(result, "PermissionsBoundaryDecisionDetail");
  return detail?.AllowedByPermissionsBoundary === false ? "permissions boundary" : undefined;
}

function statementIn(result: JsonObject, resource: string): string | undefined {
  const [first] = [
    ...getObjects(specificOf(result, resource) ?? {}, "MatchedStatements"),
    ...getObjects(result, "MatchedStatements"),
  ];
  return first && getString(first, "SourcePolicyId");
}
