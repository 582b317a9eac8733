/**
 * Which checks can decide between the causes that the words leave, and no others: each costs calls of the account. Without
 * any words, as for a service that has not failed yet, all that a start needs is checked.
 */

import { parseArn } from "../../ecs/arn.ts";
import { getString } from "../../ecs/json-fields.ts";
import type { Hypothesis } from "../causes.ts";
import { imagesOf, isUnknown, type Scene } from "../scene.ts";
import { balancerChecks } from "./balancer-checks.ts";
import type { StartCheck } from "./check.ts";
import { definitionCheck } from "./definition-check.ts";
import { fileChecks } from "./file-checks.ts";
import { configChecks } from "./image/config-checks.ts";
import { deploymentDigestChecks } from "./image/deployment-digest-check.ts";
import { sizeChecks } from "./image/size-checks.ts";
import { imageChecks } from "./image-checks.ts";
import { logChecks } from "./log-checks.ts";
import { networkChecks } from "./network/network-checks.ts";
import { neededTargets, toldTargets } from "./network/network-targets.ts";
import { agentWayChecks } from "./place/agent-way-checks.ts";
import { capacityProviderChecks } from "./place/capacity-provider-checks.ts";
import { addressChecks, instanceChecks } from "./place-checks.ts";
import { missingRole, pullRoleChecks } from "./pull-role-checks.ts";
import { trustCheck } from "./role-checks.ts";
import { changedRoleCheck } from "./roles/changed-role-checks.ts";
import { infrastructureRoleChecks } from "./roles/infrastructure-role-checks.ts";
import { secretChecks } from "./secret-checks.ts";
import { tagChecks } from "./service/tag-checks.ts";
import { storageChecks } from "./storage-checks.ts";

type Area =
  | "network"
  | "image"
  | "pull-role"
  | "secrets"
  | "logs"
  | "addresses"
  | "instances"
  | "storage"
  | "files"
  | "balancer"
  | "task-role"
  | "size"
  | "config"
  | "digests"
  | "infrastructure"
  | "changed-role"
  | "capacity"
  | "agent-way"
  | "tags";

/** What of an account decides on a cause that the words only lead to. */
const AREAS: readonly (readonly [codes: RegExp, ...areas: readonly Area[]])[] = [
  [
    /^(?:no-way-to|instance-has|s3-|sg-|public-subnet|endpoint-security|network-acl|dns-fails|dns-leads|registry-token|registry-refuses)/,
    "network",
  ],
  [
    /^(?:tag-not|repository-missing|digest-of|pull-denied|pull-through-cache-may|image-of-other|no-such-repository)/,
    "image",
  ],
  [/^(?:pull-denied|role-may|digest-of|repository-policy)/, "pull-role"],
  [
    /^(?:secret-missing|parameter-missing|registry-credentials|execution-role-may-not-(?:read-[sp]|decrypt))/,
    "secrets",
  ],
  [/^(?:log-|execution-role-may-not-(?:write|create))/, "logs"],
  [/^(?:subnet-out|eni-)/, "addresses"],
  [/^(?:no-instance|no-container|capacity-provider|placement|container-agent)/, "instances"],
  [/^efs-/, "storage"],
  [/^(?:env-file|execution-role-may-not-read-env|no-way-to-s3)/, "files"],
  [/^(?:load-balancer|target-group)/, "balancer"],
  [/^task-role-not/, "task-role"],
  [/^pull-interrupted/, "size"],
  [/^(?:image-of-other|command-not|container-cannot-start)/, "config"],
  [/^digest-of/, "digests"],
  [/^(?:ebs-|infrastructure-role)/, "infrastructure"],
  [/^(?:no-instance|no-container|capacity-provider|infrastructure-role-may-not-launch|ec2-)/, "capacity"],
];

/** Words that are certain are proof enough; what they leave out, such as an id, is looked up. */
const DETAILS: readonly (readonly [codes: RegExp, ...areas: readonly Area[]])[] = [
  [/^dns-(?:fails|leads)/, "network"],
  [/^log-group-missing/, "logs"],
  [/^(?:secret-missing|parameter-missing)/, "secrets"],
  [/^task-role-not/, "task-role"],
  [/^ephemeral-storage-full/, "size"],
  [/^(?:image-of-other|command-not)/, "config"],
  [/^(?:ebs-|infrastructure-role-(?:not|may-not-use))/, "infrastructure"],
  [/^(?:execution-role-may|role-may|registry-credentials-secret-not|pull-through-cache-may)/, "changed-role"],
  [/^(?:no-instance|no-container|capacity-provider)/, "instances", "capacity"],
  [/^container-agent/, "instances", "agent-way"],
  [/^tag-policy/, "tags"],
  [/^load-balancer/, "balancer"],
];
const ALL: readonly Area[] = [
  "network",
  "image",
  "pull-role",
  "secrets",
  "logs",
  "addresses",
  "storage",
  "files",
  "balancer",
  "task-role",
  "size",
  "config",
  "digests",
  "infrastructure",
];
const IMAGES_MAX = 5;

export async function checksFor(
  hypotheses: readonly Hypothesis[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const areas = hypotheses.length === 0 ? areasOfAll(scene) : areasOf(hypotheses);
  const checks = await Promise.all([...areas].map((area) => checksOf(area, hypotheses, scene)));
  return checks.flat();
}

function areasOf(hypotheses: readonly Hypothesis[]): ReadonlySet<Area> {
  const all = hypotheses.flatMap(({ code, certainty }) =>
    (certainty === "certain" ? DETAILS : AREAS).flatMap(([pattern, ...areas]) =>
      pattern.test(code) ? areas : [],
    ),
  );
  return new Set(all);
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
        hypotheses.length === 0 ||
          hypotheses.some(({ code }) => code === "dns-fails" || code === "dns-leads-to-other-host"),
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
    case "storage":
      return [...definitionCheck("efs.exists", scene), ...(await storageChecks(scene))];
    case "files":
      return await fileChecks(scene);
    case "balancer":
      return await balancerChecks(hypotheses, scene);
    case "task-role":
      return await taskRoleChecks(scene);
    case "size":
      return await sizeChecks(scene);
    case "config":
      return await configChecks(
        hypotheses.flatMap(({ params }) => params.container ?? []),
        scene,
      );
    case "digests":
      return await deploymentDigestChecks(scene);
    case "infrastructure":
      return await infrastructureRoleChecks(scene);
    case "changed-role":
      return await Promise.all(
        hypotheses
          .filter(({ params }) => params.action !== undefined)
          .slice(0, 1)
          .map(({ params }) => changedRoleCheck(params, scene)),
      );
    case "capacity":
      return await capacityProviderChecks(scene);
    case "agent-way":
      return await agentWayChecks(scene);
    case "tags":
      return tagChecks(scene);
  }
}

/** What the words name, or else what the containers do. */
function imagesToAsk(hypotheses: readonly Hypothesis[], scene: Scene): readonly string[] {
  const told = hypotheses.flatMap(({ params }) => params.image ?? []);
  const all = told.length > 0 ? told : imagesOf(scene);
  return [...new Set(all.filter((one) => !one.startsWith("sha256:")))].slice(0, IMAGES_MAX);
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
