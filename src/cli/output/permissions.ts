/** `--rights` of a command: the permissions that it needs, as an IAM policy to attach, or as one line of JSON. */

import { jsonLine } from "./json-line.ts";

/** A statement of its own: for what may not be allowed on everything. */
export type Permission = {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: object;
};

/** @param actions `ecs:ListTasks`, each once */
export function permissions(
  actions: readonly string[],
  json: boolean,
  bounded: readonly Permission[] = [],
): string {
  const Statement = [{ Effect: "Allow", Action: actions, Resource: "*" }, ...bounded];
  const policy = { Version: "2012-10-17", Statement };
  return json ? jsonLine("permissions", { policy }) : `${JSON.stringify(policy, undefined, 2)}\n`;
}
