/** Whether a resource policy of ECR lets other accounts in. What is not understood lets them in. */

import { parseArn } from "../../ecs/arn.ts";
import { isList, isObject } from "../../ecs/json-fields.ts";
import type { EcrRepository } from "../../mirrors/facts.ts";
import type { Json } from "../../runtime/json.ts";

export function readersOf(policy: string, account: string): EcrRepository["readers"] {
  let document: Json;
  try {
    document = JSON.parse(policy);
  } catch {
    return "unknown";
  }
  if (!isObject(document)) return "unknown";
  const { Statement = [] } = document;
  const statements = isList(Statement) ? Statement : [Statement];
  const isOwn = statements.every((statement) => {
    if (!isObject(statement)) return false;
    if (statement.Effect === "Deny") return true;
    const { Principal } = statement;
    if (!isObject(Principal) || Object.keys(Principal).some((kind) => kind !== "AWS")) return false;
    const names = isList(Principal.AWS) ? Principal.AWS : [Principal.AWS];
    return names.every(
      (name) => name === account || (typeof name === "string" && parseArn(name)?.account === account),
    );
  });
  return isOwn ? "own-account" : "other-accounts";
}
