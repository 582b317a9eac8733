/** The command of AWS's own that makes or mends a pull-through cache rule for Docker Hub. */

/**
 * ECR takes no rule for Docker Hub without an account: a secret whose name begins with `ecr-pullthroughcache/`
 * (docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html, read 2026-11).
 */
export function ruleCommand(
  action: "create-pull-through-cache-rule" | "update-pull-through-cache-rule",
  prefix: string,
): string[] {
  const upstream =
    action === "create-pull-through-cache-rule" ? ["--upstream-registry-url", "registry-1.docker.io"] : [];
  return [
    ...["aws", "ecr", action, "--ecr-repository-prefix", prefix],
    ...upstream,
    ...["--credential-arn", "SECRET_ARN"],
  ];
}
