/**
 * Phrases that AWS, the agent, Docker and containerd use for one cause each, in the order in which they are looked for: an
 * earlier row is the narrower one. All are from public reports or from AWS's pages. (read 2026-11)
 */

import type { CauseCode } from "../causes.ts";
import type { Found, Told } from "./told.ts";

type Row = readonly [phrase: RegExp, ...codes: readonly [CauseCode, ...CauseCode[]]];

// biome-ignore format: a table is read by its columns
const PHRASES: readonly Row[] = [
  // Secrets
  [/can't find the specified secret value for staging label|does not have a value/i,  "secret-has-no-value"],
  [/did not contain json key/i,                                                     "json-key-not-in-secret"],
  [/^(?!.*HTTP \d{3} response body).*invalid character .{1,8} (?:looking for beginning of value|after)/i, "secret-is-no-json"],
  [/Access to KMS is not allowed|KMSAccessDenied/i,                                 "execution-role-may-not-decrypt"],
  [/key[ /].{0,120}is (?:disabled|pending deletion)|KMSInvalidState|DisabledException/i, "key-not-usable"],
  [/ciphertext refers to a (?:customer master|KMS) key/i,                            "execution-role-may-not-decrypt", "key-not-usable"],
  [/DecryptionFailure|can't decrypt the (?:protected )?secret/i,                     "key-not-usable", "execution-role-may-not-decrypt"],
  [/asm fetching username|malformed, empty field|unmarshal secret value|asm .{0,60}invalid schema/i, "registry-credentials-malformed"],
  [/invalid ARN format|invalid secret (?:arn|format)|valueFrom .{0,40}invalid/i,    "secret-reference-invalid"],
  // Roles
  [/assume the configured ECS Infrastructure Role/i,                                "infrastructure-role-not-assumable"],
  [/unable to assume (?:the|task|your) ?role|assume the role '|Role is not valid/i,                   "task-role-not-assumable"],
  // EBS, EFS
  [/EFS utils.*No such file or directory|mount\.nfs4?: mounting .*No such file/i,   "efs-root-directory-missing"],
  [/Failed to resolve "fs-/i,                                                       "efs-no-mount-target-in-zone-or-dns", "dns-fails", "efs-missing"],
  [/FileSystemNotFound|file system .{0,60}does not exist/i,                         "efs-missing"],
  [/AccessPointNotFound|access point .{0,60}(?:does not exist|not found)/i,         "efs-root-directory-missing"],
  [/(?:EFS utils|mount\.nfs).*(?:reset by peer|timed out|access denied|not permitted|Permission denied|code: 32)|EFS utils/i, "efs-mount-refused", "efs-no-mount-target-in-zone-or-dns"],
  [/EBS volume|IdempotentParameterMismatch/i,                                       "ebs-volume-not-attached"],
  // The network interface
  [/InsufficientFreeAddresses|not (?:have )?enough (?:free )?IP addresses/i,        "subnet-out-of-addresses"],
  [/TagPolicyViolation/i,                                                           "tag-policy-refuses-eni"],
  [/Timeout waiting for EphemeralStorage/i,                                         "ephemeral-storage-provisioning-timeout"],
  [/Timeout waiting for network interface/i,                                        "eni-provisioning-timeout"],
  [/attach(?:ing)? (?:the )?network interface|unused device index|configure ENI|netplugin failed/i, "eni-not-attached", "eni-provisioning-timeout"],
  [/Network Interface.{0,200}(?:NetworkInterfaceLimitExceeded|Invalid(?:SubnetID|Group|SecurityGroupID)\.NotFound)/i, "eni-not-created"],
  [/Create Network Interface with public IP/i,                                      "subnet-out-of-addresses", "eni-not-created"],
  [/(?:create|creating).{0,20} Network Interface/i,                                 "eni-not-created"],
  // What EC2 refuses to the instances that ECS launches
  [/Max\w*CountExceeded|VcpuLimitExceeded|InstanceLimitExceeded/,                   "ec2-quota-reached"],
  [/InsufficientInstanceCapacity|UnfulfillableCapacity|InsufficientCapacity/,       "ec2-capacity-unavailable"],
  [/Unable to launch instance\(s\)/i,                                               "infrastructure-role-may-not-launch", "ec2-capacity-unavailable", "ec2-quota-reached"],
  // Capacity and placement
  [/tasks provisioning capacity limit/i,                                            "provisioning-limit-reached"],
  [/RESOURCE:GPU|insufficient GPU/i,                                                "no-instance-with-free-gpu"],
  [/RESOURCE:CPU|insufficient CPU/i,                                                "no-instance-with-free-cpu"],
  [/RESOURCE:MEMORY|insufficient memory/i,                                          "no-instance-with-free-memory"],
  [/RESOURCE:(?:PORTS|UDP)|port (?:\d+ )?(?:is )?already in use by|is already using a port/i, "no-instance-with-free-port"],
  [/RESOURCE:ENI|insufficient (?:ENI|network interface)/i,                          "no-instance-with-free-eni"],
  [/^AGENT$|error "?AGENT\b|agent (?:is )?(?:disconnected|not connected)|agent was disconnected|have the agent connected|waiting for Amazon ECS Agent|SERVICE_TASK_.*AGENT/i, "container-agent-disconnected"],
  [/EMPTY CAPACITY PROVIDER|capacity provider .{0,60}(?:empty|no container instances)/i, "capacity-provider-empty"],
  [/^ATTRIBUTE\b|placement constraint|missing an attribute|error "?ATTRIBUTE\b|MemberOf|PLACEMENT_CONSTRAINT_VIOLATED/i, "placement-constraint-unsatisfied"],
  [/NO ACTIVE INSTANCES|No Container Instances were found|no container instances? (?:was|were) found/i, "no-container-instance"],
  [/no container instance met all of its requirements/i,                            "no-container-instance", "placement-constraint-unsatisfied", "no-instance-with-free-memory"],
  [/limit on the number of (?:vCPUs|tasks)|vCPU limit|concurrent(?:ly)? .{0,30}(?:limit|quota)|(?:CPU|MEMORY) configuration is above your limit/i, "fargate-quota-reached"],
  [/Capacity is unavailable at this time|RESOURCE:FARGATE|no Spot capacity|Spot capacity is not available/i, "fargate-capacity-unavailable"],
  [/account (?:is currently|has been) blocked|BlockedException/i,                   "account-blocked"],
  [/^(?:MISSING|INACTIVE|LOCATION)\b|because the resources could not be found/,                                             "resource-missing-or-inactive"],
  [/because of the service deployment configuration/i,                              "deployment-configuration-blocks"],
  [/operations are being throttled/i,                                               "ecs-throttles-service"],
  [/OPERATION_THROTTLED/,                                                           "api-calls-throttled"],
  [/ECS can no longer maintain your service|assume the service[- ]linked role/i,                                     "service-role-misconfigured"],
  [/TARGET (?:GROUP )?IS NOT FOUND/i,                                               "target-group-missing"],
  [/(?:performing maintenance on the underlying infrastructure|in DRAINING state|^Host EC2 \(instance \S+\) (?:terminated|stopped))/i, "infrastructure-replaced"],
  [/not in the target group VPC/i,                                                  "targets-not-in-vpc"],
  [/failed to register targets in|target type \w+, which is incompatible/i,                                                "targets-not-registered"],
  [/could not launch \d+ tasks? for/i,                                              "see-tasks-of-the-deployment"],
  [/circuit breaker|tasks? failed to start\.?$|SERVICE_DEPLOYMENT_FAILED|SERVICE_TASK_START_IMPAIRED|unable to consistently start tasks/i, "see-tasks-of-the-deployment"],
  [/Spot Task was interrupted|SpotInterruption|Spot interruption/i,                 "spot-interrupted"],
  // The container's start
  [/exec format error/i,                                                            "image-of-other-architecture"],
  [/OutOfMemory|killed due to memory usage|OOM[ -]?Killed/i,                           "container-out-of-memory"],
  [/adding custom device|could not select device driver|nvidia-container-cli: (?:initialization|device) error/i,                                                        "device-not-on-instance"],
  [/no command specified/i,                                                         "command-not-in-image"],
  [/no matching entries in (?:passwd|group) file|unable to find (?:user|group) |mount callback failed .{0,200}\/etc\/(?:passwd|group)/i, "user-not-in-image"],
  [/TaskDependencyError|dependent container .{0,100}exited|container ordering .{0,100}(?:not resolved|exited|unhealthy)/i, "container-dependency-failed", "container-cannot-start"],
  [/logging driver: .{0,300}(?:NoCredentialProviders|no EC2 IMDS role|failed to (?:retrieve|refresh) .{0,20}credentials)/i, "log-driver-has-no-credentials"],
  [/initialize logging driver: dial/i,                                              "log-destination-not-reached"],
  [/executable file not found|exec: ".{0,300}(?:no such file|permission denied|is a directory)|starting container process caused.{0,300}no such file|exec .{1,200}: no such file/i, "command-not-in-image"],
  [/(?:starting container process caused|unable to start container process).{0,20}exec:/i,                                "command-not-in-image", "container-cannot-start"],
  [/failed to chown .{0,300}operation not permitted/i,                              "mount-not-possible"],
  [/not a directory|error mounting|mount (?:source|destination)|VolumeDriver|bind source path does not exist/i,     "mount-not-possible"],
  [/port is already allocated|address already in use/i,                             "host-port-taken"],
  [/programming external connectivity/i,                                            "host-port-taken", "container-cannot-start"],
  // The instance's storage
  [/Thin Pool has \d+ free|no free space in thin pool/i,                            "instance-disk-full"],
  [/devicemapper: Error running/i,                                                  "container-runtime-error", "instance-disk-full"],
];

/** What says that a platform has no manifest, or that what was pulled is not an image. */
// biome-ignore format: a table is read by its columns
const BYTES: readonly Row[] = [
  [/image operating system .{0,40}cannot be used|container operating system does not match/i, "image-has-no-manifest-for-platform"],
  [/matching platform|descriptor for platform|no matching manifest|no match for platform/i, "image-has-no-manifest-for-platform"],
  [/no processor for media-type|in-toto|unsupported (?:manifest|media ?type)|media ?type .{0,100}(?:unsupported|not supported|no longer supported)/i, "image-is-no-container-image"],
  [/image (?:is|has been) archived|ImageArchived/i,                                  "image-archived"],
  [/normalize image reference|invalid reference format|invalid image (?:name|reference)|repository name must be/i, "image-reference-invalid"],
];

export function phraseCauses(told: Told): readonly Found[] | undefined {
  const { text } = told.words;
  const [, ...codes] = [...BYTES, ...PHRASES].find(([phrase]) => phrase.test(text)) ?? [];
  if (codes.length > 0) {
    const params = {
      ...keyIn(text),
      ...subnetIn(text),
      ...roleIn(text),
      ...fileSystemIn(text),
      ...platformIn(text),
      ...named("device", /custom device "?(?<found>\/[\w/.-]+)/i, text),
      ...named("secret", /(?<found>arn:aws[a-z-]*:secretsmanager:[\w:!/+=.@-]+)/, text),
      ...named(
        "refusal",
        /(?<found>NetworkInterfaceLimitExceeded|Invalid(?:SubnetID|Group|SecurityGroupID)\.NotFound)/,
        text,
      ),
      ...named("user", /unable to find (?:user|group) (?<found>[\w.:-]+\w)/, text),
      ...named(
        "address",
        /logging driver: dial (?:tcp|udp) (?<found>[\d.]+:\d+)|lookup (?<other>[\w.-]+)/,
        text,
      ),
      ...named("vpc", /target group VPC '(?<found>vpc-[\da-f]+)/, text),
    };
    return codes.map((code, index) => ({
      code: code as CauseCode,
      isCertain: codes.length === 1 && index === 0,
      params,
    }));
  }
  // Cut before its end: what is written there fails for want of room.
  if (/failed to extract layer sha256:[\da-f]+: write \/var/i.test(text))
    return [{ code: fullDisk(told), isCertain: /no space left/i.test(text) }];
  if (/no space left on device/i.test(text)) return [{ code: fullDisk(told), isCertain: true }];
  return undefined;
}

function fullDisk({ words, start }: Told): CauseCode {
  if (start.launchType === "EC2" || start.launchType === "EXTERNAL") return "instance-disk-full";
  return /\/var\/lib\/docker|register layer/.test(words.text)
    ? "instance-disk-full"
    : "ephemeral-storage-full";
}

function keyIn(text: string) {
  return named("key", /json key (?<found>[\w.-]+)/i, text);
}

function subnetIn(text: string) {
  return named("subnet", /(?<found>subnet-[\da-f]+)/, text);
}

function roleIn(text: string) {
  return named("role", /role '?arn:aws[a-z-]*:iam::\d*:role\/(?:[\w+=,.@-]+\/)*(?<found>[\w+=,.@-]+)/i, text);
}

function fileSystemIn(text: string) {
  return named("fileSystem", /(?<found>fs-[\da-f]+)/, text);
}

function platformIn(text: string) {
  return named(
    "platform",
    /platform '?\{?(?<found>[a-z]+\/[\w/]+)|manifest for (?<other>[a-z]+\/[\w/]+)/i,
    text,
  );
}

function named(name: string, pattern: RegExp, text: string): Readonly<Record<string, string>> {
  const { found, other } = pattern.exec(text)?.groups ?? {};
  const value = found ?? other;
  return value === undefined ? {} : { [name]: value };
}
