/**
 * What CloudFormation asks a Lambda hook: the properties of one resource, or the address of a stack's template or change
 * set. Read with tolerance: what is not understood is not evaluated.
 *
 * https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html (read 2026-11)
 */

import { getObject, getString, isObject } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";

export const TASK_DEFINITION = "AWS::ECS::TaskDefinition";

export type HookRequest = {
  /** Given back as it came; the guide spells its name in two ways. */
  readonly token: string;
} & (
  | { readonly kind: "resource"; readonly logicalId: string; readonly properties: JsonObject }
  /** A pre-signed URL of S3: what it leads to is for its bearer. */
  | { readonly kind: "stored"; readonly url: string }
  | { readonly kind: "other"; readonly code: "deletion" | "other-resource" | "malformed" }
);

export function readHookRequest(event: unknown): HookRequest {
  const request = isObject(event as Json) ? (event as JsonObject) : {};
  const token = getString(request, "clientRequestToken") ?? getString(request, "clientRequesttoken") ?? "";
  const other = (code: "deletion" | "other-resource" | "malformed"): HookRequest => ({
    token,
    kind: "other",
    code,
  });
  if (getString(request, "actionInvocationPoint")?.startsWith("DELETE") === true) return other("deletion");
  const data = getObject(request, "requestData");
  if (data === undefined) return other("malformed");
  const url = getString(data, "payload");
  if (url !== undefined) return { token, kind: "stored", url };
  const properties = getObject(getObject(data, "targetModel") ?? {}, "resourceProperties");
  if (properties === undefined) return other("malformed");
  if (getString(data, "targetName") !== TASK_DEFINITION) return other("other-resource");
  return { token, kind: "resource", logicalId: getString(data, "targetLogicalId") ?? "", properties };
}
