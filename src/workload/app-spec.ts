/**
 * The AppSpec of a CodeDeploy deployment to ECS: which task definition it brings, behind which container and port.
 *
 *     { "version": 0.0, "Resources": [{ "TargetService": { "Type": "AWS::ECS::Service", "Properties": {
 *       "TaskDefinition": "arn:…:task-definition/web:42", "LoadBalancerInfo": { … }, "NetworkConfiguration": { … } } } }],
 *       "Hooks": [{ "AfterAllowTestTraffic": "smoke-test" }] }
 *
 * It is JSON or YAML and is kept as the text that it is: one name in it changes, and not a byte beside that.
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html (read 2026-11)
 */

import { familyAndRevision } from "./arn.ts";

/** The member with its value, quoted or not, in both languages. */
const MEMBER =
  /(?<![\w"'])(?<name>(?<quote>["']?)TaskDefinition\k<quote>\s*:\s*["']?)(?<revision>[^\s"',{}#]+)/g;

/** The revision that an AppSpec names; undefined where it names none, or more than one. */
export function taskDefinitionIn(appSpec: string): string | undefined {
  const found = [...appSpec.matchAll(MEMBER)];
  const revision = found[0]?.groups?.revision;
  if (found.length !== 1 || revision === undefined) return undefined;
  return familyAndRevision(revision) === undefined ? undefined : revision;
}

/** The same AppSpec for another revision; undefined where it cannot be read. */
export function withTaskDefinition(appSpec: string, taskDefinition: string): string | undefined {
  if (taskDefinitionIn(appSpec) === undefined) return undefined;
  return appSpec.replace(MEMBER, (_, name: string) => `${name}${taskDefinition}`);
}
