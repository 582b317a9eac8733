/** A cause in a sentence: subject, verb, object, and the ids that are known. The only place that makes one. */

import type { CauseCode, Params } from "./causes.ts";

type Sentence = string | ((params: Params) => string);

const registry = ({ registry, host }: Params) => registry ?? host ?? "the registry";
const image = ({ image: named }: Params) => named ?? "the image";
const role = ({ role: named, caller }: Params) =>
  `${caller === "instance" ? "the instance's role" : "the role"}${named === undefined ? " of the task" : ` ${named}`}`;
const named = (value: string | undefined, before = " ") => (value === undefined ? "" : `${before}${value}`);
const to = (target: string) => (params: Params) => {
  const where = [params.host, params.address].filter((part) => part !== undefined).join(" at ");
  const who = params.pulledBy === "instance" ? "the container instance" : "the task";
  return `${who} has no way to ${target}${where === "" ? "" : ` (${where})`}`;
};
const groups = (ids: string | undefined) => `the security groups${named(ids)}`;
const mayNot = (what: string) => (params: Params) =>
  `${role(params)} may not ${what}${named(params.resource)}${refusedBy(params)}`;
/** What else than the role's own policies: it is there that something has to change. */
const refusedBy = ({ policy, explicit, condition }: Params) =>
  condition !== undefined
    ? `: its policies ask for ${condition}, which that has not`
    : explicit === "yes"
      ? `: a statement of ${policy === undefined ? "a policy" : `the ${policy}`} denies it`
      : policy === undefined || /^identity-based/.test(policy)
        ? ""
        : `: the ${policy} does not allow it`;

const SENTENCES: Readonly<Record<CauseCode, Sentence>> = {
  "docker-hub-pull-limit": "Docker Hub's pull limit is reached",
  "docker-hub-abuse-limit": "Docker Hub refuses this address: too many requests came from it",
  "registry-limit": (params) => `${registry(params)} refuses further requests: its rate limit is reached`,
  "no-way-to-docker-hub": to("Docker Hub"),
  "no-way-to-registry": to("the registry"),
  "no-way-to-ecr": to("ECR's registry"),
  "no-way-to-ecr-api": to("ECR's API, which gives the login"),
  "instance-has-no-way-to-ecr": "the container instance has no way to ECR's registry (ecr.dkr)",
  "instance-has-no-way-to-ecr-api":
    "the container instance has no way to ECR's API (ecr.api), which gives the login",
  "instance-has-no-way-to-ecs": ({ host, subnet }) =>
    `the container instance's agent has no way to ECS${named(host, " (")}${host === undefined ? "" : ")"}${named(subnet, " from ")}`,
  "no-way-to-s3": to("S3"),
  "no-way-to-secrets-manager": to("Secrets Manager"),
  "no-way-to-ssm": to("Systems Manager (parameters)"),
  "no-way-to-secrets-or-ecr": "the task has no way to ECR's API, or to where its secrets are",
  "no-way-to-cloudwatch-logs": to("CloudWatch Logs"),
  "public-subnet-without-public-ip": ({ subnet = "the subnet", target = "an internet gateway" }) =>
    `${subnet} leads to ${target}, and the task has no public address`,
  "nat-gateway-not-available": ({ subnet = "the subnet", target = "a NAT gateway", state }) =>
    `${subnet} leads to ${target}, which does not lead to the internet${named(state, ": it is ")}`,
  "route-is-blackhole": ({ routeTable = "the route table", target = "a target" }) =>
    `the route of ${routeTable} to ${target} is a blackhole: the target is gone`,
  "public-access-blocked": ({ subnet = "the subnet", mode = "on" }) =>
    `VPC Block Public Access (${mode}) closes ${subnet}`,
  "vpc-dns-attributes-off": ({ vpc = "the VPC" }) =>
    `${vpc} lacks enableDnsSupport or enableDnsHostnames: names are not resolved to its endpoints`,
  "endpoint-not-available": ({ endpoint = "the VPC endpoint", service, state = "not available" }) =>
    `${endpoint}${named(service, " for ")} is ${state}`,
  "endpoint-policy-denies": ({ endpoint = "a VPC endpoint", action = "the call" }) =>
    `the policy of ${endpoint} does not allow ${action}`,
  "endpoint-security-group-blocks": ({ endpoint = "the VPC endpoint", securityGroups }) =>
    `the security groups of ${endpoint}${named(securityGroups, ": ")} do not let the task in by port 443`,
  "s3-gateway-endpoint-missing": ({ subnet = "the subnet", routeTable }) =>
    `${subnet} has no way to S3, where ECR keeps layers: no gateway endpoint for S3 is on ${routeTable ?? "its route table"}`,
  "sg-egress-blocks-endpoint": ({ securityGroups, endpoint = "the VPC endpoint" }) =>
    `${groups(securityGroups)} let nothing out by port 443 to ${endpoint}`,
  "sg-egress-lacks-s3-prefix-list": ({ securityGroups, prefixList = "S3's prefix list" }) =>
    `${groups(securityGroups)} let nothing out to ${prefixList}, by which S3 is reached`,
  "sg-egress-blocks-internet": ({ securityGroups, port = "443" }) =>
    `${groups(securityGroups)} let nothing out to the internet by port ${port}`,
  "sg-egress-blocks-file-system": ({ securityGroups, fileSystem = "the file system" }) =>
    `${groups(securityGroups)} let nothing out by port 2049 to ${fileSystem}`,
  "network-acl-blocks": ({
    networkAcl = "the network ACL",
    subnet = "the subnet",
    direction = "traffic",
    ports = "443 or 1024-65535",
  }) => `${networkAcl} of ${subnet} refuses ${direction} by port ${ports}`,
  "address-family-mismatch": ({ subnet = "the subnet" }) =>
    `${subnet} has no way for the addresses that the target has`,
  "dns-firewall-blocks": ({ vpc = "the VPC", host = "the name", ruleGroup }) =>
    `the DNS firewall of ${vpc}${named(ruleGroup, ", rule group ")} blocks ${host}`,
  "hosted-zone-hides-name": ({ vpc = "the VPC", host = "the name", hostedZone }) =>
    `in ${vpc} a private hosted zone${named(hostedZone)} answers for ${host}, and has no record of it`,
  "dns-fails": ({ host = "the host" }) => `the name ${host} is not resolved`,
  "registry-certificate-not-trusted": (params) =>
    `the certificate of ${registry(params)} is of an authority that is not trusted`,
  "dns-leads-to-other-host": (params) =>
    `the name ${registry(params)} leads to another host: its certificate is not of that name`,
  "registry-refuses-connection": (params) =>
    `${registry(params)} refuses the connection: something answers there, so no security group is in the way`,
  "registry-fails": (params) => `${registry(params)} failed by itself: it answered with an error of its own`,
  "registry-token-failed": (params) => `the token service of ${registry(params)} gave no token`,
  "registry-host-misspelt": ({ host = "the registry's name" }) =>
    `${host} is misspelt: it looks like an ECR host, but is not one`,
  "pull-interrupted": (params) =>
    `the pull of ${image(params)} was broken off before it was done: a large image, a slow network, or a small or slow disk`,
  "pull-denied": (params) => `the registry refuses ${image(params)}`,
  "role-may-not-pull": mayNot("pull from ECR: it lacks ecr:BatchGetImage or its like on"),
  "role-may-not-get-ecr-token": mayNot("log in to ECR: it lacks ecr:GetAuthorizationToken"),
  "repository-policy-denies": (params) =>
    `the repository's policy does not let the role pull ${image(params)}`,
  "registry-credentials-refused": (params) =>
    `${registry(params)} refuses the user name or the password of repositoryCredentials`,
  "registry-credentials-malformed":
    "the secret of repositoryCredentials is not JSON with username and password",
  "registry-credentials-secret-not-readable": ({ secret }) =>
    `the secret of repositoryCredentials cannot be read${named(secret, ": ")}`,
  "no-such-repository-or-private": (params) =>
    `${image(params)} is in no repository of that name, or in a private one`,
  "repository-missing": ({ repository, image: of }) =>
    `the repository ${repository ?? of ?? "of the image"} does not exist in this account and region`,
  "tag-not-in-repository": ({ image: of, tag, near }) =>
    `the tag${named(tag)}${of === undefined ? "" : ` of ${of}`} is not in the repository${named(near, "; its newest tags are ")}`,
  "image-archived": (params) => `${image(params)} is in ECR's archive, and cannot be pulled from there`,
  "digest-of-deployment-gone": ({ digest = "the digest" }) =>
    `${digest}, which the deployment is fixed to, is no longer in the repository`,
  "digest-of-deployment-gone-or-repository-denied":
    "the digest that the deployment is fixed to is gone, or the repository does not allow the pull: ECR answers 403 for both",
  "pull-through-cache-credentials-refused":
    "the upstream registry refuses the credentials of the pull-through cache rule",
  "pull-through-cache-may-not-create-repository": ({ repository = "of the cache" }) =>
    `the repository ${repository} is not there yet, and the role may not create it (ecr:CreateRepository)`,
  "pull-through-cache-may-not-fill": (params) =>
    `the pull-through cache has not imported ${image(params)}: the role lacks ecr:BatchImportUpstreamImage, or the upstream has no such tag`,
  "image-reference-invalid": (params) => `${image(params)} is not a valid image reference`,
  "image-is-a-bare-digest": "the image is a digest without a repository",
  "image-is-no-container-image": (params) =>
    `${image(params)} is not an image that can be run: an attestation, another artifact, or of a format that is no longer taken`,
  "image-has-no-manifest-for-platform": ({
    image: of = "the image",
    platform = "the task's platform",
    platforms,
  }) => `${of} has no manifest for ${platform}${named(platforms, ": it has ")}`,
  "image-of-other-architecture": (params) => `${image(params)} is of another CPU architecture than the task`,
  "ephemeral-storage-full": ({ size, images: bytes }) =>
    `the image does not fit in the task's ephemeral storage${size === undefined ? "" : ` of ${size} GiB`}${bytes === undefined ? "" : ` (${bytes} GiB compressed)`}`,
  "instance-disk-full": "the disk of the container instance is full",
  "execution-role-missing": ({ needs = "ECR, secrets or logs" }) =>
    `the task definition has no execution role, and it needs one for ${needs}`,
  "execution-role-may-not-read-secret": mayNot("read the secret"),
  "execution-role-may-not-read-parameter": mayNot("read the parameter"),
  "execution-role-may-not-decrypt": mayNot("decrypt with the key of the secret"),
  "execution-role-may-not-create-log-group": mayNot("create the log group"),
  "execution-role-may-not-write-logs": mayNot("write to the log group"),
  "execution-role-may-not-read-env-file": mayNot("read the environment file"),
  "secret-missing": ({ secret, deleted }) =>
    `the secret${named(secret)} ${deleted === undefined ? "does not exist in its region" : "is marked for deletion"}`,
  "secret-has-no-value": ({ secret }) =>
    `the secret${named(secret)} exists, and has no value under the version stage that is asked for`,
  "secret-reference-invalid": ({ secret = "a secret" }) =>
    `the reference of ${secret} is neither the ARN of a secret nor the name of a parameter`,
  "json-key-not-in-secret": ({ key = "that is asked for" }) => `the secret has no JSON key ${key}`,
  "secret-is-no-json": "the secret is not JSON, and a key of it is asked for",
  "parameter-missing": ({ parameter }) => `the parameter${named(parameter)} does not exist in its region`,
  "key-not-usable": ({ key = "of the secret", state = "not enabled" }) => `the KMS key ${key} is ${state}`,
  "log-group-missing": ({ logGroup, region }) =>
    `the log group${named(logGroup)} does not exist${named(region, " in ")}`,
  "log-region-invalid": ({ region }) =>
    `awslogs-region${named(region, " (")}${region === undefined ? "" : ")"} is not a region`,
  "log-driver-has-no-credentials":
    "the log driver has no credentials: the instance has no role, or its agent does not give it the execution role",
  "log-destination-not-reached": ({ address, host }) =>
    `the log driver does not reach where it sends${named(address ?? host, ": ")}`,
  "env-file-missing": ({ file }) => `the environment file${named(file)} does not exist`,
  "task-role-not-assumable": (params) =>
    `ECS cannot assume the role${named(params.role)}: it is gone, or does not trust ecs-tasks.amazonaws.com`,
  "task-role-may-not-mount": ({ role: of, fileSystem, resource, volume }) =>
    of === undefined
      ? `the volume${named(volume)} asks for IAM to mount ${fileSystem ?? "the file system"}, and the task definition names no task role`
      : `the task role ${of} may not mount ${fileSystem ?? resource ?? "the file system"}: neither its policies nor the file system's allow it`,
  "iam-change-not-effective": ({ role: of, what, seconds, action = "the call" }) =>
    `the refusal may be of a moment: ${what ?? `the role${named(of)}`} was changed ${seconds ?? "a few"} s before the task, and now allows ${action}`,
  "infrastructure-role-not-assumable": (params) =>
    `ECS cannot assume the infrastructure role${named(params.role)}: it has to trust ecs.amazonaws.com`,
  "efs-no-mount-target-in-zone-or-dns": ({ fileSystem = "the file system", zone }) =>
    `${fileSystem} has no mount target in the task's Availability Zone${named(zone, " ")}, or its name is not resolved`,
  "efs-mount-refused": ({ fileSystem = "the file system", securityGroups }) =>
    `${fileSystem} refuses the mount: its security groups${named(securityGroups)} close port 2049, or its policy refuses the task role`,
  "efs-root-directory-missing": ({ fileSystem = "the file system" }) =>
    `the root directory or access point is not in ${fileSystem}`,
  "efs-missing": ({ fileSystem }) =>
    `the file system${named(fileSystem)} does not exist in this account and region`,
  "efs-settings-invalid": ({ volume, directory }) =>
    directory === undefined
      ? `the volume${named(volume)} asks for IAM or an access point without transit encryption`
      : `the volume${named(volume)} names an access point and the root directory ${directory}: only one of them may be named`,
  "ebs-volume-not-attached": "ECS could not attach the EBS volume",
  "infrastructure-role-may-not-use-volume": ({ role: of, action = "use the volume" }) =>
    `the infrastructure role${named(of)} may not ${action}`,
  "subnet-out-of-addresses": ({ subnet, addresses }) =>
    `${subnet ?? "the subnet"} has ${addresses === undefined ? "no" : addresses} free addresses`,
  "tag-policy-refuses-eni": ({ propagateTags, tags }) =>
    `a tag policy of the organization refuses the network interface: ${
      propagateTags === "NONE"
        ? "the service gives its tasks no tags"
        : `its tags are missing or wrong${tags === undefined || tags === "" ? "" : ` (it has ${tags})`}`
    }`,
  "eni-not-created": ({ refusal }) =>
    `EC2 did not create the task's network interface${refusal === undefined ? "" : `: ${refusal.endsWith("NotFound") ? "a subnet or a security group of the start does not exist" : "the account's quota of network interfaces is reached"} (${refusal})`}`,
  "eni-not-attached": "the network interface could not be attached to the container instance",
  "eni-provisioning-timeout": "the task's network interface was not provided in time",
  "ephemeral-storage-provisioning-timeout": "the task's ephemeral storage was not provided in time",
  "no-instance-with-free-cpu": "no container instance has enough free CPU units",
  "no-instance-with-free-memory": "no container instance has enough free memory",
  "no-instance-with-free-gpu": "no container instance has a free GPU",
  "no-instance-with-free-port": "the host port is taken on each container instance",
  "no-instance-with-free-eni": ({ type, most }) =>
    `no container instance has room for another network interface${type === undefined ? "" : `: a ${type} takes ${most}`}`,
  "no-container-instance": "the cluster has no container instance that fits",
  "capacity-provider-empty": ({ provider, group }) =>
    `the capacity provider${named(provider)} has no container instance${named(group, ": there is no Auto Scaling group ")}`,
  "capacity-provider-at-maximum": ({ provider = "the capacity provider", group = "its group", most = "?" }) =>
    `${provider} cannot bring another instance: ${group} has its most, ${most}`,
  "capacity-provider-does-not-scale": ({ provider = "the capacity provider", group = "its group" }) =>
    `${provider} brings no instance by itself: managed scaling is off, and ${group} has room for more`,
  "instances-do-not-launch": ({ group = "the Auto Scaling group", message }) =>
    `${group} launches no instance${named(message, ": ")}`,
  "placement-constraint-unsatisfied": ({ attribute }) =>
    `no container instance meets the placement constraint${named(attribute, ": ")}`,
  "container-agent-disconnected": ({ instance: id }) =>
    `the ECS agent of the container instance${named(id)} is not connected`,
  "resource-missing-or-inactive": "what the start names is missing, inactive, or in another place",
  "account-blocked": "AWS has blocked the account: ECS starts no tasks in it",
  "infrastructure-role-may-not-launch": ({ role: of, action = "launch instances", resource }) =>
    `the infrastructure role${named(of)} may not ${action}${named(resource, " on ")}: ECS launches no instance`,
  "ec2-quota-reached": "the account's EC2 quota is reached: ECS launches no further instance",
  "ec2-capacity-unavailable": "EC2 has no capacity of the instance types that the capacity provider asks for",
  "provisioning-limit-reached": "the cluster has as many tasks in PROVISIONING as it may have",
  "fargate-quota-reached": "the account's Fargate quota is reached",
  "fargate-capacity-unavailable": "Fargate has no capacity in these Availability Zones now",
  "see-tasks-of-the-deployment": "the deployment's tasks fail: its stopped tasks have the cause",
  "deployment-configuration-blocks":
    "the service's minimumHealthyPercent and maximumPercent let ECS neither stop nor start a task",
  "ecs-throttles-service": "ECS throttles the service, because its tasks failed many times in a row",
  "api-calls-throttled": "AWS throttles the calls that ECS makes for the service: ECS tries again by itself",
  "service-role-misconfigured": "ECS may no longer act for the service: its service role was changed",
  "command-not-in-image": ({ container, program, by }) =>
    `${program === undefined ? "the command" : `${program}, by ${by},`} of ${container || "the container"} is not in the image`,
  "user-not-in-image": ({ container, user }) =>
    `the user${named(user)} of ${container || "the container"} is not in the image`,
  "mount-not-possible": "a volume cannot be mounted where the task definition says",
  "host-port-taken": "the host port is taken on the container instance",
  "device-not-on-instance": ({ device = "of the task definition" }) =>
    `the container instance has no device ${device}`,
  "container-dependency-failed": ({ container }) =>
    `a container that ${container || "the container"} waits for (dependsOn) ended, or did not become healthy`,
  "container-cannot-start": "the container runtime could not start the container",
  "docker-cannot-create": "Docker could not create the container",
  "docker-too-slow-to-create": "Docker did not create the container in time",
  "docker-too-slow-to-start": "Docker did not start the container in time",
  "docker-does-not-answer": "Docker on the container instance did not answer the ECS agent in time",
  "container-runtime-timeout": "the container runtime did not start the container in time",
  "container-runtime-error": "the container runtime failed",
  "ecs-internal-error": "ECS had an internal error",
  "container-out-of-memory": ({ container }) =>
    `${container || "a container"} was killed: it used more memory than it may`,
  "application-exited": ({ container, exitCode = "?" }) =>
    `the task did start: ${container || "an essential container"} ran and ended with exit code ${exitCode}`,
  "container-health-check-failed": "the container's own health check failed",
  "load-balancer-health-check-failed": ({ state }) =>
    `the load balancer's health check failed${named(state, ": ")}`,
  "grace-period-too-short": ({ gracePeriod = "0", startPeriod }) =>
    `the service heeds the load balancer after ${gracePeriod} s, before the container may have started${named(startPeriod, ": that is allowed ")}${startPeriod === undefined ? "" : " s"}`,
  "task-security-group-blocks-load-balancer": ({ securityGroups: ids, port = "its port" }) =>
    `${groups(ids)} of the tasks do not let the load balancer in by port ${port}`,
  "load-balancer-security-group-blocks": ({ balancerGroups, port = "its port" }) =>
    `${groups(balancerGroups)} of the load balancer let nothing out to the tasks by port ${port}`,
  "targets-not-registered": "ECS could not register the tasks with the target group",
  "target-group-missing": "the target group of the service does not exist",
  "targets-not-in-vpc": ({ vpc }) =>
    `the tasks or instances are not in the VPC${named(vpc)} of the target group`,
  "infrastructure-replaced":
    "what the task ran on was taken away, by maintenance or with its instance: the task did not fail to start",
  "spot-interrupted": "Spot capacity was taken back: the task did not fail to start",
  "stopped-on-purpose": "a person or the service stopped the task: it did not fail to start",
};

export function formatCause(code: CauseCode, params: Params): string {
  const sentence = SENTENCES[code];
  return typeof sentence === "string" ? sentence : sentence(params);
}
