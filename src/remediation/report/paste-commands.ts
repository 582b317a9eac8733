/**
 * The commands with which a person carries out a plan that Repull may not write: pasted as they are, into any shell
 * with the AWS CLI and jq, AWS CloudShell for example.
 *
 * They follow the rules of Repull's own writes: of a task definition only the image, and how it is pulled, changes; of a
 * deployment's AppSpec only the task definition. What is not known is not dropped.
 */

import { OUTPUT_ONLY_MEMBERS } from "../../ecs/task-definition/task-definition.ts";
import { parseReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import { needsExecutionRole, plannedReference } from "../../substitution/needs-execution-role.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";

/** The shell variable that carries the new revision's ARN from the first command to the second. */
const REVISION = "REVISION";

/** The member of an AppSpec with its value, quoted or not, in JSON and in YAML; \u0027 is the quote that ends a shell's word. */
const APP_SPEC_MEMBER = `(?<name>\\"?TaskDefinition\\"?\\\\s*:\\\\s*[\\"\\u0027]?)[^\\\\s\\"\\u0027,{}#]+`;

/** Registers a copy of a revision that runs the plan's images, and keeps its ARN. */
export function registerCommand(
  revision: string,
  images: readonly ImagePlan[],
  executionRole?: string,
): string {
  const changes = images.flatMap((plan) =>
    plan.containers.flatMap((name) => {
      const members = changedMembers(plan);
      const container = `(.containerDefinitions[] | select(.name == ${JSON.stringify(name)}))`;
      return members.map((change) => change(container));
    }),
  );
  const role =
    executionRole === undefined || !images.some(needsExecutionRole)
      ? []
      : [`.executionRoleArn //= ${JSON.stringify(executionRole)}`];
  const owned = `([.tags[]? | select(.key | test("^(?:aws:|repull:(?!mode *$))"; "i") | not)] | if . == [] then {} else {tags: .} end)`;
  const filter = [
    `.taskDefinition + ${owned}`,
    `del(${OUTPUT_ONLY_MEMBERS.map((member) => `.${member}`).join(", ")})`,
    ...changes,
    ...role,
  ].join(" | ");
  const region = regionFlag(revision);
  const input = `aws ecs describe-task-definition --task-definition ${revision} --include TAGS${region} --output json | jq ${shellWord(filter)}`;
  return `${REVISION}=$(aws ecs register-task-definition --cli-input-json "$(${input})"${region} --query taskDefinition.taskDefinitionArn --output text)`;
}

/** Has CodeDeploy deploy it as it deployed before: the same application, group, traffic settings and AppSpec. */
export function createDeploymentCommand(deployment: string, revision: string): string {
  const filter = [
    ".deploymentInfo",
    `((.revision.appSpecContent // .revision.string).content // error("its AppSpec lies in a bucket: deploy a copy of it with the new task definition")) as $appSpec`,
    `{applicationName, deploymentGroupName, deploymentConfigName, revision: {revisionType: "AppSpecContent", appSpecContent: {content: ($appSpec | sub("${APP_SPEC_MEMBER}"; .name + $revision))}}}`,
  ].join(" | ");
  const region = regionFlag(revision);
  const input = `aws deploy get-deployment --deployment-id ${deployment}${region} --output json | jq --arg revision "$${REVISION}" ${shellWord(filter)}`;
  return `aws deploy create-deployment --cli-input-json "$(${input})"${region}`;
}

type Change = (container: string) => string;

/** As `reviseTaskDefinition` does it: another registry's credentials go with its image. */
function changedMembers({ image, substitute }: ImagePlan): readonly Change[] {
  const secret = substitute?.candidate.secret;
  const place = plannedReference(substitute);
  if (place === undefined) return [];
  const { host } = parseReference(place);
  const staysThere = tryParseReference(image)?.host === host && registryOf(host).kind !== "ecr";
  return [
    (container) => `${container}.image = ${JSON.stringify(place)}`,
    ...(secret !== undefined
      ? [
          (container: string) =>
            `${container}.repositoryCredentials = {credentialsParameter: ${JSON.stringify(secret)}}`,
        ]
      : staysThere
        ? []
        : [(container: string) => `del(${container}.repositoryCredentials)`]),
  ];
}

/** `arn:aws:ecs:eu-west-1:…`: the region of what the commands are about, whatever the shell's own is. */
function regionFlag(arn: string): string {
  const region = /^arn:[^:]+:ecs:(?<region>[a-z0-9-]+):/.exec(arn)?.groups?.region;
  return region === undefined ? "" : ` --region ${region}`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
