/** The remedy of each cause: of ways in `remedies-of-ways.ts`, of all else here. */

import type { CauseCode, Params } from "../causes.ts";
import { PLACE_REMEDIES } from "./remedies-of-places.ts";
import { allow, managed, trust } from "./remedies-of-roles.ts";
import { WAY_REMEDIES } from "./remedies-of-ways.ts";
import {
  type About,
  aws,
  capacity,
  container,
  deployAgain,
  ephemeral,
  images,
  ingress,
  instance,
  type Make,
  networkOfService,
  only,
  quotasOf,
  type StartRemedy,
  secret,
  set,
  stoppedTasks,
  targetHealth,
  updateService,
} from "./remedy.ts";

const REMEDIES: Readonly<Record<CauseCode, Make>> = {
  ...WAY_REMEDIES,
  ...PLACE_REMEDIES,
  "pull-denied": managed,
  "role-may-not-pull": managed,
  "role-may-not-get-ecr-token": managed,
  "repository-policy-denies": aws("allow-role", ({ repository = "REPOSITORY" }) => [
    "ecr",
    "get-repository-policy",
    "--repository-name",
    repository,
  ]),
  "registry-credentials-refused": secret,
  "registry-credentials-malformed": secret,
  "registry-credentials-secret-not-readable": allow("secretsmanager:GetSecretValue"),
  "no-such-repository-or-private": only("name-image-that-exists"),
  "repository-missing": aws("name-image-that-exists", ({ repository = "REPOSITORY" }) => [
    "ecr",
    "describe-repositories",
    "--repository-names",
    repository,
  ]),
  "tag-not-in-repository": images,
  "image-archived": only("restore-image"),
  "digest-of-deployment-gone": deployAgain,
  "digest-of-deployment-gone-or-repository-denied": deployAgain,
  "pull-through-cache-credentials-refused": aws("look-at-cache-rule", () => [
    "ecr",
    "describe-pull-through-cache-rules",
  ]),
  "pull-through-cache-may-not-create-repository": allow("ecr:CreateRepository"),
  "pull-through-cache-may-not-fill": allow("ecr:BatchImportUpstreamImage"),
  "image-reference-invalid": only("name-image-that-exists"),
  "image-is-a-bare-digest": only("name-image-that-exists"),
  "image-is-no-container-image": ({ image = "IMAGE" }) => ({
    code: "build-for-platform",
    command: ["docker", "buildx", "build", "--provenance=false", "-t", image, "--push", "."],
  }),
  "image-has-no-manifest-for-platform": ({ image = "IMAGE", platform = "linux/amd64" }) => ({
    code: "build-for-platform",
    command: ["docker", "buildx", "build", "--platform", platform, "-t", image, "--push", "."],
  }),
  "image-of-other-architecture": ({ image = "IMAGE" }) => ({
    code: "build-for-platform",
    command: [
      "docker",
      "buildx",
      "build",
      "--platform",
      "linux/amd64,linux/arm64",
      "-t",
      image,
      "--push",
      ".",
    ],
  }),
  "ephemeral-storage-full": ephemeral,
  "instance-disk-full": instance,
  "execution-role-missing": () => ({
    code: "name-execution-role",
    setting: { key: "executionRoleArn", value: "ROLE_ARN" },
  }),
  "execution-role-may-not-read-secret": allow("secretsmanager:GetSecretValue"),
  "execution-role-may-not-read-parameter": allow("ssm:GetParameters"),
  "execution-role-may-not-decrypt": allow("kms:Decrypt"),
  "execution-role-may-not-create-log-group": allow("logs:CreateLogGroup"),
  "execution-role-may-not-write-logs": managed,
  "execution-role-may-not-read-env-file": allow("s3:GetObject"),
  "secret-missing": aws("correct-secret", ({ secret: id = "SECRET_ARN", deleted }) => [
    "secretsmanager",
    deleted === undefined ? "describe-secret" : "restore-secret",
    "--secret-id",
    id,
  ]),
  "secret-has-no-value": aws("correct-secret", ({ secret: id = "SECRET_ARN" }) => [
    ...["secretsmanager", "list-secret-version-ids", "--secret-id", id],
  ]),
  "secret-reference-invalid": set("containerDefinitions[].secrets[].valueFrom", "SECRET_ARN"),
  "json-key-not-in-secret": secret,
  "secret-is-no-json": secret,
  "parameter-missing": aws("correct-secret", ({ parameter = "PARAMETER_NAME" }) => [
    "ssm",
    "describe-parameters",
    "--parameter-filters",
    `Key=Name,Values=${parameter}`,
  ]),
  "key-not-usable": aws("look-at-key", ({ key = "KEY_ID" }) => ["kms", "describe-key", "--key-id", key]),
  "log-group-missing": aws("make-log-group", ({ logGroup = "LOG_GROUP" }) => [
    "logs",
    "create-log-group",
    "--log-group-name",
    logGroup,
  ]),
  "log-region-invalid": (_, { region }) => ({
    code: "set-in-task-definition",
    setting: { key: "containerDefinitions[].logConfiguration.options.awslogs-region", value: region },
  }),
  "log-driver-has-no-credentials": instance,
  "log-destination-not-reached": set(
    "containerDefinitions[].logConfiguration.options.fluentd-address",
    "HOST:PORT",
  ),
  "env-file-missing": set("containerDefinitions[].environmentFiles[].value", "OBJECT_ARN"),
  "task-role-not-assumable": trust("ecs-tasks.amazonaws.com"),
  "infrastructure-role-not-assumable": trust("ecs.amazonaws.com"),
  "task-role-may-not-mount": (params, about) =>
    params.role === undefined
      ? { code: "name-task-role", setting: { key: "taskRoleArn", value: "ROLE_ARN" } }
      : allow("elasticfilesystem:ClientMount")(params, about),
  "iam-change-not-effective": aws("try-again", (_, about) => updateService(about)),
  "efs-no-mount-target-in-zone-or-dns": aws(
    "make-mount-target",
    ({ fileSystem = "FILE_SYSTEM_ID", subnet = "SUBNET_ID" }) => [
      "efs",
      "create-mount-target",
      "--file-system-id",
      fileSystem,
      "--subnet-id",
      subnet,
      "--security-groups",
      "SECURITY_GROUP_ID",
    ],
  ),
  "efs-mount-refused": ingress("open-file-system", 2049, ({ securityGroups }) => securityGroups),
  "efs-root-directory-missing": set("volumes[].efsVolumeConfiguration.rootDirectory", "/"),
  "efs-missing": aws("make-mount-target", ({ fileSystem = "FILE_SYSTEM_ID" }) => [
    "efs",
    "describe-file-systems",
    "--file-system-id",
    fileSystem,
  ]),
  "efs-settings-invalid": ({ directory }, about) =>
    (directory === undefined
      ? set("volumes[].efsVolumeConfiguration.transitEncryption", "ENABLED")
      : set("volumes[].efsVolumeConfiguration.rootDirectory", "/"))({}, about),
  "ebs-volume-not-attached": only("try-again"),
  "infrastructure-role-may-not-use-volume": allow("ec2:CreateVolume"),
  "subnet-out-of-addresses": aws("add-subnets", ({ subnet = "SUBNET_ID" }) => [
    "ec2",
    "describe-subnets",
    "--subnet-ids",
    subnet,
  ]),
  // A service that gives its tags on has the wrong ones; one that gives none may have the right ones.
  "tag-policy-refuses-eni": aws("ask-organization", ({ propagateTags = "NONE", serviceArn }, about) =>
    propagateTags === "NONE" || serviceArn === undefined
      ? [...updateService(about), "--propagate-tags", "SERVICE"]
      : ["ecs", "tag-resource", "--resource-arn", serviceArn, "--tags", "key=KEY,value=VALUE"],
  ),
  "eni-not-created": (params, about) => {
    const { refusal = "" } = params;
    const make = refusal.endsWith("NotFound")
      ? networkOfService
      : refusal === ""
        ? deployAgain
        : quotasOf("vpc");
    return make(params, about);
  },
  "eni-not-attached": instance,
  "eni-provisioning-timeout": only("try-again"),
  "ephemeral-storage-provisioning-timeout": only("try-again"),
  "no-instance-with-free-cpu": capacity,
  "no-instance-with-free-memory": capacity,
  "no-instance-with-free-gpu": capacity,
  "no-instance-with-free-port": set("containerDefinitions[].portMappings[].hostPort", 0),
  "no-instance-with-free-eni": aws("add-capacity", () => [
    "ecs",
    "put-account-setting",
    "--name",
    "awsvpcTrunking",
    "--value",
    "enabled",
  ]),
  "no-container-instance": capacity,
  "placement-constraint-unsatisfied": instance,
  "container-agent-disconnected": instance,
  "resource-missing-or-inactive": only("look-at-instance"),
  "account-blocked": only("ask-support"),
  "infrastructure-role-may-not-launch": allow("iam:PassRole"),
  "ec2-quota-reached": quotasOf("ec2"),
  "ec2-capacity-unavailable": only("add-subnets"),
  "provisioning-limit-reached": capacity,
  "fargate-quota-reached": quotasOf("fargate"),
  "fargate-capacity-unavailable": only("add-subnets"),
  "see-tasks-of-the-deployment": stoppedTasks,
  "deployment-configuration-blocks": aws("change-deployment-configuration", (_, about) => [
    ...updateService(about),
    "--deployment-configuration",
    "minimumHealthyPercent=100,maximumPercent=200",
  ]),
  "ecs-throttles-service": stoppedTasks,
  "api-calls-throttled": only("try-again"),
  "service-role-misconfigured": aws("restore-service-role", () => [
    ...["iam", "get-role", "--role-name", "AWSServiceRoleForECS"],
  ]),
  "command-not-in-image": set("containerDefinitions[].command", ["COMMAND"]),
  "user-not-in-image": set("containerDefinitions[].user", "USER"),
  "mount-not-possible": set("containerDefinitions[].mountPoints[].containerPath", "PATH"),
  "host-port-taken": set("containerDefinitions[].portMappings[].hostPort", 0),
  "device-not-on-instance": instance,
  "container-dependency-failed": container,
  "container-cannot-start": container,
  "docker-cannot-create": instance,
  "docker-too-slow-to-create": instance,
  "docker-too-slow-to-start": instance,
  "docker-does-not-answer": instance,
  "container-runtime-timeout": only("try-again"),
  "container-runtime-error": only("try-again"),
  "ecs-internal-error": only("try-again"),
  "container-out-of-memory": set("containerDefinitions[].memory", "MORE_MEBIBYTES"),
  "application-exited": container,
  "container-health-check-failed": set("containerDefinitions[].healthCheck.startPeriod", 60),
  "load-balancer-health-check-failed": targetHealth,
  "targets-not-registered": targetHealth,
  "target-group-missing": targetHealth,
  "targets-not-in-vpc": targetHealth,
  "infrastructure-replaced": only("none"),
  "spot-interrupted": only("add-capacity"),
  "stopped-on-purpose": only("none"),
};

export function remedyOf(code: CauseCode, params: Params, about: About): StartRemedy {
  return REMEDIES[code](params, about);
}
