/**
 * Whether the execution role may read the environment files of a start. The files themselves are not read: their content is
 * what people put there. (AmazonECS, use-environment-file.html, read 2026-11)
 */

import { parseArn } from "../../ecs/arn.ts";
import { getObjects, getString } from "../../ecs/json-fields.ts";
import { containersOf, executionRoleOf, isUnknown, type Scene } from "../scene.ts";
import { failed, notApplicable, type StartCheck } from "./check.ts";
import { mayDo } from "./role-checks.ts";

const FILES_MAX = 10;
const CODE = "execution-role-may-not-read-env-file";
/** The bucket's policy may allow it as well, and is not read. */
const BUCKET = { hasOwnPolicy: true, said: "not-sure" } as const;

export async function fileChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return [];
  const files = [
    ...new Set(
      containersOf(scene).flatMap((one) =>
        getObjects(one, "environmentFiles").flatMap((file) => getString(file, "value") ?? []),
      ),
    ),
  ].slice(0, FILES_MAX);
  if (files.length === 0)
    return [notApplicable("role.exec.s3-env", "the containers name no environment file")];
  const strange = files.find((one) => parseArn(one)?.service !== "s3" || !one.includes("/"));
  if (strange !== undefined)
    return [
      failed("env-file.exists", `${strange} is not the ARN of an object in S3`, "env-file-missing", {
        file: strange,
      }),
    ];
  const role = executionRoleOf(scene);
  if (role === undefined) return [];
  return await Promise.all(
    files.map((resource) =>
      mayDo(
        role,
        { id: "role.exec.s3-env", actions: ["s3:GetObject"], resource, code: CODE, ...BUCKET },
        scene,
      ),
    ),
  );
}
