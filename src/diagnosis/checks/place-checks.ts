/** Where a start takes place: free addresses of its subnets, the container instances and their agents, its file systems. */

import { getNumber, getObject, getObjects, getString, getStrings, optional } from "../../ecs/json-fields.ts";
import { isUnread } from "../../network/facts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { CauseCode } from "../causes.ts";
import { isUnknown, type Scene } from "../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "./check.ts";

export async function addressChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const { sources, region } = scene;
  if (isUnread(sources) || scene.pulledBy === "instance") return [];
  const input = { SubnetIds: [...new Set(sources.map(({ subnet }) => subnet))] };
  const found = await scene.reads.read("ec2.DescribeSubnets", input, region);
  const id = "net.subnet.free-addresses";
  if (found.kind === "unread") return [notChecked(id, found, ["ec2.DescribeSubnets", input, region])];
  if (found.kind === "absent") return [unknown(id, found.because)];
  return getObjects(found.answer, "Subnets")
    .filter((one) => input.SubnetIds.includes(getString(one, "SubnetId") ?? ""))
    .map((one) => {
      const [subnet = "", free = 0] = [getString(one, "SubnetId"), getNumber(one, "AvailableIpAddressCount")];
      return free > 0
        ? passed(id, `${subnet} has ${free} free addresses now`)
        : failed(id, `${subnet} has no free address now`, "subnet-out-of-addresses", {
            subnet,
            addresses: "0",
          });
    });
}

/** Of the instance that was meant, or of all: who takes tasks, and how much room each has. */
export async function instanceChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const { start, region, reads } = scene;
  const cluster = optional("cluster", start.cluster);
  let arns = start.containerInstance === undefined ? undefined : [start.containerInstance];
  if (arns === undefined) {
    const listed = await reads.read("ecs.ListContainerInstances", cluster, region);
    if (listed.kind === "unread")
      return [notChecked("cluster.free-resources", listed, ["ecs.ListContainerInstances", cluster, region])];
    arns = listed.kind === "answer" ? [...getStrings(listed.answer, "containerInstanceArns")] : [];
    if (arns.length === 0)
      return [
        failed("cluster.instances", "the cluster has no container instance", "no-container-instance", {}),
      ];
  }
  const input = { ...cluster, containerInstances: arns.slice(0, 100) };
  const found = await reads.read("ecs.DescribeContainerInstances", input, region);
  if (found.kind === "unread")
    return [notChecked("instance.agent-connected", found, ["ecs.DescribeContainerInstances", input, region])];
  const instances = found.kind === "answer" ? getObjects(found.answer, "containerInstances") : [];
  if (instances.length === 0)
    return [unknown("instance.agent-connected", "ECS does not describe the container instances")];
  const connected = instances.filter(
    (one) => one.agentConnected === true && getString(one, "status") === "ACTIVE",
  );
  if (connected.length === 0) {
    const instance = getString(instances[0] ?? {}, "ec2InstanceId") ?? "";
    return [
      failed(
        "instance.agent-connected",
        `the agent of ${instance} is not connected, or it takes no tasks`,
        "container-agent-disconnected",
        { instance },
      ),
    ];
  }
  return [
    passed("instance.agent-connected", `${connected.length} of ${instances.length} agents are connected`),
    ...roomChecks(connected, scene),
  ];
}

function roomChecks(instances: readonly JsonObject[], { definition }: Scene): readonly StartCheck[] {
  if (isUnknown(definition)) return [];
  const kinds: readonly (readonly [resource: string, member: string, code: CauseCode])[] = [
    ["CPU", "cpu", "no-instance-with-free-cpu"],
    ["MEMORY", "memory", "no-instance-with-free-memory"],
  ];
  return kinds.flatMap(([name, member, code]): readonly StartCheck[] => {
    const wanted = wantedOf(definition, member);
    if (wanted === 0) return [];
    const free = Math.max(
      ...instances.map(
        (one) =>
          getNumber(
            getObjects(one, "remainingResources").find((other) => other.name === name) ?? {},
            "integerValue",
          ) ?? 0,
      ),
    );
    const because = `the task wants ${wanted} of ${name}, and the most that an instance has free now is ${free}`;
    return [
      free < wanted
        ? failed("cluster.free-resources", because, code, { wanted: String(wanted), free: String(free) })
        : passed("cluster.free-resources", because),
    ];
  });
}

function wantedOf(definition: JsonObject, member: string): number {
  const whole = Number(definition[member] ?? 0);
  if (whole > 0) return whole;
  return getObjects(definition, "containerDefinitions").reduce(
    (sum, one) =>
      sum +
      ((member === "memory" ? getNumber(one, "memoryReservation") : undefined) ??
        getNumber(one, member) ??
        0),
    0,
  );
}

export async function efsChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return [];
  const checks = getObjects(scene.definition, "volumes").map(async (volume) => {
    const efs = getObject(volume, "efsVolumeConfiguration");
    return efs === undefined ? [] : await efsCheck(getString(volume, "name") ?? "", efs, scene);
  });
  return (await Promise.all(checks)).flat();
}

async function efsCheck(volume: string, efs: JsonObject, scene: Scene): Promise<readonly StartCheck[]> {
  const access = getObject(efs, "authorizationConfig") ?? {};
  const needsTls = getString(access, "iam") === "ENABLED" || getString(access, "accessPointId") !== undefined;
  const fileSystem = getString(efs, "fileSystemId") ?? "";
  if (needsTls && getString(efs, "transitEncryption") !== "ENABLED")
    return [
      failed(
        "efs.transit-encryption",
        `the volume ${volume} needs transit encryption`,
        "efs-settings-invalid",
        { volume, fileSystem },
      ),
    ];
  const { region } = scene;
  const input = { FileSystemId: fileSystem };
  const found = await scene.reads.read("efs.DescribeMountTargets", input, region);
  const id = "efs.mount-target-in-az";
  if (found.kind === "unread") return [notChecked(id, found, ["efs.DescribeMountTargets", input, region])];
  if (found.kind === "absent")
    return [failed("efs.exists", `EFS in ${region} has no ${fileSystem}`, "efs-missing", { fileSystem })];
  const { sources } = scene;
  if (isUnread(sources) || sources.length === 0) return [unknown(id, "the task's subnet is not recorded")];
  const subnets = await scene.reads.read(
    "ec2.DescribeSubnets",
    { SubnetIds: sources.map(({ subnet }) => subnet) },
    region,
  );
  if (subnets.kind !== "answer") return [unknown(id, subnets.because)];
  const own = getObjects(subnets.answer, "Subnets").filter((one) =>
    sources.some(({ subnet }) => subnet === one.SubnetId),
  );
  const targets = getObjects(found.answer, "MountTargets").filter(
    (one) =>
      getString(one, "FileSystemId") === fileSystem &&
      (getString(one, "LifeCycleState") ?? "available") === "available",
  );
  return own.map((one) => {
    const zone = getString(one, "AvailabilityZoneId") ?? "";
    const subnet = getString(one, "SubnetId") ?? "";
    return targets.some(
      (target) =>
        getString(target, "AvailabilityZoneId") === zone || getString(target, "SubnetId") === subnet,
    )
      ? passed(id, `${fileSystem} has a mount target in ${zone}`, [
          "efs-no-mount-target-in-zone-or-dns",
          "efs-missing",
        ])
      : failed(
          id,
          `${fileSystem} has no mount target in ${zone}, where ${subnet} is`,
          "efs-no-mount-target-in-zone-or-dns",
          { fileSystem, zone, subnet },
        );
  });
}
