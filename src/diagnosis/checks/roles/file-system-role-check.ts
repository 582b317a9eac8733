/**
 * Whether the task role may mount a file system, where the volume asks for IAM: as EFS has it, a file system without a policy lets
 * each client in that reaches it, and one with a policy only those that it or their own policies allow.
 * (efs/latest/ug/iam-access-control-nfs-efs.html, AmazonECS/…/API_EFSAuthorizationConfig, read 2026-11)
 */

import { parseArn } from "../../../ecs/arn.ts";
import { getString } from "../../../ecs/json-fields.ts";
import type { CauseCode } from "../../causes.ts";
import { isUnknown, type Scene } from "../../scene.ts";
import { failed, notApplicable, passed, type StartCheck, unknown } from "../check.ts";
import type { ResourcePolicyAnswer } from "../resource-policy.ts";
import { mayDo, type Need, nameOf } from "../role-checks.ts";

const ID = "role.task.efs";
const CODE: CauseCode = "task-role-may-not-mount";

type Mount = {
  readonly fileSystem: string;
  readonly volume: string;
  readonly usesIam: boolean;
  /** What the file system's policy says of the role; `none`: it has no policy; undefined: not known. */
  readonly said: ResourcePolicyAnswer | "none" | undefined;
};

export async function fileSystemRoleCheck(
  { fileSystem, volume, usesIam, said }: Mount,
  scene: Scene,
): Promise<StartCheck> {
  if (!usesIam) return notApplicable(ID, `the volume ${volume} does not ask for IAM`);
  const role = isUnknown(scene.definition) ? undefined : getString(scene.definition, "taskRoleArn");
  if (role === undefined) {
    const because = `the volume ${volume} asks for IAM, and the task definition names no task role`;
    // On an instance, the instance's own role may be taken.
    return scene.pulledBy === "task"
      ? failed(ID, because, CODE, { fileSystem, volume })
      : { id: ID, result: "not sure", because };
  }
  if (said === undefined)
    return unknown(ID, `the policy of ${fileSystem} is not known: without one, no right is needed`);
  if (said === "none")
    return passed(ID, `${fileSystem} has no policy: ${nameOf(role)} needs no right to mount it`, [CODE]);
  const { partition = "aws", account = "" } = parseArn(role) ?? {};
  const resource = `arn:${partition}:elasticfilesystem:${scene.region}:${scene.account ?? account}:file-system/${fileSystem}`;
  const need: Need = {
    id: ID,
    actions: ["elasticfilesystem:ClientMount"],
    resource,
    code: CODE,
    hasOwnPolicy: true,
    said,
  };
  return await mayDo(role, need, scene);
}
