/** Whether who pulls may: the execution role, or on EC2 the instance's own, and what the repository's policy says of it. */

import { getObject, getObjects, getString } from "../../ecs/json-fields.ts";
import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import { tryParseReference } from "../../image/reference.ts";
import { isUnread } from "../../network/facts.ts";
import { executionRoleOf, imagesOf, isUnknown, type Scene } from "../scene.ts";
import { failed, notApplicable, notChecked, type StartCheck, unknown } from "./check.ts";
import { definitionCheck } from "./definition-check.ts";
import { policyCheck } from "./policy-check.ts";
import { askResourcePolicy, type ResourcePolicyAnswer } from "./resource-policy.ts";
import { ECR_LOGIN, ecrPullNeed, mayDo, nameOf } from "./role-checks.ts";
import { secretsOf } from "./secret-checks.ts";

const IMAGES_MAX = 5;
const PULL = "role.ecr-pull";

type Repository = {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
};

export async function pullRoleChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const repositories = repositoriesOf(scene).slice(0, IMAGES_MAX);
  if (repositories.length === 0)
    return isUnknown(scene.definition)
      ? []
      : [notApplicable(PULL, "no image is in a private registry of ECR")];
  const puller = await pullerOf(scene);
  if (typeof puller !== "string") return puller;
  const login = await mayDo(puller, ECR_LOGIN, scene);
  const pulls = await Promise.all(repositories.map((one) => pullChecks(puller, one, scene)));
  return [login, ...pulls.flat()];
}

async function pullChecks(
  role: string,
  { arn, name, account, region }: Repository,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const input = { registryId: account, repositoryName: name };
  const found = await scene.reads.read("ecr.GetRepositoryPolicy", input, region);
  const id = "image.repository-policy";
  const text = found.kind === "answer" ? getString(found.answer, "policyText") : undefined;
  // What is there for other repositories was recorded of others.
  const isOwn = found.kind === "answer" && (getString(found.answer, "repositoryName") ?? name) === name;
  const said: ResourcePolicyAnswer | undefined =
    text === undefined || !isOwn
      ? undefined
      : askResourcePolicy(text, { role, action: "ecr:BatchGetImage", resource: arn });
  const own =
    found.kind === "unread"
      ? notChecked(id, found, ["ecr.GetRepositoryPolicy", input, region])
      : policyCheck(id, `the policy of the repository ${name}`, said, "repository-policy-denies", {
          role: nameOf(role),
          action: "ecr:BatchGetImage",
          repository: name,
          region,
        });
  return [own, await mayDo(role, { ...ecrPullNeed(arn), said }, scene)];
}

function repositoriesOf(scene: Scene): readonly Repository[] {
  const all = imagesOf(scene).flatMap((image): readonly Repository[] => {
    const reference = tryParseReference(image);
    const registry = reference && ecrRegistryOf(reference.host);
    if (reference === undefined || registry === undefined) return [];
    const { partition, region, account } = registry;
    const arn = `arn:${partition}:ecr:${region}:${account}:repository/${reference.path}`;
    return [{ arn, name: reference.path, account, region }];
  });
  return all.filter(({ arn }, index) => all.findIndex((one) => one.arn === arn) === index);
}

/** The ARN of the role that pulls, or why it is not known. */
export async function pullerOf(scene: Scene): Promise<string | readonly StartCheck[]> {
  const role = executionRoleOf(scene);
  if (scene.pulledBy === "task" || pullsByExecutionRole(scene))
    return role ?? [...definitionCheck(PULL, scene), ...missingRole(scene)];
  const { sources, region } = scene;
  const ids = isUnread(sources) ? [] : sources.flatMap(({ instance }) => instance ?? []);
  if (ids.length === 0) return [unknown(PULL, "on EC2 the instance's role pulls, and no instance is known")];
  const instances = await scene.reads.read("ec2.DescribeInstances", { InstanceIds: ids }, region);
  if (instances.kind === "unread") return [notChecked(PULL, instances)];
  const profiles = (instances.kind === "answer" ? getObjects(instances.answer, "Reservations") : [])
    .flatMap((one) => getObjects(one, "Instances"))
    .filter((one) => ids.includes(getString(one, "InstanceId") ?? ""))
    .map((one) => getString(getObject(one, "IamInstanceProfile") ?? {}, "Arn"));
  const [profile, ...others] = [...new Set(profiles)];
  // Which instance the next task is placed on is not known.
  if (profile === undefined || others.length > 0)
    return [unknown(PULL, "on EC2 the instances' roles pull, and these are not one")];
  const InstanceProfileName = profile.slice(profile.lastIndexOf("/") + 1);
  const found = await scene.reads.read("iam.GetInstanceProfile", { InstanceProfileName });
  if (found.kind === "unread")
    return [notChecked(PULL, found, ["iam.GetInstanceProfile", { InstanceProfileName }, region])];
  const described = found.kind === "answer" ? (getObject(found.answer, "InstanceProfile") ?? {}) : {};
  const [first] = getObjects(described, "Roles");
  const arn = first && getString(first, "Arn");
  return arn ?? [unknown(PULL, `the instance profile ${InstanceProfileName} has no role`)];
}

function pullsByExecutionRole({ definition }: Scene): boolean {
  const attributes = isUnknown(definition) ? [] : definition.requiresAttributes;
  return JSON.stringify(attributes ?? []).includes("ecs.capability.execution-role-ecr-pull");
}

/** Fargate refuses ECR images, secrets and logs without an execution role. (AmazonECS/…/task_execution_IAM_role.html) */
export function missingRole(scene: Scene): readonly StartCheck[] {
  if (isUnknown(scene.definition) || executionRoleOf(scene) !== undefined || isUnread(scene.sources))
    return [];
  const hasEcr = repositoriesOf(scene).length > 0;
  const needs =
    secretsOf(scene).length > 0 ? "secrets" : hasEcr && scene.pulledBy === "task" ? "ECR" : undefined;
  if (needs === undefined) return [];
  const because = "the task definition names no executionRoleArn";
  return [failed("role.exec.exists", because, "execution-role-missing", { needs })];
}
