/**
 * Whether the roles of a start may do what it asks for, by IAM's simulator and the roles' trust.
 *
 * A simulation proves a denial by the role's own policies, its boundary or the organization; it proves no permission: the
 * policies of repositories, secrets, keys and endpoints, and the real context, are not seen. (IAM, SimulatePrincipalPolicy)
 */

import { parseArn } from "../../ecs/arn.ts";
import { getObject, getObjects, getString, isObject } from "../../ecs/json-fields.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { CauseCode } from "../causes.ts";
import type { Scene } from "../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import type { ResourcePolicyAnswer } from "./resource-policy.ts";

export type Need = {
  readonly id: string;
  readonly actions: readonly string[];
  readonly resource: string;
  readonly code: CauseCode;
  /** The resource may have a policy of its own, which alone would do in one account. */
  readonly hasOwnPolicy: boolean;
  /** What that policy says of the role. */
  readonly said?: ResourcePolicyAnswer | undefined;
  /** What a condition may ask of the request. */
  readonly context?: Readonly<Record<string, string>>;
};

export const ECR_LOGIN: Need = {
  ...{ id: "role.ecr-token", actions: ["ecr:GetAuthorizationToken"], resource: "*" },
  ...{ code: "role-may-not-get-ecr-token", hasOwnPolicy: false },
};

export function ecrPullNeed(resource: string): Need {
  const actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
  return { id: "role.ecr-pull", actions, resource, code: "role-may-not-pull", hasOwnPolicy: true };
}

export async function mayDo(role: string, need: Need, scene: Scene): Promise<StartCheck> {
  const input = {
    ...{ PolicySourceArn: role, ActionNames: need.actions, ResourceArns: [need.resource] },
    ...(need.context === undefined ? {} : { ContextEntries: Object.entries(need.context).map(contextEntry) }),
  };
  const found = await scene.reads.read("iam.SimulatePrincipalPolicy", input);
  const name = nameOf(role);
  if (found.kind === "unread")
    return notChecked(need.id, found, ["iam.SimulatePrincipalPolicy", input, scene.region]);
  if (found.kind === "absent")
    return failed("role.exists", `IAM has no role ${name}`, "task-role-not-assumable", { role: name });
  const results = resultsOf(found.answer, need);
  if (results.length === 0) return unknown(need.id, `IAM judges none of ${need.actions.join(", ")}`);
  const denied = results.find((one) => decisionOf(one, need.resource) !== "allowed");
  if (denied === undefined)
    return passed(need.id, `${name} may ${need.actions.join(", ")} by its own policies`, [need.code]);
  const action = getString(denied, "EvalActionName") ?? "";
  const missing = denied.MissingContextValues;
  const isExplicit = decisionOf(denied, need.resource) === "explicitDeny";
  const context = Array.isArray(missing) ? missing.filter((one) => typeof one === "string") : [];
  if (context.length > 0 && !isExplicit)
    return {
      id: need.id,
      result: "not sure",
      because: `whether ${name} may ${action} depends on ${context.join(", ")}`,
    };
  const by = policyOf(denied);
  // In one account either of the two policies is enough.
  if (need.said === "allowed" && !isExplicit && by === undefined && !isOfOther(need.resource, role))
    return passed(need.id, `the resource's own policy allows ${action} to ${name}`, [need.code]);
  const because = `the policies of ${name} do not allow ${action} on ${need.resource}${by === undefined ? "" : `: ${by}`}`;
  if (need.hasOwnPolicy && !isExplicit && by === undefined && isOfOther(need.resource, role))
    return { id: need.id, result: "not sure", because };
  return failed(need.id, because, need.code, {
    role: name,
    action,
    resource: need.resource,
    ...(by === undefined ? {} : { policy: by }),
  });
}

/** A recorded answer may be about several resources; a live one may name a pattern in place of the only one. */
function resultsOf(answer: JsonObject, { actions, resource }: Need): readonly JsonObject[] {
  const all = getObjects(answer, "EvaluationResults").filter((one) =>
    actions.includes(getString(one, "EvalActionName") ?? ""),
  );
  const own = all.filter((one) => getString(one, "EvalResourceName") === resource);
  return own.length > 0 ? own : all;
}

function decisionOf(result: JsonObject, resource: string): string | undefined {
  const own = getObjects(result, "ResourceSpecificResults").find(
    (one) => getString(one, "EvalResourceName") === resource,
  );
  return (own && getString(own, "EvalResourceDecision")) ?? getString(result, "EvalDecision");
}

function policyOf(result: JsonObject): string | undefined {
  if (getObject(result, "OrganizationsDecisionDetail")?.AllowedByOrganizations === false)
    return "service control policy";
  if (getObject(result, "PermissionsBoundaryDecisionDetail")?.AllowedByPermissionsBoundary === false)
    return "permissions boundary";
  return undefined;
}

function isOfOther(resource: string, role: string): boolean {
  const account = parseArn(resource)?.account;
  return account !== undefined && account !== "" && account !== parseArn(role)?.account;
}

/** Whether ECS may assume the role. @param service `ecs-tasks.amazonaws.com`, or `ecs.amazonaws.com` of an infrastructure role */
export async function trustCheck(
  role: string,
  service: string,
  code: CauseCode,
  scene: Scene,
): Promise<StartCheck> {
  const name = nameOf(role);
  const found = await scene.reads.read("iam.GetRole", { RoleName: name });
  const id = code === "infrastructure-role-not-assumable" ? "role.infrastructure.trust" : "role.task.trust";
  if (found.kind === "unread")
    return notChecked(id, found, ["iam.GetRole", { RoleName: name }, scene.region]);
  if (found.kind === "absent")
    return failed("role.task.exists", `IAM has no role ${name}`, code, { role: name });
  const described = getObject(found.answer, "Role") ?? {};
  const document = documentOf(described.AssumeRolePolicyDocument);
  if (document === undefined || (getString(described, "RoleName") ?? name) !== name)
    return unknown(id, `the trust of ${name} cannot be read`);
  return [service, "*"].some((one) => JSON.stringify(document).includes(`"${one}"`))
    ? passed(id, `${name} trusts ${service}`)
    : failed(id, `${name} does not trust ${service}`, code, { role: name, service });
}

/** IAM answers a text that is encoded as in a URL; the AWS CLI prints the document. */
function documentOf(value: unknown): JsonObject | undefined {
  if (typeof value !== "string") return isObject(value as JsonObject) ? (value as JsonObject) : undefined;
  try {
    const document: JsonObject[string] = JSON.parse(
      value.startsWith("%") ? decodeURIComponent(value) : value,
    );
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function contextEntry([ContextKeyName, value]: readonly [string, string]) {
  return { ContextKeyName, ContextKeyType: "string", ContextKeyValues: [value] };
}

export function nameOf(role: string): string {
  return role.slice(role.lastIndexOf("/") + 1);
}
