/**
 * Checks of what a start needs in addition to its network: each in a world where it fails, one where it passes, and those where it cannot
 * know, because an answer is refused, missing, or about another thing.
 */

import { describe, expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  ACCOUNT,
  BALANCER,
  BASE,
  diagnosed,
  diagnosedIn,
  type Facts,
  from,
  GROUP,
  group,
  IMAGE,
  KEY,
  nfs,
  policy,
  REGION,
  ROLE,
  resultOf,
  SECRET,
  stopped,
} from "./account-facts.ts";

const refused = { Error: { Code: "AccessDeniedException", Message: "no" } };
const TASK_ROLE = `arn:aws:iam::${ACCOUNT}:role/web`;
const VOLUME_ROLE = `arn:aws:iam::${ACCOUNT}:role/volumes`;
const GIB = 1024 ** 3;

const defined = (container: JsonObject, more: JsonObject = {}): Facts => ({
  "ecs.DescribeTaskDefinition": {
    taskDefinition: {
      executionRoleArn: ROLE,
      containerDefinitions: [{ name: "web", image: IMAGE, ...container }],
      ...more,
    },
  },
});
const served = (more: JsonObject): Facts => ({
  "ecs.DescribeServices": {
    services: getObjects(BASE["ecs.DescribeServices"] ?? {}, "services").map((one) => ({ ...one, ...more })),
  },
});
const simulated = (...results: readonly JsonObject[]): Facts => ({
  "iam.SimulatePrincipalPolicy": {
    EvaluationResults: [
      ...results,
      ...getObjects(BASE["iam.SimulatePrincipalPolicy"] ?? {}, "EvaluationResults"),
    ],
  },
});
const described = (detail: JsonObject): Facts => ({
  "ecr.DescribeImages": {
    imageDetails: [
      { ...getObjects(BASE["ecr.DescribeImages"] ?? {}, "imageDetails")[0], ...detail },
      { repositoryName: "other", imageTags: ["1"], imageDigest: "sha256:2", imageSizeInBytes: 99 * GIB },
    ],
  },
});
const config = (of: JsonObject): Facts => ({ "registry.Config": { "sha256:c": of } });
const revisions = (...all: readonly JsonObject[]): Facts => ({
  "ecs.DescribeServiceRevisions": { serviceRevisions: [...all] },
});
const revision = (imageDigest: string, more: JsonObject = {}): JsonObject => ({
  serviceRevisionArn: "arn:revision/1",
  taskDefinition: "web:7",
  containerImages: [{ containerName: "web", image: IMAGE, imageDigest }],
  ...more,
});
const groups = (...SecurityGroups: readonly JsonObject[]): Facts => ({
  "ec2.DescribeSecurityGroups": { SecurityGroups: [...SecurityGroups] },
});
const role = (RoleName: string, service: string, more: JsonObject = {}): Facts => ({
  "iam.GetRole": {
    Role: {
      RoleName,
      AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: service } }] },
      ...more,
    },
  },
});
const mounted = (access: JsonObject, more: JsonObject = {}): Facts =>
  defined(
    {},
    {
      volumes: [
        {
          name: "data",
          efsVolumeConfiguration: {
            fileSystemId: "fs-1",
            transitEncryption: "ENABLED",
            authorizationConfig: access,
          },
        },
      ],
      ...more,
    },
  );
const ofSystem = (...statements: readonly JsonObject[]): Facts => ({
  "efs.DescribeFileSystemPolicy": { Policy: policy(...statements) },
});
const mount = (EvalDecision: string) =>
  simulated({ EvalActionName: "elasticfilesystem:ClientMount", EvalDecision });
const parameter = (own: JsonObject): Facts => ({
  ...defined({ secrets: [{ name: "DB", valueFrom: "/prod/db" }] }),
  ...simulated({ EvalActionName: "ssm:GetParameters", EvalDecision: "allowed" }),
  "ssm.DescribeParameters": {
    Parameters: [
      { Name: "/prod/other", KeyId: "alias/x" },
      { Name: "/prod/db", ...own },
    ],
  },
});
const tagged = (EvalDecision: string, missing: readonly string[], Tags?: readonly JsonObject[]): Facts => ({
  ...simulated({
    EvalActionName: "secretsmanager:GetSecretValue",
    EvalDecision,
    MissingContextValues: [...missing],
  }),
  "secretsmanager.DescribeSecret": { ARN: SECRET, ...(Tags === undefined ? {} : { Tags: [...Tags] }) },
});
const volumes = (more: JsonObject = {}): Facts => ({
  ...served({
    deployments: [
      { volumeConfigurations: [{ name: "data", managedEBSVolume: { roleArn: VOLUME_ROLE, ...more } }] },
    ],
  }),
  ...role("volumes", "ecs.amazonaws.com"),
});
const create = (EvalDecision: string) => simulated({ EvalActionName: "ec2:CreateVolume", EvalDecision });
const slow = (seconds: number | undefined, startPeriod: number): Facts => ({
  ...served(seconds === undefined ? {} : { healthCheckGracePeriodSeconds: seconds }),
  ...defined({ healthCheck: { command: ["CMD", "true"], startPeriod } }),
});
const balanced = (own: JsonObject): Facts => ({
  "elbv2.DescribeLoadBalancers": {
    LoadBalancers: [
      { LoadBalancerArn: `${BALANCER}-other`, SecurityGroups: ["sg-other"] },
      { LoadBalancerArn: BALANCER, Type: "network", AvailabilityZones: [{ SubnetId: "subnet-1" }], ...own },
    ],
  },
});
const byAddress = (CidrIp: string) => ({
  IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp }] }],
});

type Row = readonly [story: string, facts: Facts, check: string, results: string, cause?: string];

describe("of a service that has not failed yet", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly Row[] = [
    ["the image alone is larger than the storage",        described({ imageSizeInBytes: 21 * GIB }),                       "taskdef.ephemeral-storage", "failed", "ephemeral-storage-full"],
    ["the image may fill the storage when unpacked",      described({ imageSizeInBytes: 11 * GIB }),                       "taskdef.ephemeral-storage", "not sure"],
    ["the definition asks for more storage",              { ...described({ imageSizeInBytes: 21 * GIB }), ...defined({}, { ephemeralStorage: { sizeInGiB: 100 } }) }, "taskdef.ephemeral-storage", "passed"],
    ["ECR reports no size",                                described({ imageSizeInBytes: null }),                           "taskdef.ephemeral-storage", "not checked"],
    ["ECR reports a negative size",                       described({ imageSizeInBytes: -1 }),                             "image.size",                "not checked"],
    ["one of two images is of another registry",          defined({}, { containerDefinitions: [{ name: "web", image: IMAGE }, { name: "side", image: "nginx:1" }] }), "image.size", "passed, not checked"],
    ["the image has no ENTRYPOINT, and the command is an option", { ...config({ entrypoint: [], command: ["/web"] }), ...defined({ command: ["-v"] }) }, "image.entrypoint", "failed", "command-not-in-image"],
    ["the definition's entryPoint takes CMD away",        { ...config({ entrypoint: [], command: ["-v"] }), ...defined({ entryPoint: ["/web"] }) }, "image.entrypoint", "passed"],
    ["an option is CMD, behind an ENTRYPOINT",            config({ entrypoint: ["/web"], command: ["-v"] }),               "image.entrypoint", "passed"],
    ["nothing says what to run",                          config({ entrypoint: [], command: [] }),                         "image.entrypoint", "failed", "command-not-in-image"],
    ["the config may not be read",                        { "registry.Config": {} },                                       "image.entrypoint", "not checked"],
    ["the manifest may not be read",                      { "ecr.BatchGetImage": refused },                                "image.entrypoint", "not checked"],
    ["the manifest is of another image",                  { "ecr.BatchGetImage": { images: [{ imageId: { imageDigest: "sha256:9" }, imageManifest: "{}" }] } }, "image.entrypoint", "not checked"],
    ["the manifest is cut off",                           { "ecr.BatchGetImage": { images: [{ imageId: { imageDigest: "sha256:1" }, imageManifest: '{"config":{"dig' }] } }, "image.entrypoint", "not checked"],
    ["the only manifest is of another CPU",               config({ entrypoint: ["/web"], os: "linux", architecture: "arm64" }), "image.platforms", "failed", "image-of-other-architecture"],
    ["the only manifest is of the task's CPU",            config({ entrypoint: ["/web"], os: "linux", architecture: "amd64" }), "image.platforms", "passed"],
    ["the deployment's digest is gone",                   { "ecr.DescribeImages": { Error: { Code: "ImageNotFoundException", Message: "none" } } }, "service.deployment-digest", "failed", "digest-of-deployment-gone"],
    ["the deployment's digest is there",                  {},                                                              "service.deployment-digest", "passed"],
    ["ECR's answer is about another digest",              revisions(revision("sha256:gone")),                              "service.deployment-digest", "not checked"],
    ["the revision is of another task definition",        revisions(revision("sha256:1", { taskDefinition: "web:6" })),    "service.deployment-digest", "not checked"],
    ["the revisions may not be read",                     { "ecs.DescribeServiceRevisions": refused },                     "service.deployment-digest", "not checked"],
    ["ECS lists no deployment",                           { "ecs.ListServiceDeployments": { serviceDeployments: [] } },    "service.deployment-digest", "not checked"],
    ["CodeDeploy deploys the service",                    served({ deploymentController: { type: "CODE_DEPLOY" } }),       "service.deployment-digest", "not applicable"],
    ["the tasks' group does not let the load balancer in", groups(group("sg-task"), group("sg-efs", nfs("sg-task")), group("sg-lb")), "lb.sg-to-task", "failed", "task-security-group-blocks-load-balancer"],
    ["the tasks' group lets in by another port",          groups(group("sg-task", from("sg-lb", 8080)), group("sg-efs", nfs("sg-task")), group("sg-lb")), "lb.sg-to-task", "failed", "task-security-group-blocks-load-balancer"],
    ["the load balancer's group lets nothing out",        groups(group("sg-task", from("sg-lb", 80)), group("sg-efs", nfs("sg-task")), group("sg-lb", { IpPermissionsEgress: [] })), "lb.sg-to-task", "failed", "load-balancer-security-group-blocks"],
    ["the tasks' group lets the subnets' addresses in",   { ...groups(group("sg-task", byAddress("10.0.0.0/16")), group("sg-efs", nfs("sg-task"))), ...balanced({}) }, "lb.sg-to-task", "passed"],
    ["the tasks' group lets part of the subnet in",       { ...groups(group("sg-task", byAddress("10.0.1.0/25")), group("sg-efs", nfs("sg-task"))), ...balanced({}) }, "lb.sg-to-task", "not sure"],
    ["a load balancer without groups is in an unknown subnet", { ...groups(group("sg-task", byAddress("10.0.9.0/24")), group("sg-efs", nfs("sg-task"))), ...balanced({ AvailabilityZones: [{ SubnetId: "subnet-9" }] }) }, "lb.sg-to-task", "not sure"],
    ["the targets have addresses of IPv6",                { "elbv2.DescribeTargetGroups": { TargetGroups: getObjects(BASE["elbv2.DescribeTargetGroups"] ?? {}, "TargetGroups").map((one) => ({ ...one, IpAddressType: "ipv6" })) } }, "lb.sg-to-task", "not checked"],
    ["EC2 does not describe the load balancer's group",   groups(group("sg-task", from("sg-lb", 80)), group("sg-efs", nfs("sg-task"))), "lb.sg-to-task", "not checked"],
    ["the load balancer may not be read",                 { "elbv2.DescribeLoadBalancers": refused },                      "lb.sg-to-task", "not checked"],
    ["the answer is about another load balancer",         balanced({ LoadBalancerArn: `${BALANCER}-third` }),              "lb.sg-to-task", "not checked"],
    ["the container may start longer than ECS waits",     slow(30, 300),                                                   "service.grace-period", "failed", "grace-period-too-short"],
    ["ECS waits longer than the container may start",     slow(400, 300),                                                  "service.grace-period", "passed"],
    ["the target group's thresholds may not be read",     { "elbv2.DescribeTargetGroups": refused },                       "lb.target-group", "not checked"],
    ["the volume asks for IAM without a task role",       mounted({ iam: "ENABLED" }),                                     "role.task.efs", "failed", "task-role-may-not-mount"],
    ["the file system has no policy",                     mounted({ iam: "ENABLED" }, { taskRoleArn: TASK_ROLE }),          "role.task.efs", "passed"],
    ["neither policy lets the task role mount",           { ...mounted({ iam: "ENABLED" }, { taskRoleArn: TASK_ROLE }), ...ofSystem({ Effect: "Allow", Principal: { AWS: `${TASK_ROLE}-2` }, Action: "*", Resource: "*" }), ...mount("implicitDeny") }, "role.task.efs", "failed", "task-role-may-not-mount"],
    ["the file system's policy lets the task role mount", { ...mounted({ iam: "ENABLED" }, { taskRoleArn: TASK_ROLE }), ...ofSystem({ Effect: "Allow", Principal: { AWS: TASK_ROLE }, Action: "*", Resource: "*" }), ...mount("implicitDeny") }, "role.task.efs", "passed"],
    ["the file system's policy asks for a condition",     { ...mounted({ iam: "ENABLED" }, { taskRoleArn: TASK_ROLE }), ...ofSystem({ Effect: "Allow", Principal: { AWS: "*" }, Action: "*", Resource: "*", Condition: { Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" } } }), ...mount("implicitDeny") }, "role.task.efs", "not sure"],
    ["the file system's policy may not be read",          { ...mounted({ iam: "ENABLED" }, { taskRoleArn: TASK_ROLE }), "efs.DescribeFileSystemPolicy": refused }, "role.task.efs", "not checked"],
    ["the parameter's own key is disabled",               { ...parameter({ Type: "SecureString", KeyId: KEY }), "kms.DescribeKey": { KeyMetadata: { Arn: KEY, KeyState: "Disabled" } } }, "kms.key-state", "failed", "key-not-usable"],
    ["the parameter's own key is enabled",                parameter({ Type: "SecureString", KeyId: KEY }),                  "kms.key-state", "passed"],
    ["the role may not decrypt with the parameter's key", { ...parameter({ Type: "SecureString", KeyId: KEY }), ...simulated({ EvalActionName: "ssm:GetParameters", EvalDecision: "allowed" }, { EvalActionName: "kms:Decrypt", EvalDecision: "implicitDeny" }) }, "role.exec.kms-decrypt", "failed", "execution-role-may-not-decrypt"],
    ["the parameter has AWS's own key",                   { ...parameter({ Type: "SecureString", KeyId: "alias/aws/ssm" }), "kms.DescribeKey": refused }, "kms.key-state", ""],
    ["the parameter's key may not be read",               { ...parameter({ Type: "SecureString", KeyId: KEY }), "kms.DescribeKey": refused }, "kms.key-state", "not checked"],
    ["a condition asks for a tag that the secret lacks",  tagged("implicitDeny", ["aws:ResourceTag/team"], [{ Key: "env", Value: "prod" }]), "secret.tags-condition", "failed", "execution-role-may-not-read-secret"],
    ["a condition asks for more than the secret's tags",  tagged("implicitDeny", ["aws:ResourceTag/team", "aws:SourceVpce"]), "role.exec.secret", "not sure"],
    ["a condition on a tag is met",                       tagged("allowed", [], [{ Key: "team", Value: "web" }]),           "role.exec.secret", "passed"],
    ["the infrastructure role does not trust ECS",        { ...volumes(), ...role("volumes", "ec2.amazonaws.com") },        "role.infrastructure.trust", "failed", "infrastructure-role-not-assumable"],
    ["the infrastructure role may create volumes",        { ...volumes(), ...create("allowed") },                          "role.infrastructure.ebs", "passed"],
    ["the infrastructure role may not create volumes",    { ...volumes(), ...create("implicitDeny") },                     "role.infrastructure.ebs", "failed", "infrastructure-role-may-not-use-volume"],
    ["the infrastructure role may not be read",           { ...volumes(), "iam.GetRole": refused },                        "role.infrastructure.trust", "not checked"],
    ["the volume's key is marked for deletion",           { ...volumes({ kmsKeyId: KEY }), ...create("allowed"), ...defined({}), "kms.DescribeKey": { KeyMetadata: { Arn: KEY, KeyState: "PendingDeletion" } } }, "kms.key-state", "failed", "key-not-usable"],
    ["no volume of EBS is configured",                    {},                                                              "role.infrastructure.trust", "not applicable"],
  ];
  for (const [story, facts, check, results, cause] of table)
    test(`${story}: ${check} ${results || "is not asked"}`, async () => {
      const found = await diagnosed(facts);
      expect(resultOf(found, check).join(", ")).toBe(results);
      const causes = found.checks.flatMap((one) => (one.id === check ? (one.cause?.code ?? []) : []));
      expect(causes).toEqual(cause === undefined ? [] : [cause]);
    });
});

const onInstances = (more: Facts = {}): Facts => ({
  ...defined({ memory: 64 }, { networkMode: "awsvpc" }),
  "ecs.DescribeServices": {
    services: [
      {
        serviceName: "web",
        launchType: "EC2",
        taskDefinition: "web:7",
        capacityProviderStrategy: [{ capacityProvider: "asg" }],
      },
    ],
  },
  "ecs.ListContainerInstances": { containerInstanceArns: ["arn:i/1", "arn:i/2"] },
  "ecs.DescribeContainerInstances": {
    containerInstances: ["1", "2"].map((id) => ({
      containerInstanceArn: `arn:i/${id}`,
      ec2InstanceId: `i-${id}`,
      agentConnected: true,
      status: "ACTIVE",
      remainingResources: [{ name: "MEMORY", integerValue: 4096 }],
    })),
  },
  "ec2.DescribeInstances": { Reservations: [{ Instances: [instance("i-1", 3), instance("i-2", 3)] }] },
  "ec2.DescribeInstanceTypes": {
    InstanceTypes: [
      { InstanceType: "m5.24xlarge", NetworkInfo: { MaximumNetworkInterfaces: 15 } },
      { InstanceType: "t3.medium", NetworkInfo: { MaximumNetworkInterfaces: 3 } },
    ],
  },
  "ecs.DescribeCapacityProviders": {
    capacityProviders: [
      { name: "other", autoScalingGroupProvider: { autoScalingGroupArn: "arn:autoScalingGroupName/x" } },
      provider("ENABLED"),
    ],
  },
  "autoscaling.DescribeAutoScalingGroups": { AutoScalingGroups: [asg("2", "5")] },
  "autoscaling.DescribeScalingActivities": { Activities: [] },
  ...more,
});
const instance = (InstanceId: string, interfaces: number, InstanceType = "t3.medium"): JsonObject => ({
  InstanceId,
  InstanceType,
  SubnetId: "subnet-1",
  NetworkInterfaces: Array.from({ length: interfaces }, (_, DeviceIndex) => ({
    SubnetId: "subnet-1",
    Groups: [{ GroupId: "sg-task" }],
    Attachment: { DeviceIndex },
  })),
});
const provider = (status: string): JsonObject => ({
  name: "asg",
  autoScalingGroupProvider: {
    autoScalingGroupArn: `arn:aws:autoscaling:${REGION}:${ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/web-asg`,
    managedScaling: { status },
  },
});
/** Auto Scaling answers with XML, whose numbers are texts. */
const asg = (DesiredCapacity: string, MaxSize: string, more: JsonObject = {}): JsonObject => ({
  AutoScalingGroupName: "web-asg",
  DesiredCapacity,
  MaxSize,
  ...more,
});
const activity = (StartTime: string, StatusCode: string, StatusMessage = ""): JsonObject => ({
  AutoScalingGroupName: "web-asg",
  StartTime,
  StatusCode,
  StatusMessage,
});
const acted = (...Activities: readonly JsonObject[]): Facts => ({
  "autoscaling.DescribeScalingActivities": { Activities: [...Activities] },
});
const grouped = (...all: readonly JsonObject[]): Facts => ({
  "autoscaling.DescribeAutoScalingGroups": { AutoScalingGroups: [...all] },
});
const ofInstances = (...Instances: readonly JsonObject[]): Facts => ({
  "ec2.DescribeInstances": { Reservations: [{ Instances: [...Instances] }] },
});

/** Container instances, each with the memory that ECS says it has free. */
const withFree = (...free: readonly (readonly number[])[]): Facts => ({
  "ecs.DescribeContainerInstances": {
    containerInstances: free.map((told, index) => ({
      containerInstanceArn: `arn:i/${index + 1}`,
      ec2InstanceId: `i-${index + 1}`,
      agentConnected: true,
      status: "ACTIVE",
      remainingResources: told.map((integerValue) => ({ name: "MEMORY", integerValue })),
    })),
  },
});

describe("of a placement that failed", () => {
  const noRoom = { failures: [{ reason: "RESOURCE:ENI" }] };
  const placed = async (facts: Facts) => {
    const { failures } = noRoom;
    return await diagnosedIn(
      {
        services: [
          {
            serviceName: "web",
            events: failures.map(({ reason }) => ({ message: `unable to place a task: ${reason}` })),
          },
        ],
      },
      onInstances(facts),
    );
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly Row[] = [
    ["each instance has all interfaces of its type",  {},                                                                   "instance.eni-limit", "failed", "no-instance-with-free-eni"],
    ["one of two instances has room",                 ofInstances(instance("i-1", 3), instance("i-2", 2)),                  "instance.eni-limit", "passed"],
    ["one of two instances is not described",         ofInstances(instance("i-1", 3)),                                      "instance.eni-limit", "not checked"],
    ["an instance is of a type that EC2 does not describe", ofInstances(instance("i-1", 3), instance("i-2", 3, "t9.nano")), "instance.eni-limit", "not checked"],
    ["the instance types may not be read",            { "ec2.DescribeInstanceTypes": refused },                             "instance.eni-limit", "not checked"],
    ["the group has its most instances",              grouped(asg("5", "5")),                                               "capacity-provider.scaling", "failed", "capacity-provider-at-maximum"],
    ["the group may grow",                            {},                                                                   "capacity-provider.scaling", "passed"],
    ["managed scaling is off",                        { "ecs.DescribeCapacityProviders": { capacityProviders: [provider("DISABLED")] } }, "capacity-provider.scaling", "failed", "capacity-provider-does-not-scale"],
    ["the last launch met no capacity",               acted(activity("2026-11-01T10:00:00Z", "Successful"), activity("2026-11-01T11:00:00Z", "Failed", "We currently do not have sufficient t3.medium capacity in the Availability Zone you requested (us-east-1a).")), "capacity-provider.scaling", "failed", "ec2-capacity-unavailable"],
    ["the last launch met a quota",                   acted(activity("2026-11-01T11:00:00Z", "Failed", "You have requested more vCPU capacity than your current vCPU limit of 32 allows")), "capacity-provider.scaling", "failed", "ec2-quota-reached"],
    ["the last launch failed for another reason",     acted(activity("2026-11-01T11:00:00Z", "Failed", "The launch template lt-1 does not exist")), "capacity-provider.scaling", "failed", "instances-do-not-launch"],
    ["a launch failed, and a later one did not",      acted(activity("2026-11-01T11:00:00Z", "Failed", "x"), activity("2026-11-01T12:00:00Z", "Successful")), "capacity-provider.scaling", "passed"],
    ["the group's process Launch is suspended",       grouped(asg("2", "5", { SuspendedProcesses: [{ ProcessName: "Launch" }] })), "capacity-provider.scaling", "failed", "instances-do-not-launch"],
    ["the group is gone",                             grouped(),                                                            "capacity-provider.scaling", "failed", "capacity-provider-empty"],
    ["the answer is about another group",             grouped({ ...asg("5", "5"), AutoScalingGroupName: "other" }),         "capacity-provider.scaling", "not checked"],
    ["the group's size is not a number",               grouped(asg("many", "")),                                             "capacity-provider.scaling", "not checked"],
    ["the group may not be read",                     { "autoscaling.DescribeAutoScalingGroups": refused },                 "capacity-provider.scaling", "not checked"],
    ["no instance has the memory free",               withFree([1], [2]),                                                   "cluster.free-resources", "failed", "no-instance-with-free-memory"],
    ["one of two instances has the memory free",      withFree([1], [4096]),                                                "cluster.free-resources", "passed"],
    ["no instance reports what it has free",            withFree([], []),                                                     "cluster.free-resources", ""],
    ["one has too little free, and one reports none", withFree([1], []),                                                   "cluster.free-resources", ""],
    ["ECS describes another provider",                { "ecs.DescribeCapacityProviders": { capacityProviders: [] } },       "capacity-provider.scaling", "not checked"],
  ];
  for (const [story, facts, check, results, cause] of table)
    test(`${story}: ${check} ${results}`, async () => {
      const found = await placed(facts);
      expect(resultOf(found, check).join(", ")).toBe(results);
      const causes = found.checks.flatMap((one) => (one.id === check ? (one.cause?.code ?? []) : []));
      expect(causes).toEqual(cause === undefined ? [] : [cause]);
      expect(found.causes[0]?.code).toBe("no-instance-with-free-eni");
    });
});

const denied = [
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret",
  SECRET,
  "from secrets manager: AccessDeniedException: User:",
  `arn:aws:sts::${ACCOUNT}:assumed-role/web-execution/0f9e`,
  "is not authorized to perform: secretsmanager:GetSecretValue on resource:",
  SECRET,
  "because no identity-based policy allows the secretsmanager:GetSecretValue action",
].join(" ");
const OWN_POLICY = `arn:aws:iam::${ACCOUNT}:policy/secrets`;
const changed = (role_: string, policy_: string, more: Facts = {}): Facts => ({
  ...role("web-execution", "ecs-tasks.amazonaws.com", { Arn: ROLE, CreateDate: role_ }),
  "iam.ListAttachedRolePolicies": {
    AttachedPolicies: [
      { PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" },
      { PolicyArn: OWN_POLICY },
    ],
  },
  "iam.GetPolicy": { Policy: { Arn: OWN_POLICY, UpdateDate: policy_ } },
  ...more,
});
const OLD = "2026-01-01T00:00:00Z";

describe("of a role that was refused", () => {
  const createdAt = "2026-11-01T10:00:00Z";
  // biome-ignore format: a table is read by its columns
  const table: readonly Row[] = [
    ["the role was made a minute before the task",     changed("2026-11-01T09:59:00Z", OLD),                      "iam.just-changed", "failed", "iam-change-not-effective"],
    ["a policy was changed a minute before the task",  changed(OLD, "2026-11-01T09:59:00Z"),                      "iam.just-changed", "failed", "iam-change-not-effective"],
    ["all was changed long ago",                       changed(OLD, OLD),                                         "iam.just-changed", "passed"],
    ["a policy was changed after the task",            changed(OLD, "2026-11-01T10:30:00Z"),                      "iam.just-changed", "not sure"],
    ["the role was just made, and is not allowed",     changed("2026-11-01T09:59:00Z", OLD, simulated({ EvalActionName: "secretsmanager:GetSecretValue", EvalDecision: "implicitDeny" })), "iam.just-changed", "not sure"],
    ["the date is of another policy",                  changed(OLD, OLD, { "iam.GetPolicy": { Policy: { Arn: `${OWN_POLICY}-2`, UpdateDate: "2026-11-01T09:59:00Z" } } }), "iam.just-changed", "passed"],
    ["the role that IAM describes is another",         { "iam.GetRole": { Role: { RoleName: "other", CreateDate: "2026-11-01T09:59:00Z" } } }, "iam.just-changed", "not checked"],
    ["the role may not be read",                       changed(OLD, OLD, { "iam.GetRole": refused }),             "iam.just-changed", "not checked"],
    ["the role's policies may not be listed",          changed(OLD, OLD, { "iam.ListAttachedRolePolicies": refused }), "iam.just-changed", "not checked"],
  ];
  for (const [story, facts, check, results, cause] of table)
    test(`${story}: ${check} ${results}, and the text comes first`, async () => {
      const found = await diagnosedIn(stopped(denied, { createdAt }), facts);
      expect(resultOf(found, check).join(", ")).toBe(results);
      expect(found.causes.map(({ code }) => code)).toEqual([
        "execution-role-may-not-read-secret",
        ...(cause === undefined ? [] : [cause]),
      ]);
    });
});

describe("of words that prove the kind of a fault, a check adds what they leave out", () => {
  const agent = {
    failures: [{ arn: `arn:aws:ecs:${REGION}:${ACCOUNT}:container-instance/prod/1`, reason: "AGENT" }],
  };
  const onOne: Facts = {
    ...onInstances(),
    "ecs.DescribeContainerInstances": {
      containerInstances: [
        {
          containerInstanceArn: agent.failures[0]?.arn ?? "",
          ec2InstanceId: "i-1",
          agentConnected: false,
          status: "ACTIVE",
        },
      ],
    },
  };
  const noWay: Facts = {
    "ec2.DescribeRouteTables": {
      RouteTables: [
        {
          RouteTableId: "rtb-1",
          VpcId: "vpc-1",
          Associations: [{ Main: true }],
          Routes: [{ DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", State: "active" }],
        },
      ],
    },
  };
  const noSpace = stopped("CannotPullContainerError: failed to copy: write /x: no space left on device");
  const noCommand = stopped(
    'CannotStartContainerError: OCI runtime create failed: exec: "-v": executable file not found in $PATH',
    { containers: [{ name: "web", image: IMAGE }] },
  );
  const noTags = stopped(
    "Unexpected EC2 error while attempting to tag the network interface: TagPolicyViolation",
  );
  const unhealthy = stopped(`Task failed ELB health checks in (target-group ${GROUP})`, {
    stopCode: "ServiceSchedulerInitiated",
    startedAt: "2026-11-01T10:00:00Z",
    stoppedAt: "2026-11-01T10:01:00Z",
  });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [story: string, document: JsonObject, facts: Facts, check: string, results: string, code: string, command: string])[] = [
    ["the storage, and how much is wanted",             noSpace,   described({ imageSizeInBytes: 15 * GIB }), "taskdef.ephemeral-storage", "not sure",     "ephemeral-storage-full",       '{"sizeInGiB":60}'],
    ["the storage that the task itself had",            stopped("CannotPullContainerError: write /x: no space left on device", { ephemeralStorage: { sizeInGiB: 80 } }), {}, "taskdef.ephemeral-storage", "passed", "ephemeral-storage-full", '{"sizeInGiB":160}'],
    ["the program, and who names it",                   noCommand, { ...config({ entrypoint: [], command: [] }), ...defined({ command: ["-v"] }) }, "image.entrypoint", "failed", "command-not-in-image", "COMMAND"],
    ["that the service gives no tags",                  noTags,    {},                                        "service.propagate-tags",    "failed",       "tag-policy-refuses-eni",       "--propagate-tags SERVICE"],
    ["which tags the service gives",                    noTags,    served({ propagateTags: "SERVICE", serviceArn: "arn:s", tags: [{ key: "team", value: "web" }] }), "service.propagate-tags", "passed", "tag-policy-refuses-eni", "tag-resource --resource-arn arn:s"],
    ["that the task ended as soon as it could",         unhealthy, {},                                        "service.grace-period",      "not sure",     "load-balancer-health-check-failed", "describe-target-health"],
    ["the agent's way to ECS",                          agent,     { ...onOne, ...noWay },                    "net.instance.endpoints-ecs", "not sure, not sure, not sure", "container-agent-disconnected", "describe-container-instances"],
    ["that the agent's way to ECS is open",             agent,     onOne,                                     "net.instance.endpoints-ecs", "passed, passed, passed", "container-agent-disconnected", "describe-container-instances"],
    ["that the agent's network may not be read",        agent,     { ...onOne, "ec2.DescribeInstances": refused }, "net.subnet.route",      "not checked",  "container-agent-disconnected", "describe-container-instances"],
  ];
  for (const [story, document, facts, check, results, code, command] of table)
    test(`${story}: ${check} ${results}`, async () => {
      const found = await diagnosedIn(document, facts);
      expect(resultOf(found, check).join(", ")).toBe(results);
      const [first] = found.causes;
      expect(first?.code).toBe(code);
      expect(
        [first?.remedy.command?.join(" "), JSON.stringify(first?.remedy.setting?.value)].join(" "),
      ).toContain(command);
    });

  test("an agent without a way to ECS is a second cause, which a proxy may disprove", async () => {
    const found = await diagnosedIn(agent, { ...onOne, ...noWay });
    expect(found.causes.map(({ code, certainty }) => [code, certainty])).toEqual([
      ["container-agent-disconnected", "proved"],
      ["instance-has-no-way-to-ecs", "likely"],
    ]);
    expect(found.causes[1]?.remedy.command?.join(" ")).toContain("com.amazonaws.us-east-1.ecs ");
  });

  test("what a check says of another secret is not added to the one that the words name", async () => {
    const gone = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:gone-AbCdEf`;
    const found = await diagnosedIn(
      stopped(
        [
          "ResourceInitializationError: unable to pull secrets or registry auth: ResourceNotFoundException: The task can't retrieve the secret with ARN",
          `'${gone}'`,
          "from AWS Secrets Manager. Check whether the secret exists in the specified Region.",
        ].join(" "),
      ),
      { "secretsmanager.DescribeSecret": { ARN: SECRET, DeletedDate: OLD } },
    );
    expect(found.causes[0]?.code).toBe("secret-missing");
    expect(found.causes[0]?.remedy.command).toContain("describe-secret");
  });
});

describe("a verdict", () => {
  test("names the service, and the secret that the words name, in the command", async () => {
    const found = await diagnosedIn(stopped(denied), {});
    expect([found.cluster?.split("/")[1], found.service]).toEqual(["prod", "web"]);
    const [first] = found.causes;
    expect(first?.remedy.command?.join(" ")).toContain(`"Resource":"${SECRET}"`);
    expect(first?.remedy.command?.join(" ")).toContain("--role-name web-execution");
  });

  test("of a placement raises the group of the capacity provider", async () => {
    const start = { serviceName: "web", events: [{ message: "unable to place a task: RESOURCE:CPU" }] };
    const found = await diagnosedIn({ services: [start] }, onInstances(grouped(asg("5", "5"))));
    expect(found.causes[0]?.remedy.command?.join(" ")).toContain(
      "update-auto-scaling-group --auto-scaling-group-name web-asg --max-size 6",
    );
  });
});
