/** A refusal in IAM's own words names the action, the resource, the caller and often the kind of policy: nothing is left to ask. */

import type { CauseCode } from "../causes.ts";
import type { Found } from "./told.ts";
import type { Words } from "./words.ts";

// biome-ignore format: a table is read by its columns
const BY_ACTION: readonly (readonly [action: RegExp, code: CauseCode])[] = [
  [/^secretsmanager:/,                         "execution-role-may-not-read-secret"],
  [/^ssm:Get/,                                 "execution-role-may-not-read-parameter"],
  [/^kms:/,                                    "execution-role-may-not-decrypt"],
  [/^ecr:GetAuthorizationToken$/,              "role-may-not-get-ecr-token"],
  [/^ecr:CreateRepository$/,                   "pull-through-cache-may-not-create-repository"],
  [/^ecr:BatchImportUpstreamImage$/,           "pull-through-cache-may-not-fill"],
  [/^ecr:/,                                    "role-may-not-pull"],
  [/^logs:CreateLogGroup$/,                    "execution-role-may-not-create-log-group"],
  [/^logs:/,                                   "execution-role-may-not-write-logs"],
  [/^s3:/,                                     "execution-role-may-not-read-env-file"],
  [/^elasticfilesystem:/,                      "efs-mount-refused"],
  [/^sts:AssumeRole$/,                         "task-role-not-assumable"],
  [/^ec2:\w*Volume/,                           "infrastructure-role-may-not-use-volume"],
  [/^(?:iam:PassRole|ec2:)/,                   "infrastructure-role-may-not-launch"],
];

export function deniedCauses({ denied, caller }: Words): readonly Found[] | undefined {
  if (denied === undefined) return undefined;
  const { action, resource, by, isExplicit } = denied;
  const code = /VPC endpoint/i.test(by ?? "")
    ? "endpoint-policy-denies"
    : BY_ACTION.find(([pattern]) => pattern.test(action))?.[1];
  if (code === undefined) return undefined;
  const params = {
    action,
    ...(resource === undefined ? {} : { resource: resource.replace(/:log-stream:.*$/, ":*") }),
    ...(by === undefined ? {} : { policy: by }),
    ...(isExplicit ? { explicit: "yes" } : {}),
    ...(caller === undefined ? {} : { role: caller.role, caller: caller.isInstance ? "instance" : "task" }),
  };
  return [{ code, isCertain: true, params }];
}
