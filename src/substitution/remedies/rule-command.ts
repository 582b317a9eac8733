/** The commands that make and mend a pull-through cache rule for Docker Hub. */

/**
 * ECR takes no rule for Docker Hub without an account: a secret whose name begins with `ecr-pullthroughcache/`
 * (docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html, read 2026-11).
 */
export function createRuleCommand(): string[] {
  return [
    ...["repull", "mirrors", "cache", "create", "--registry", "docker-hub"],
    ...["--secret", "SECRET_ARN", "--yes"],
  ];
}

/** The command of AWS's own: a rule that exists is the operator's to change. */
export function updateRuleCommand(prefix: string): string[] {
  return [
    ...["aws", "ecr", "update-pull-through-cache-rule", "--ecr-repository-prefix", prefix],
    ...["--credential-arn", "SECRET_ARN"],
  ];
}
