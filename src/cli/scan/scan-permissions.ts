/** The rights that a scan needs, all of them to read; a test compares them with the calls that its code can send. */

/** What a scan cannot do without, then what only leaves a gap where it is missing. */
export const SCAN_RIGHTS = {
  needed: [
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "sts:GetCallerIdentity",
  ],
  wanted: [
    "ec2:DescribeInstances",
    "ec2:DescribeNatGateways",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSubnets",
    "ecr:DescribePullThroughCacheRules",
    "ecr:ListImages",
    "ecs:DescribeContainerInstances",
    "ecs:DescribeTasks",
    "ecs:ListContainerInstances",
    "ecs:ListTasks",
    "events:DescribeRule",
    "events:ListEventBuses",
    "events:ListRuleNamesByTarget",
    "events:ListTargetsByRule",
    "lambda:GetFunctionConfiguration",
    "lambda:ListFunctions",
    "lambda:ListTags",
    "scheduler:GetSchedule",
    "scheduler:ListSchedules",
    "ssm:GetParameter",
  ],
} as const;

export const SCAN_ACTIONS: readonly string[] = [...SCAN_RIGHTS.needed, ...SCAN_RIGHTS.wanted].toSorted();

/** What `--verify` asks besides: it reads manifests in ECR as a registry, and the configured account of Docker Hub. */
export const VERIFY_ACTIONS: readonly string[] = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:DescribeImages",
  "ecr:GetAuthorizationToken",
  "ecr:GetDownloadUrlForLayer",
  "ecr:ValidatePullThroughCacheRule",
  "secretsmanager:GetSecretValue",
];

/** What `--organization` asks besides, of the account that it is called in: which accounts there are. */
export const ORGANIZATION_ACTIONS = {
  all: ["organizations:ListAccounts"],
  units: ["organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent"],
} as const;
