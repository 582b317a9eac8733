/**
 * Which checks can decide between the causes that the words leave, and no others: each costs calls of the account. Without
 * any words, as for a service that has not failed yet, all that a start needs is checked.
 */

import { parseArn } from "../../ecs/arn.ts";
import { getString } from "../../ecs/json-fields.ts";
import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import { tryParseReference } from "../../image/reference.ts";
import { isUnread } from "../../network/facts.ts";
import type { CauseCode, Hypothesis } from "../causes.ts";
import { executionRoleOf, imagesOf, isUnknown, type Scene } from "../scene.ts";
import { failed, notChecked, type StartCheck } from "./check.ts";
import { imageChecks } from "./image-checks.ts";
import { networkChecks } from "./network-checks.ts";
import { neededTargets, toldTargets } from "./network-targets.ts";
import { addressChecks, efsChecks, instanceChecks } from "./place-checks.ts";
import { ECR_LOGIN, ecrPullNeed, mayDo, trustCheck } from "./role-checks.ts";
import { logChecks, secretChecks, secretsOf } from "./secret-checks.ts";

type Area =
  | "network"
  | "image"
  | "pull-role"
  | "secrets"
  | "logs"
  | "addresses"
  | "instances"
  | "efs"
  | "task-role";

/** What of an account decides on a cause; words that are certain are proof enough, and only their ids are looked up. */
const AREAS: readonly (readonly [codes: RegExp, ...areas: readonly Area[]])[] = [
  [
    /^(?:no-way-to|instance-has|s3-|sg-|public-subnet|endpoint-security|network-acl|dns-fails|registry-token|registry-refuses)/,
    "network",
  ],
  [/^(?:tag-not|repository-missing|digest-of|pull-denied|pull-through-cache-may|image-of-other)/, "image"],
  [/^(?:pull-denied|role-may|digest-of)/, "pull-role"],
  [
    /^(?:secret-missing|parameter-missing|registry-credentials|execution-role-may-not-(?:read-[sp]|decrypt))/,
    "secrets",
  ],
  [/^(?:log-|execution-role-may-not-(?:write|create))/, "logs"],
  [/^(?:subnet-out|eni-)/, "addresses"],
  [/^(?:no-instance|no-container|capacity-provider|placement|container-agent)/, "instances"],
  [/^efs-/, "efs"],
  [/^task-role/, "task-role"],
];
const ALL: readonly Area[] = [
  "network",
  "image",
  "pull-role",
  "secrets",
  "logs",
  "addresses",
  "efs",
  "task-role",
];
const IMAGES_MAX = 5;

export async function checksFor(
  hypotheses: readonly Hypothesis[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const areas = hypotheses.length === 0 ? areasOfAll(scene) : areasOf(hypotheses.map(({ code }) => code));
  const checks = await Promise.all([...areas].map((area) => checksOf(area, hypotheses, scene)));
  return checks.flat();
}

function areasOf(codes: readonly CauseCode[]): ReadonlySet<Area> {
  return new Set(
    AREAS.filter(([pattern]) => codes.some((code) => pattern.test(code))).flatMap(([, ...areas]) => areas),
  );
}

function areasOfAll({ pulledBy }: Scene): ReadonlySet<Area> {
  return new Set<Area>(pulledBy === "instance" ? [...ALL, "instances"] : ALL);
}

async function checksOf(
  area: Area,
  hypotheses: readonly Hypothesis[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  switch (area) {
    case "network":
      return await networkChecks(
        hypotheses.length === 0 ? neededTargets(scene) : toldTargets(hypotheses, scene),
        scene,
      );
    case "image":
      return (
        await Promise.all(imagesToAsk(hypotheses, scene).map((image) => imageChecks(image, scene)))
      ).flat();
    case "pull-role":
      return await pullRoleChecks(scene);
    case "secrets":
      return [
        ...missingRole(scene),
        ...definitionCheck("secret.exists", scene),
        ...(await secretChecks(scene)),
      ];
    case "logs":
      return [...definitionCheck("log.group", scene), ...(await logChecks(scene))];
    case "addresses":
      return await addressChecks(scene);
    case "instances":
      return await instanceChecks(scene);
    case "efs":
      return [...definitionCheck("efs.exists", scene), ...(await efsChecks(scene))];
    case "task-role":
      return await taskRoleChecks(scene);
  }
}

/** What the words name, or else what the containers do. */
function imagesToAsk(hypotheses: readonly Hypothesis[], scene: Scene): readonly string[] {
  const told = hypotheses.flatMap(({ params }) => params.image ?? []);
  const all = told.length > 0 ? told : imagesOf(scene);
  return [...new Set(all.filter((one) => !one.startsWith("sha256:")))].slice(0, IMAGES_MAX);
}

async function pullRoleChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const repositories = imagesOf(scene).flatMap((image) => {
    const reference = tryParseReference(image);
    const registry = reference && ecrRegistryOf(reference.host);
    if (registry === undefined) return [];
    return `arn:${registry.partition}:ecr:${registry.region}:${registry.account}:repository/${reference?.path ?? ""}`;
  });
  if (repositories.length === 0) return [];
  const role = executionRoleOf(scene);
  // On EC2 the instance's role pulls, unless the definition's own attributes say otherwise: what is proved has to be of who pulls.
  if (scene.pulledBy === "instance" && !pullsByExecutionRole(scene)) return [];
  if (role === undefined) return [...definitionCheck("role.ecr-pull", scene), ...missingRole(scene)];
  const needs = [ECR_LOGIN, ...[...new Set(repositories)].slice(0, IMAGES_MAX).map(ecrPullNeed)];
  return await Promise.all(needs.map((need) => mayDo(role, need, scene)));
}

function pullsByExecutionRole({ definition }: Scene): boolean {
  const attributes = isUnknown(definition) ? [] : definition.requiresAttributes;
  return JSON.stringify(attributes ?? []).includes("ecs.capability.execution-role-ecr-pull");
}

/** Fargate refuses ECR images, secrets and logs without an execution role. (AmazonECS/…/task_execution_IAM_role.html) */
function missingRole(scene: Scene): readonly StartCheck[] {
  if (isUnknown(scene.definition) || executionRoleOf(scene) !== undefined || isUnread(scene.sources))
    return [];
  const hasEcr = imagesOf(scene).some(
    (image) => ecrRegistryOf(tryParseReference(image)?.host ?? "") !== undefined,
  );
  const needs =
    secretsOf(scene).length > 0 ? "secrets" : hasEcr && scene.pulledBy === "task" ? "ECR" : undefined;
  if (needs === undefined) return [];
  return [
    failed("role.exec.exists", "the task definition names no executionRoleArn", "execution-role-missing", {
      needs,
    }),
  ];
}

async function taskRoleChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return definitionCheck("role.task.exists", scene);
  const { definition } = scene;
  const roles = ["executionRoleArn", "taskRoleArn"].flatMap((member) => getString(definition, member) ?? []);
  const arns = [...new Set(roles)].filter((role) => parseArn(role) !== undefined);
  return await Promise.all(
    arns.map((role) => trustCheck(role, "ecs-tasks.amazonaws.com", "task-role-not-assumable", scene)),
  );
}

/** Whatever rests on the task definition is not checked where that could not be read. */
function definitionCheck(id: string, { definition, start, region }: Scene): readonly StartCheck[] {
  if (!isUnknown(definition)) return [];
  const { taskDefinition } = start;
  return [
    notChecked(
      id,
      definition,
      taskDefinition === undefined ? undefined : ["ecs.DescribeTaskDefinition", { taskDefinition }, region],
    ),
  ];
}
