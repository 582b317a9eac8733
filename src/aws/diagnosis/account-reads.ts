/** What a diagnosis reads of a live account, each call once. What may not be read is said with the permission, not thrown. */

import {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  DescribePullThroughCacheRulesCommand,
  ECRClient,
  GetRegistryPolicyCommand,
  GetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import {
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListContainerInstancesCommand,
  ListServicesCommand,
  ListTasksCommand,
} from "@aws-sdk/client-ecs";
import {
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { DescribeParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type AccountReads, type Answered, OPERATIONS, type Operation } from "../../diagnosis/reads.ts";
import { getString, isObject, optional } from "../../ecs/json-fields.ts";
import type { Read, SecurityGroup, Subnet } from "../../network/facts.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { createNetworks } from "../adapters/ecs/task-networks.ts";
import { toAwsError } from "../client/aws-error-codes.ts";
import { callJson } from "../client/calls/json-call.ts";
import { callQuery, callRoute53 } from "../client/calls/query-call.ts";
import { readPages } from "../client/calls/read-pages.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { securityGroupOf, subnetOf } from "../client/network-facts.ts";
import { SharedNetworks } from "./shared-networks.ts";

/** Not worth half a minute: the answer may be that it is not known. */
const ATTEMPTS_MAX = 3;

/** What the input of a call is, the checks know; the SDK refuses what it does not take. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of a call, whose type is the SDK's
type Input = any;
type Call = (input: Input, settings: AwsSettings) => Promise<unknown>;

// biome-ignore format: a table is read by its columns
const CALLS: Readonly<Record<Operation, Call>> = {
  "ecs.DescribeTasks":                     (input, at) => ecs(at).send(new DescribeTasksCommand(input)),
  "ecs.ListTasks":                         (input, at) => ecs(at).send(new ListTasksCommand(input)),
  "ecs.ListServices":                      (input, at) => ecs(at).send(new ListServicesCommand(input)),
  "ecs.ListClusters":                      (input, at) => ecs(at).send(new ListClustersCommand(input)),
  "ecs.DescribeServices":                  (input, at) => ecs(at).send(new DescribeServicesCommand(input)),
  "ecs.DescribeTaskDefinition":            (input, at) => ecs(at).send(new DescribeTaskDefinitionCommand(input)),
  "ecs.DescribeContainerInstances":        (input, at) => ecs(at).send(new DescribeContainerInstancesCommand(input)),
  "ecs.ListContainerInstances":            (input, at) => ecs(at).send(new ListContainerInstancesCommand(input)),
  "ecs.DescribeCapacityProviders":         (input, at) => callJson("ecs", { operation: "DescribeCapacityProviders" }, input, at),
  "ecs.DescribeServiceRevisions":          (input, at) => callJson("ecs", { operation: "DescribeServiceRevisions" }, input, at),
  "ecs.ListServiceDeployments":            (input, at) => callJson("ecs", { operation: "ListServiceDeployments" }, input, at),
  "ec2.DescribeInstanceTypes":             (input, at) => clientOf(EC2Client, at).send(new DescribeInstanceTypesCommand(input)),
  "ec2.DescribeInstances":                 (input, at) => clientOf(EC2Client, at).send(new DescribeInstancesCommand(input)),
  "ec2.DescribeSubnets":                   (input, at) => clientOf(EC2Client, at).send(new DescribeSubnetsCommand(input)),
  "iam.GetInstanceProfile":                (input, at) => clientOf(IAMClient, at).send(new GetInstanceProfileCommand(input)),
  "iam.GetPolicy":                         (input, at) => clientOf(IAMClient, at).send(new GetPolicyCommand(input)),
  "iam.ListAttachedRolePolicies":          (input, at) => clientOf(IAMClient, at).send(new ListAttachedRolePoliciesCommand(input)),
  "iam.GetRole":                           (input, at) => clientOf(IAMClient, at).send(new GetRoleCommand(input)),
  "iam.SimulatePrincipalPolicy":           (input, at) => clientOf(IAMClient, at).send(new SimulatePrincipalPolicyCommand(input)),
  "ecr.BatchGetImage":                     (input, at) => clientOf(ECRClient, at).send(new BatchGetImageCommand(input)),
  "ecr.DescribeImages":                    (input, at) => clientOf(ECRClient, at).send(new DescribeImagesCommand(input)),
  "ecr.DescribePullThroughCacheRules":     (input, at) => clientOf(ECRClient, at).send(new DescribePullThroughCacheRulesCommand(input)),
  "ecr.GetRegistryPolicy":                 (input, at) => clientOf(ECRClient, at).send(new GetRegistryPolicyCommand(input)),
  "ecr.GetRepositoryPolicy":               (input, at) => clientOf(ECRClient, at).send(new GetRepositoryPolicyCommand(input)),
  "secretsmanager.GetResourcePolicy":      (input, at) => clientOf(SecretsManagerClient, at).send(new GetResourcePolicyCommand(input)),
  "secretsmanager.DescribeSecret":         (input, at) => clientOf(SecretsManagerClient, at).send(new DescribeSecretCommand(input)),
  "ssm.DescribeParameters":                (input, at) => clientOf(SSMClient, at).send(new DescribeParametersCommand(input)),
  "logs.DescribeLogGroups":                (input, at) => callJson("logs", { operation: "DescribeLogGroups" }, input, at),
  "kms.DescribeKey":                       (input, at) => callJson("kms", { operation: "DescribeKey" }, input, at),
  "kms.GetKeyPolicy":                      (input, at) => callJson("kms", { operation: "GetKeyPolicy" }, input, at),
  "efs.DescribeMountTargets":              (input, at) => efs("DescribeMountTargets", "mount-targets", { FileSystemId: idIn(input, "FileSystemId") }, at),
  "efs.DescribeMountTargetSecurityGroups": (input, at) => efs("DescribeMountTargetSecurityGroups", `mount-targets/${idIn(input, "MountTargetId")}/security-groups`, {}, at),
  "efs.DescribeFileSystemPolicy":          (input, at) => efs("DescribeFileSystemPolicy", `file-systems/${idIn(input, "FileSystemId")}/policy`, {}, at),
  "efs.DescribeAccessPoints":              (input, at) => efs("DescribeAccessPoints", "access-points", { AccessPointId: idIn(input, "AccessPointId") }, at),
  "autoscaling.DescribeAutoScalingGroups": (input, at) => callQuery("autoscaling", "DescribeAutoScalingGroups", input, at),
  "autoscaling.DescribeScalingActivities": (input, at) => callQuery("autoscaling", "DescribeScalingActivities", input, at),
  "elbv2.DescribeLoadBalancers":           (input, at) => callQuery("elbv2", "DescribeLoadBalancers", input, at),
  "elbv2.DescribeTargetGroups":            (input, at) => callQuery("elbv2", "DescribeTargetGroups", input, at),
  "elbv2.DescribeTargetHealth":            (input, at) => callQuery("elbv2", "DescribeTargetHealth", input, at),
  "route53resolver.ListFirewallRuleGroupAssociations": (input, at) => callJson("route53resolver", { operation: "ListFirewallRuleGroupAssociations" }, input, at),
  "route53resolver.ListFirewallRules":     (input, at) => callJson("route53resolver", { operation: "ListFirewallRules" }, input, at),
  "route53resolver.ListFirewallDomains":   (input, at) => callJson("route53resolver", { operation: "ListFirewallDomains" }, input, at),
  "route53resolver.ListResolverRuleAssociations": (input, at) => callJson("route53resolver", { operation: "ListResolverRuleAssociations" }, input, at),
  "route53resolver.ListResolverRules":     (input, at) => callJson("route53resolver", { operation: "ListResolverRules" }, input, at),
  "route53.ListHostedZonesByVPC":          (input, at) => callRoute53("hostedzonesbyvpc", { vpcid: text(input, "VPCId"), vpcregion: text(input, "VPCRegion") }, at),
  "route53.ListResourceRecordSets":        (input, at) => callRoute53(`hostedzone/${idIn(input, "HostedZoneId")}/rrset`, {}, at),
};

function text(input: JsonObject, member: string): string {
  return getString(input, member) ?? "";
}

function efs(operation: string, path: string, query: Readonly<Record<string, string>>, at: AwsSettings) {
  return callJson("efs", { operation, path: `/2015-02-01/${path}`, query }, {}, at);
}

/** Ids become parts of a path: only one in the form of EFS or Route 53 is sent. */
function idIn(input: JsonObject, member: string): string {
  const id = getString(input, member) ?? "";
  return /^(?:arn:[\w:/-]+|fs(?:mt|ap)?-[\da-f]+|Z[A-Z\d]+)$/.test(id) ? encodeURIComponent(id) : "none";
}

function ecs(settings: AwsSettings): ECSClient {
  return clientOf(ECSClient, settings);
}

const clients = new WeakMap<AwsSettings, Map<unknown, unknown>>();

/** One of each kind for the same settings: each finds its credentials anew. */
function clientOf<Client>(
  kind: new (configuration: ReturnType<typeof clientConfiguration>) => Client,
  settings: AwsSettings,
): Client {
  const known = clients.get(settings) ?? new Map<unknown, unknown>();
  clients.set(settings, known);
  const client = (known.get(kind) as Client | undefined) ?? new kind(clientConfiguration(settings));
  known.set(kind, client);
  return client;
}

/** EFS's and IAM's own words for “there is none”, in addition to those that all services share. */
const ABSENT = /NotFound|NoSuchEntity|NoSuchHostedZone|ResourceNotFound/;

/** Asks a registry that is not ECR's; without a way there, the answer is unknown. */
export type AskImage = AccountReads["image"];

/** Opens images; absent where none is to be opened, so that a function does not carry it. */
export type OpeningImages = (
  settingsIn: (region: string) => AwsSettings,
) => NonNullable<AccountReads["config"]>;

const askNobody: AskImage = async () => ({ kind: "unknown", because: "registries are not asked here" });

export function createAccountReads(
  own: AwsSettings,
  account: string | undefined,
  image: AskImage = askNobody,
  opening?: OpeningImages,
): AccountReads {
  const settings: AwsSettings = { attemptsMax: ATTEMPTS_MAX, ...own };
  const networks = createNetworks(settings, account ?? "");
  const asked = new Map<string, Promise<Answered>>();
  const places = new Map<string, AwsSettings>();
  const shared = new SharedNetworks(networks.describe, (ids) => subnetsIn(settings, ids));
  const settingsIn = (region: string): AwsSettings => {
    const there = places.get(region) ?? { ...settings, region };
    places.set(region, there);
    return there;
  };
  return {
    account,
    region: own.region,
    read(operation, input, region = own.region) {
      const key = JSON.stringify([operation, input, region]);
      const answer = asked.get(key) ?? ask(operation, input, settingsIn(region));
      asked.set(key, answer);
      return answer;
    },
    network: (sources) => shared.of(sources),
    prepare: (sources) => shared.prepare(sources),
    securityGroups: (ids, region = own.region) => groupsIn(settingsIn(region), ids),
    image,
    ...(opening === undefined ? {} : { config: opening(settingsIn) }),
  };
}

async function subnetsIn(settings: AwsSettings, ids: readonly string[]): Promise<Read<Subnet>> {
  return await readPages("ec2:DescribeSubnets", async (token) => {
    const Filters = [{ Name: "subnet-id", Values: [...ids] }];
    const page = await clientOf(EC2Client, settings).send(
      new DescribeSubnetsCommand({ Filters, ...optional("NextToken", token) }),
    );
    return { items: page.Subnets?.map(subnetOf), next: page.NextToken };
  });
}

async function groupsIn(settings: AwsSettings, ids: readonly string[]): Promise<Read<SecurityGroup>> {
  return await readPages("ec2:DescribeSecurityGroups", async (token) => {
    const Filters = [{ Name: "group-id", Values: [...ids] }];
    const page = await clientOf(EC2Client, settings).send(
      new DescribeSecurityGroupsCommand({ Filters, ...optional("NextToken", token) }),
    );
    return { items: page.SecurityGroups?.map(securityGroupOf), next: page.NextToken };
  });
}

async function ask(operation: Operation, input: JsonObject, settings: AwsSettings): Promise<Answered> {
  const permission = OPERATIONS[operation];
  try {
    return { kind: "answer", answer: asJson(await CALLS[operation](input, settings)) };
  } catch (error) {
    const code = error instanceof Error ? error.name : "";
    const { kind, message } = toAwsError(permission, error);
    const because = message.slice(0, 300);
    const isAnswered = !(error instanceof SyntaxError);
    if (isAnswered && (kind === "absent" || ABSENT.test(code))) return { kind: "absent", code, because };
    return kind === "denied"
      ? { kind: "unread", permission, because: `may not call ${permission}` }
      : {
          kind: "unread",
          permission,
          because,
          ...(kind === "throttled" || kind === "unavailable" ? { error: kind } : {}),
        };
  }
}

/** As the AWS CLI prints it: moments as text, and nothing of the SDK's. */
function asJson(answer: unknown): JsonObject {
  const json: Json = JSON.parse(JSON.stringify(answer ?? {}));
  if (!isObject(json)) return {};
  const { $metadata: _, ...members } = json;
  return members;
}
