/** `--rights` of a command: the permissions that it needs, as an IAM policy to attach, or as one line of JSON. */

import { jsonLine } from "./json-line.ts";

/** @param actions `ecs:ListTasks`, each once */
export function permissions(actions: readonly string[], json: boolean): string {
  const Statement = [{ Effect: "Allow", Action: actions, Resource: "*" }];
  const policy = { Version: "2012-10-17", Statement };
  return json ? jsonLine("permissions", { policy }) : `${JSON.stringify(policy, undefined, 2)}\n`;
}
