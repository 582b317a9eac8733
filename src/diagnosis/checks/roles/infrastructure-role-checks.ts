/**
 * Whether ECS may act by the infrastructure role that a volume names: the role trusts ECS, and may create the volume; and the key of
 * the volume is enabled. (AmazonECS/…/infrastructure_IAM_role.html, …/ebs-volumes.html, read 2026-11)
 */

import { parseArn } from "../../../ecs/arn.ts";
import { getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Scene } from "../../scene.ts";
import { notApplicable, type StartCheck } from "../check.ts";
import { mayDo, trustCheck } from "../role-checks.ts";
import { keyStateCheck } from "./key-checks.ts";

const TRUST = "role.infrastructure.trust";

export async function infrastructureRoleChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const volumes = volumesOf(scene.service);
  const named = [scene.start.infrastructureRole, ...volumes.map((one) => getString(one, "roleArn"))];
  const roles = [...new Set(named.flatMap((one) => one ?? []))].filter((one) => parseArn(one) !== undefined);
  const keys = [...new Set(volumes.flatMap((one) => getString(one, "kmsKeyId") ?? []))];
  if (roles.length === 0) return [notApplicable(TRUST, "no volume of EBS is configured")];
  const checks = await Promise.all([
    ...roles.map((role) => roleChecks(role, scene)),
    ...keys.map(async (key) => [await keyStateCheck(key, scene.region, scene)]),
  ]);
  return checks.flat();
}

function volumesOf(service: JsonObject | undefined): readonly JsonObject[] {
  return getObjects(service ?? {}, "deployments")
    .flatMap((one) => getObjects(one, "volumeConfigurations"))
    .map((one) => getObject(one, "managedEBSVolume"))
    .filter((one) => one !== undefined);
}

async function roleChecks(role: string, scene: Scene): Promise<readonly StartCheck[]> {
  const trust = await trustCheck(role, "ecs.amazonaws.com", "infrastructure-role-not-assumable", scene);
  if (trust.result === "failed") return [trust];
  const { partition = "aws", account = "" } = parseArn(role) ?? {};
  const need = {
    id: "role.infrastructure.ebs",
    actions: ["ec2:CreateVolume"],
    resource: `arn:${partition}:ec2:${scene.region}:${scene.account ?? account}:volume/*`,
    code: "infrastructure-role-may-not-use-volume",
    hasOwnPolicy: false,
    // What ECS sends along, and what AWS's own policy for volumes asks for.
    context: {
      "aws:RequestTag/AmazonECSManaged": "true",
      "aws:RequestTag/AmazonECSCreated": `arn:${partition}:ecs:${scene.region}:${scene.account ?? account}:task/c/1`,
    },
  } as const;
  return [trust, await mayDo(role, need, scene)];
}
