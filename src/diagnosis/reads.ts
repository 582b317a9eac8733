/**
 * What a diagnosis may ask an account for: reads, by the names that the AWS CLI gives them, answered with the JSON that it
 * prints. The same checks run on a live account, on recorded answers, and on none.
 */

import type { NetworkFacts, Read, SecurityGroup, Source } from "../network/facts.ts";
import type { JsonObject } from "../runtime/json.ts";

/** Operation → the permission that it takes. */
// biome-ignore format: a table is read by its columns
export const OPERATIONS = {
  "ecs.DescribeTasks":                   "ecs:DescribeTasks",
  "ecs.ListTasks":                       "ecs:ListTasks",
  "ecs.ListClusters":                    "ecs:ListClusters",
  "ecs.ListServices":                    "ecs:ListServices",
  "ecs.DescribeServices":                "ecs:DescribeServices",
  "ecs.DescribeTaskDefinition":          "ecs:DescribeTaskDefinition",
  "ecs.DescribeCapacityProviders":       "ecs:DescribeCapacityProviders",
  "ecs.DescribeContainerInstances":      "ecs:DescribeContainerInstances",
  "ecs.DescribeServiceRevisions":        "ecs:DescribeServiceRevisions",
  "ecs.ListServiceDeployments":          "ecs:ListServiceDeployments",
  "ecs.ListContainerInstances":          "ecs:ListContainerInstances",
  "ec2.DescribeInstances":               "ec2:DescribeInstances",
  "ec2.DescribeInstanceTypes":           "ec2:DescribeInstanceTypes",
  "ec2.DescribeSubnets":                 "ec2:DescribeSubnets",
  "autoscaling.DescribeAutoScalingGroups": "autoscaling:DescribeAutoScalingGroups",
  "autoscaling.DescribeScalingActivities": "autoscaling:DescribeScalingActivities",
  "iam.GetInstanceProfile":              "iam:GetInstanceProfile",
  "iam.GetPolicy":                       "iam:GetPolicy",
  "iam.GetRole":                         "iam:GetRole",
  "iam.ListAttachedRolePolicies":        "iam:ListAttachedRolePolicies",
  "iam.SimulatePrincipalPolicy":         "iam:SimulatePrincipalPolicy",
  "ecr.BatchGetImage":                   "ecr:BatchGetImage",
  "ecr.DescribeImages":                  "ecr:DescribeImages",
  "ecr.DescribePullThroughCacheRules":   "ecr:DescribePullThroughCacheRules",
  "ecr.GetRegistryPolicy":               "ecr:GetRegistryPolicy",
  "ecr.GetRepositoryPolicy":             "ecr:GetRepositoryPolicy",
  "secretsmanager.DescribeSecret":       "secretsmanager:DescribeSecret",
  "secretsmanager.GetResourcePolicy":    "secretsmanager:GetResourcePolicy",
  "ssm.DescribeParameters":              "ssm:DescribeParameters",
  "logs.DescribeLogGroups":              "logs:DescribeLogGroups",
  "kms.DescribeKey":                     "kms:DescribeKey",
  "kms.GetKeyPolicy":                    "kms:GetKeyPolicy",
  "efs.DescribeMountTargets":            "elasticfilesystem:DescribeMountTargets",
  "efs.DescribeMountTargetSecurityGroups": "elasticfilesystem:DescribeMountTargetSecurityGroups",
  "efs.DescribeFileSystemPolicy":        "elasticfilesystem:DescribeFileSystemPolicy",
  "efs.DescribeAccessPoints":            "elasticfilesystem:DescribeAccessPoints",
  "elbv2.DescribeLoadBalancers":         "elasticloadbalancing:DescribeLoadBalancers",
  "elbv2.DescribeTargetGroups":          "elasticloadbalancing:DescribeTargetGroups",
  "elbv2.DescribeTargetHealth":          "elasticloadbalancing:DescribeTargetHealth",
  "route53resolver.ListFirewallRuleGroupAssociations": "route53resolver:ListFirewallRuleGroupAssociations",
  "route53resolver.ListFirewallRules":   "route53resolver:ListFirewallRules",
  "route53resolver.ListFirewallDomains": "route53resolver:ListFirewallDomains",
  "route53resolver.ListResolverRuleAssociations": "route53resolver:ListResolverRuleAssociations",
  "route53resolver.ListResolverRules":   "route53resolver:ListResolverRules",
  "route53.ListHostedZonesByVPC":        "route53:ListHostedZonesByVPC",
  "route53.ListResourceRecordSets":      "route53:ListResourceRecordSets",
} as const;

export type Operation = keyof typeof OPERATIONS;

/** What finds a target by its name; an event brings its own. */
const FINDING: readonly Operation[] = [
  "ecs.DescribeTasks",
  "ecs.ListTasks",
  "ecs.ListClusters",
  "ecs.ListServices",
];

/** What the model of the network is read by, in addition to the operations. */
const NETWORK_RIGHTS = [
  "ec2:DescribeDhcpOptions",
  "ec2:DescribeNatGateways",
  "ec2:DescribeNetworkAcls",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeVpcAttribute",
  "ec2:DescribeVpcEndpoints",
  "ec2:DescribeVpcs",
  "ec2:GetManagedPrefixListEntries",
] as const;

/** With it the config of an image is read: who diagnoses by hand may, and a function in the account does not. */
export const CONFIG_RIGHT = "ecr:GetDownloadUrlForLayer";

/** All that a diagnosis asks for, to read; each that is missing leaves a check open, and stops none. */
export const DIAGNOSE_RIGHTS: readonly string[] = [
  ...new Set([...Object.values(OPERATIONS), ...NETWORK_RIGHTS, CONFIG_RIGHT, "sts:GetCallerIdentity"]),
].toSorted();

/** What the diagnosis of an event may read. */
export const EVENT_RIGHTS: readonly string[] = [
  ...new Set([
    ...Object.entries(OPERATIONS).flatMap(([operation, right]) =>
      FINDING.some((one) => one === operation) ? [] : right,
    ),
    ...NETWORK_RIGHTS,
  ]),
].toSorted();

export type Answered =
  | { readonly kind: "answer"; readonly answer: JsonObject }
  /** AWS says that there is no such thing: its code for that. */
  | { readonly kind: "absent"; readonly code: string; readonly because: string }
  /** It could not be read: a right is missing, nothing was recorded, or AWS did not answer. */
  | {
      readonly kind: "unread";
      readonly permission: string;
      readonly because: string;
      /** No right is missing: AWS was busy, or gave no answer that can be read. */
      readonly error?: "throttled" | "unavailable";
    };

/** What a registry answers to a HEAD of a manifest, which is not a pull. */
export type ImageAnswer =
  | { readonly kind: "found" | "absent" | "refused" | "limited" }
  /** It was not asked, or no answer came. */
  | { readonly kind: "unknown"; readonly because: string };

/** What a container of the image runs where its definition does not say, and the platform of the image. Nothing else of it. */
export type ImageConfig = {
  readonly kind: "config";
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly os?: string;
  readonly architecture?: string;
};

/** Where the config of an image in ECR is, as ECR's API names it. */
export type ConfigPlace = {
  readonly registryId: string;
  readonly repositoryName: string;
  readonly layerDigest: string;
};

export type ConfigAnswer =
  | ImageConfig
  | { readonly kind: "unread"; readonly permission: string; readonly because: string };

export interface AccountReads {
  /** Whose answers they are; undefined where nothing names it. */
  readonly account: string | undefined;
  readonly region: string;
  read(operation: Operation, input: JsonObject, region?: string): Promise<Answered>;
  network(sources: Read<Source>): Promise<NetworkFacts>;
  /** Gets all sources that will be asked for, so that each VPC is read once. */
  prepare?(sources: readonly Source[]): Promise<void>;
  /** The security groups by their ids, as the model of the network takes them. */
  securityGroups(ids: readonly string[], region?: string): Promise<Read<SecurityGroup>>;
  /** Of a registry that is not ECR's, with the caller's login; the task may have another. */
  image(reference: string): Promise<ImageAnswer>;
  /** Absent: no image is opened from here. */
  config?(place: ConfigPlace, region: string): Promise<ConfigAnswer>;
}

/** The AWS CLI's command for a call, for a caller with the permission. */
export function commandOf(operation: Operation, input: JsonObject, region: string): readonly string[] {
  const [service = "", name = ""] = operation.split(".");
  const flags = Object.entries(input).flatMap(([member, value]) => [
    `--${kebab(member)}`,
    ...(Array.isArray(value) ? value : [value]).map((one) =>
      typeof one === "string" ? one : JSON.stringify(one),
    ),
  ]);
  return ["aws", service, kebab(name), ...flags, "--region", region];
}

function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}
