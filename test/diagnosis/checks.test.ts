/** What each check concludes of recorded answers: the facts of one service, changed in one place a row. */

import { describe, expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  ACCOUNT,
  BASE,
  diagnosed,
  type Facts,
  group,
  IMAGE,
  nfs,
  policy,
  ROLE,
  resultOf,
  SECRET,
} from "./account-facts.ts";

test("a service with all that it needs would start, and each check says by which fact", async () => {
  const found = await diagnosed({});
  expect(found.checks.filter(({ result }) => result !== "passed" && result !== "not applicable")).toEqual([]);
  expect(found.verdict).toBe("nothing-found");
  expect(found.checks.every(({ because }) => because.length > 10)).toBe(true);
});

const deny = (Action: string, AWS: string): JsonObject => ({
  Effect: "Deny",
  Principal: { AWS },
  Action,
  Resource: "*",
});
const firewall = (Action: string, ...Domains: readonly string[]): Facts => ({
  "route53resolver.ListFirewallRuleGroupAssociations": {
    FirewallRuleGroupAssociations: [{ VpcId: "vpc-1", FirewallRuleGroupId: "rslvr-frg-1" }],
  },
  "route53resolver.ListFirewallRules": {
    FirewallRules: [
      { FirewallRuleGroupId: "rslvr-frg-1", FirewallDomainListId: "rslvr-fdl-1", Priority: 1, Action },
    ],
  },
  "route53resolver.ListFirewallDomains": { Domains: [...Domains] },
});
const zone = (
  Name: string,
  records: readonly string[],
  Owner: JsonObject = { OwningAccount: ACCOUNT },
): Facts => ({
  "route53.ListHostedZonesByVPC": { HostedZoneSummaries: [{ HostedZoneId: "Z1", Name, Owner }] },
  "route53.ListResourceRecordSets": {
    ResourceRecordSets: records.map((record) => ({ Name: record, Type: record === Name ? "SOA" : "A" })),
  },
});
const forwards = (DomainName: string, RuleType = "FORWARD"): Facts => ({
  "route53resolver.ListResolverRuleAssociations": {
    ResolverRuleAssociations: [{ VPCId: "vpc-1", ResolverRuleId: "rslvr-rr-1" }],
  },
  "route53resolver.ListResolverRules": {
    ResolverRules: [{ Id: "rslvr-rr-1", DomainName, RuleType, TargetIps: [{ Ip: "10.9.0.2" }] }],
  },
});
const cached = (repository: boolean, decision: string): Facts => ({
  "ecr.DescribeImages": repository
    ? { Error: { Code: "ImageNotFoundException", Message: "none" } }
    : { Error: { Code: "RepositoryNotFoundException", Message: "none" } },
  "ecr.DescribePullThroughCacheRules": {
    pullThroughCacheRules: [
      { ecrRepositoryPrefix: "ROOT", upstreamRegistryUrl: "registry-1.docker.io", credentialArn: SECRET },
    ],
  },
  "ecr.GetRegistryPolicy": { Error: { Code: "RegistryPolicyNotFoundException", Message: "none" } },
  "iam.SimulatePrincipalPolicy": {
    EvaluationResults: [
      ...getObjects(BASE["iam.SimulatePrincipalPolicy"] ?? {}, "EvaluationResults"),
      ...["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"].map((EvalActionName) => ({
        EvalActionName,
        EvalDecision: decision,
      })),
    ],
  },
});
const defined = (container: JsonObject, more: JsonObject = {}): Facts => ({
  "ecs.DescribeTaskDefinition": {
    taskDefinition: {
      executionRoleArn: ROLE,
      containerDefinitions: [{ name: "web", image: IMAGE, ...container }],
      ...more,
    },
  },
});
const file = (value: string, decision = "implicitDeny"): Facts => ({
  ...defined({ environmentFiles: [{ value, type: "s3" }] }),
  "iam.SimulatePrincipalPolicy": {
    EvaluationResults: [
      ...getObjects(BASE["iam.SimulatePrincipalPolicy"] ?? {}, "EvaluationResults"),
      { EvalActionName: "s3:GetObject", EvalDecision: decision },
    ],
  },
});
const asked = (suffix: string, stages: JsonObject): Facts => ({
  ...defined({ secrets: [{ name: "DB", valueFrom: `${SECRET}${suffix}` }] }),
  "secretsmanager.DescribeSecret": { ARN: SECRET, VersionIdsToStages: stages },
});
const closed: Facts = {
  "ec2.DescribeSubnets": {
    Subnets: [
      {
        SubnetId: "subnet-1",
        VpcId: "vpc-1",
        CidrBlock: "10.0.1.0/24",
        AvailabilityZoneId: "use1-az1",
        AvailableIpAddressCount: 9,
        BlockPublicAccessStates: { InternetGatewayBlockMode: "block-bidirectional" },
      },
    ],
  },
};
const byGateway: Facts = {
  "ecs.DescribeServices": {
    services: [
      {
        serviceName: "web",
        launchType: "FARGATE",
        taskDefinition: "web:7",
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ["subnet-1"],
            securityGroups: ["sg-task"],
            assignPublicIp: "ENABLED",
          },
        },
      },
    ],
  },
  "ec2.DescribeRouteTables": {
    RouteTables: [
      {
        RouteTableId: "rtb-1",
        VpcId: "vpc-1",
        Associations: [{ Main: true }],
        Routes: [{ DestinationCidrBlock: "0.0.0.0/0", GatewayId: "igw-1", State: "active" }],
      },
    ],
  },
};
const implicit: Facts = {
  "iam.SimulatePrincipalPolicy": {
    EvaluationResults: [
      { EvalActionName: "ecr:GetAuthorizationToken", EvalDecision: "allowed" },
      ...["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"].map(
        (EvalActionName) => ({ EvalActionName, EvalDecision: "implicitDeny" }),
      ),
      ...["secretsmanager:GetSecretValue", "kms:Decrypt"].map((EvalActionName) => ({
        EvalActionName,
        EvalDecision: "allowed",
      })),
    ],
  },
};

describe("one fact of the account is otherwise", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, facts: Facts, check: string, result: string, cause?: string])[] = [
    ["the secret's policy denies the role",              { "secretsmanager.GetResourcePolicy": { ResourcePolicy: policy(deny("secretsmanager:*", ROLE)) } },              "secret.policy",            "failed",  "execution-role-may-not-read-secret"],
    ["the secret's policy denies another role",          { "secretsmanager.GetResourcePolicy": { ResourcePolicy: policy(deny("secretsmanager:*", `${ROLE}-other`)) } },   "secret.policy",            "passed"],
    ["the secret's policy denies under a condition",     { "secretsmanager.GetResourcePolicy": { ResourcePolicy: policy({ ...deny("secretsmanager:*", "*"), Condition: { StringNotEquals: { "aws:SourceVpce": "vpce-1" } } }) } }, "secret.policy", "not sure"],
    ["the key's policy names no principal of the account", { "kms.GetKeyPolicy": { Policy: policy({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::210987654321:root" }, Action: "kms:*", Resource: "*" }) } }, "kms.key-policy", "failed", "execution-role-may-not-decrypt"],
    ["the repository's policy denies all principals",    { "ecr.GetRepositoryPolicy": { repositoryName: "web", policyText: policy(deny("ecr:BatchGetImage", "*")) } },        "image.repository-policy",  "failed",  "repository-policy-denies"],
    ["the repository's own policy is enough",            { ...implicit, "ecr.GetRepositoryPolicy": { repositoryName: "web", policyText: policy({ Effect: "Allow", Principal: { AWS: ROLE }, Action: "ecr:*" }) } }, "role.ecr-pull", "passed"],
    ["neither policy lets the role pull",                implicit,                                                                                                       "role.ecr-pull",            "failed",  "role-may-not-pull"],
    ["the DNS firewall blocks the registry",             firewall("BLOCK", "*.amazonaws.com."),                                                                            "net.dns.firewall",         "failed",  "dns-firewall-blocks"],
    ["the DNS firewall only reports the registry",        firewall("ALERT", "*.amazonaws.com."),                                                                            "net.dns.firewall",         "passed"],
    ["the DNS firewall blocks other names",              firewall("BLOCK", "bad.example."),                                                                                "net.dns.firewall",         "passed"],
    ["a cache rule brings what is not there yet",        cached(true, "allowed"),                                                                                          "image.ptc-rule",           "not sure"],
    ["the role may not import into the cache",           cached(true, "implicitDeny"),                                                                                     "role.ptc-create",          "failed",  "pull-through-cache-may-not-fill"],
    ["the role may not make the cache's repository",     cached(false, "implicitDeny"),                                                                                    "role.ptc-create",          "failed",  "pull-through-cache-may-not-create-repository"],
    ["the registry's policy lets the role import",       { ...cached(true, "implicitDeny"), "ecr.GetRegistryPolicy": { policyText: policy({ Effect: "Allow", Principal: { AWS: ROLE }, Action: "ecr:BatchImportUpstreamImage", Resource: "*" }) } }, "role.ptc-create", "passed"],
    ["the environment file's bucket may allow it",       file("arn:aws:s3:::config/prod.env"),                                                                             "role.exec.s3-env",         "not sure"],
    ["a statement denies the environment file",          file("arn:aws:s3:::config/prod.env", "explicitDeny"),                                                             "role.exec.s3-env",         "failed",  "execution-role-may-not-read-env-file"],
    ["the environment file is not an object of S3",      file("https://config.example/prod.env"),                                                                          "env-file.exists",          "failed",  "env-file-missing"],
    ["the secret has no value",                          asked("", {}),                                                                                                    "secret.version-stage",     "failed",  "secret-has-no-value"],
    ["the secret has no such stage",                     asked(":password:AWSPREVIOUS:", { "1": ["AWSCURRENT"] }),                                                         "secret.version-stage",     "failed",  "secret-has-no-value"],
    ["the secret has the stage",                         asked(":password:AWSCURRENT:", { "1": ["AWSCURRENT"] }),                                                          "secret.exists",            "passed"],
    ["a volume names an access point and a directory",   defined({}, { volumes: [{ name: "data", efsVolumeConfiguration: { fileSystemId: "fs-1", rootDirectory: "/data", transitEncryption: "ENABLED", authorizationConfig: { accessPointId: "fsap-1" } } }] }), "efs.root-directory", "failed", "efs-settings-invalid"],
    ["a private zone hides the registry's names",        zone("amazonaws.com.", ["amazonaws.com."]),                                                                       "net.dns.hosted-zone",      "failed",  "hosted-zone-hides-name"],
    ["a private zone takes the registry's names by a wildcard", zone("amazonaws.com.", ["amazonaws.com.", "\\052.amazonaws.com."]),                                           "net.dns.hosted-zone",      "not sure"],
    ["a private zone is an endpoint's own",              zone("api.ecr.us-east-1.amazonaws.com.", [], { OwningService: "vpce.amazonaws.com" }),                              "net.dns.hosted-zone",      "passed"],
    ["a private zone is of other names",                 zone("corp.example.", ["corp.example."]),                                                                         "net.dns.hosted-zone",      "passed"],
    ["a rule forwards what a private zone would hide",   { ...zone("amazonaws.com.", ["amazonaws.com."]), ...forwards("amazonaws.com.") },                                 "net.dns.hosted-zone",      "passed"],
    ["the records of a private zone may not be read",    { ...zone("amazonaws.com.", []), "route53.ListResourceRecordSets": { Error: { Code: "AccessDenied", Message: "no" } } }, "net.dns.hosted-zone", "not checked"],
    ["a rule forwards all names",                        forwards("."),                                                                                                    "net.dns.resolver-rule",    "not sure"],
    ["a rule leaves the names to the resolver",          forwards("amazonaws.com.", "SYSTEM"),                                                                             "net.dns.resolver-rule",    "passed"],
    ["a rule forwards other names",                      forwards("corp.example."),                                                                                        "net.dns.resolver-rule",    "passed"],
    ["the VPC resolves nothing",                         { "ec2.DescribeVpcAttribute": { EnableDnsSupport: { Value: false }, EnableDnsHostnames: { Value: false } } },        "net.dns.vpc-attributes",   "failed",  "vpc-dns-attributes-off"],
    ["Block Public Access is on for a public subnet",    { ...closed, ...byGateway },                                                                                     "net.bpa",                  "failed",  "public-access-blocked"],
    ["Block Public Access is on, and a NAT gateway is elsewhere", closed,                                                                                                 "net.bpa",                  "not sure"],
    ["the mount target's group lets no one in",          { "ec2.DescribeSecurityGroups": { SecurityGroups: [group("sg-task"), group("sg-efs")] } },                           "efs.sg-2049",              "failed",  "efs-mount-refused"],
    ["the task's group lets no NFS out",                 { "ec2.DescribeSecurityGroups": { SecurityGroups: [group("sg-task", { IpPermissionsEgress: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }), group("sg-efs", nfs("sg-task"))] } }, "efs.sg-egress", "failed", "sg-egress-blocks-file-system"],
    ["the access point is another file system's",        { "efs.DescribeAccessPoints": { AccessPoints: [{ AccessPointId: "fsap-1", FileSystemId: "fs-2" }] } },               "efs.access-point",         "failed",  "efs-root-directory-missing"],
    ["the target answers with another code",             { "elbv2.DescribeTargetHealth": { TargetHealthDescriptions: [{ TargetHealth: { State: "unhealthy", Reason: "Target.ResponseCodeMismatch" } }] } }, "lb.target-health", "failed", "load-balancer-health-check-failed"],
    ["the target is new",                                { "elbv2.DescribeTargetHealth": { TargetHealthDescriptions: [{ TargetHealth: { State: "initial", Reason: "Elb.InitialHealthChecking" } }] } }, "lb.target-health", "passed"],
    ["the target group is gone",                         { "elbv2.DescribeTargetGroups": { Error: { Code: "TargetGroupNotFoundException", Message: "none" } } },              "lb.target-group",          "failed",  "target-group-missing"],
    ["the secret's policy may not be read",              { "secretsmanager.GetResourcePolicy": { Error: { Code: "AccessDeniedException", Message: "no" } } },                "secret.policy",            "not checked"],
  ];
  for (const [story, facts, check, result, cause] of table)
    test(`${story}: ${check} ${result}`, async () => {
      const found = await diagnosed(facts);
      expect(resultOf(found, check)).toContain(result);
      expect(found.checks.flatMap((one) => one.cause?.code ?? [])).toEqual(
        cause === undefined ? [] : expect.arrayContaining([cause]),
      );
    });
});

describe("an image of another registry", () => {
  const of = (image: string, more: JsonObject = {}): Facts => ({
    "ecs.DescribeTaskDefinition": {
      taskDefinition: { containerDefinitions: [{ name: "web", image, ...more }] },
    },
  });
  const login = { repositoryCredentials: { credentialsParameter: SECRET } };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [said: string, more: JsonObject, result: string, cause?: string])[] = [
    ["found",   {},    "passed"],
    ["absent",  {},    "failed",      "tag-not-in-repository"],
    ["refused", {},    "failed",      "no-such-repository-or-private"],
    ["refused", login, "not checked"],
    ["limited", {},    "not sure"],
    ["",        {},    "not checked"],
  ];
  for (const [said, more, result, cause] of table)
    test(`the registry says “${said}” of it${"repositoryCredentials" in more ? ", and the task has a login" : ""}: ${result}`, async () => {
      const found = await diagnosed({
        ...of("ghcr.io/acme/web:1", more),
        "registry.Head": { "ghcr.io/acme/web:1": said },
      });
      expect(resultOf(found, "image.exists-upstream")).toEqual([result]);
      expect(found.checks.find(({ id }) => id === "image.exists-upstream")?.cause?.code).toBe(cause);
    });
});

describe("the attributes of container instances", () => {
  const on = (...attributes: readonly JsonObject[]): Facts => ({
    ...defined(
      {},
      { requiresAttributes: [{ name: "ecs.capability.task-eia" }, { name: "ecs.os-type", value: "linux" }] },
    ),
    "ecs.DescribeServices": {
      services: [{ serviceName: "web", launchType: "EC2", taskDefinition: "web:7" }],
    },
    "ecs.ListContainerInstances": { containerInstanceArns: ["arn:i"] },
    "ecs.DescribeContainerInstances": {
      containerInstances: [
        {
          containerInstanceArn: "arn:i",
          agentConnected: true,
          status: "ACTIVE",
          attributes: [...attributes],
        },
      ],
    },
  });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, facts: Facts, result: string, attribute?: string])[] = [
    ["are all there",             on({ name: "ecs.capability.task-eia" }, { name: "ecs.os-type", value: "linux" }),   "passed"],
    ["lack one",                  on({ name: "ecs.os-type", value: "linux" }),                                        "failed", "ecs.capability.task-eia"],
    ["have one of another value", on({ name: "ecs.capability.task-eia" }, { name: "ecs.os-type", value: "windows" }), "failed", "ecs.os-type=linux"],
  ];
  for (const [what, facts, result, attribute] of table)
    test(`${what}: ${result}`, async () => {
      const { checks } = await diagnosed(facts);
      const found = checks.find(({ id }) => id === "instance.attributes");
      expect([found?.result, found?.fact?.attribute]).toEqual([result, attribute]);
    });
});

describe("a start without such things", () => {
  test("has checks that are not applicable, with why", async () => {
    const found = await diagnosed({
      "ecs.DescribeTaskDefinition": {
        taskDefinition: { containerDefinitions: [{ name: "web", image: "nginx:1" }] },
      },
    });
    for (const id of ["secret.exists", "log.group", "efs.exists", "role.ecr-pull"])
      expect(resultOf(found, id)).toEqual(["not applicable"]);
  });
});
