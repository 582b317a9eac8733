/**
 * The rights that `repull mirrors cache create` needs, and those that ECR's own side effects need of its caller: the service-linked
 * role of the cache, the secret, the template's role.
 * (AmazonECR/latest/userguide/{pull-through-cache-iam,slr-pullthroughcache,repository-creation-templates-create}.html, read 2026-11)
 */

import type { Permission } from "../../output/permissions.ts";
import type { CacheFlags } from "./wanted-cache.ts";

export const CREATE_CACHE_ACTIONS: readonly string[] = [
  "ecr:CreatePullThroughCacheRule",
  "ecr:CreateRepository",
  "ecr:CreateRepositoryCreationTemplate",
  "ecr:DescribePullThroughCacheRules",
  "ecr:DescribeRepositoryCreationTemplates",
  "ecr:PutLifecyclePolicy",
  "ecr:ValidatePullThroughCacheRule",
  "lambda:GetFunctionConfiguration",
  "lambda:ListFunctions",
  "lambda:ListTags",
  "ssm:GetParameter",
  "sts:GetCallerIdentity",
];

/** A caller that may pass any role may act as any: that right is named with its role, and only where there is one. */
export function boundedPermissions({
  secret,
  templateRole,
}: Pick<CacheFlags, "secret" | "templateRole">): readonly Permission[] {
  const Effect = "Allow";
  return [
    {
      Effect,
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: "arn:*:iam::*:role/aws-service-role/pullthroughcache.ecr.amazonaws.com/*",
    },
    {
      Effect,
      Action: ["secretsmanager:GetSecretValue"],
      Resource: secret ?? "arn:*:secretsmanager:*:*:secret:ecr-pullthroughcache/*",
    },
    ...(templateRole === undefined
      ? []
      : [
          {
            ...({ Effect, Action: ["iam:PassRole"], Resource: templateRole } as const),
            Condition: { StringEquals: { "iam:PassedToService": "ecr.amazonaws.com" } },
          } as const,
        ]),
  ];
}
