/**
 * Whether the roles of a start may do what it asks for, by IAM's simulator and the roles' trust.
 *
 * A simulation proves a denial by the role's own policies, its boundary or the organization; it proves no permission: the
 * policies of repositories, secrets, keys and endpoints, and the real context, are not seen. (IAM, SimulatePrincipalPolicy)
 */

import { parseArn } from "../../ecs/arn.ts";
import { getObject, getString, isObject } from "../../ecs/json-fields.ts";
import { ECR_PULL_ACTIONS, judge, simulationOf } from "../../iam/simulation.ts";
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
  /** Keys that the request is known not to have, and the check that reports where a statement asks for one. */
  readonly lacks?: { readonly keys: RegExp; readonly id: string };
};

export const ECR_LOGIN: Need = {
  id: "role.ecr-token",
  actions: ["ecr:GetAuthorizationToken"],
  resource: "*",
  code: "role-may-not-get-ecr-token",
  hasOwnPolicy: false,
};

export function ecrPullNeed(resource: string): Need {
  return {
    id: "role.ecr-pull",
    actions: ECR_PULL_ACTIONS,
    resource,
    code: "role-may-not-pull",
    hasOwnPolicy: true,
  };
}

export async function mayDo(role: string, need: Need, scene: Scene): Promise<StartCheck> {
  const { actions, resource, context, lacks } = need;
  const question = {
    role,
    actions,
    resource,
    ...(context === undefined ? {} : { context }),
    ...(lacks === undefined ? {} : { lacks: lacks.keys }),
  };
  const input = simulationOf(question);
  const found = await scene.reads.read("iam.SimulatePrincipalPolicy", input);
  const name = nameOf(role);
  if (found.kind === "unread")
    return notChecked(need.id, found, ["iam.SimulatePrincipalPolicy", input, scene.region]);
  if (found.kind === "absent")
    return failed("role.exists", `IAM has no role ${name}`, "task-role-not-assumable", { role: name });
  const judged = judge(found.answer, question);
  if (judged.kind === "allowed")
    return passed(need.id, `${name} may ${actions.join(", ")} by its own policies`, [need.code]);
  if (judged.kind === "unknown")
    return judged.context === undefined
      ? unknown(need.id, `${name}: ${judged.because}`)
      : { id: need.id, result: "not sure", because: `${name}: ${judged.because}` };
  const { action, isExplicit, by, statementOf, lacking } = judged;
  // In one account either of the two policies is enough.
  if (need.said === "allowed" && !isExplicit && by === undefined && !isOfOther(need.resource, role))
    return passed(need.id, `the resource's own policy allows ${action} to ${name}`, [need.code]);
  const because = isExplicit
    ? `${statementOf ?? by ?? "a statement"} denies ${name} ${action} on ${resource}`
    : `the policies of ${name} do not allow ${action} on ${resource}${by === undefined ? "" : `: ${by}`}`;
  const mayBeAllowed = need.said === "not-sure" || isOfOther(need.resource, role);
  if (need.hasOwnPolicy && !isExplicit && by === undefined && mayBeAllowed)
    return { id: need.id, result: "not sure", because };
  const isByLack = lacking !== undefined && lacks !== undefined && by === undefined;
  return failed(
    isByLack ? lacks.id : need.id,
    isByLack ? `${because}: they ask for ${lacking.join(", ")}` : because,
    need.code,
    {
      role: name,
      action,
      resource: need.resource,
      ...(by === undefined ? {} : { policy: by }),
      ...(isExplicit ? { explicit: "yes" } : {}),
      ...(isByLack ? { condition: lacking.join(", ") } : {}),
    },
  );
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

export function nameOf(role: string): string {
  return role.slice(role.lastIndexOf("/") + 1);
}
