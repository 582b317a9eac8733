/**
 * Whether the file systems of a start can be mounted: the file system, a mount target in the task's Availability Zone, the
 * security groups of both ends by port 2049, the file system's policy and the access point. (AmazonECS/…/efs-volumes.html,
 * efs/latest/ug/accessing-fs-nfs-permissions.html; read 2026-11)
 */

import { getObject, getObjects, getString, getStrings } from "../../ecs/json-fields.ts";
import { parseBlock } from "../../network/addresses.ts";
import { isUnread, type SecurityGroup, type Source } from "../../network/facts.ts";
import { fitOf } from "../../network/security-groups.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { isUnknown, type Scene } from "../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { policyCheck } from "./policy-check.ts";
import { askResourcePolicy } from "./resource-policy.ts";
import { nameOf } from "./role-checks.ts";
import { fileSystemRoleCheck } from "./roles/file-system-role-check.ts";

const NFS = 2049;
const VOLUMES_MAX = 5;
const ZONE = "efs.mount-target-in-az";

type Efs = {
  readonly volume: string;
  readonly fileSystem: string;
  readonly accessPoint?: string;
  readonly usesIam: boolean;
};

export async function storageChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return [];
  const volumes = getObjects(scene.definition, "volumes").flatMap((volume) => {
    const efs = getObject(volume, "efsVolumeConfiguration");
    return efs === undefined ? [] : [{ name: getString(volume, "name") ?? "", efs }];
  });
  if (volumes.length === 0) return [notApplicable("efs.exists", "the task definition has no volume of EFS")];
  const checks = await Promise.all(
    volumes.slice(0, VOLUMES_MAX).map(({ name, efs }) => volumeChecks(name, efs, scene)),
  );
  return checks.flat();
}

async function volumeChecks(volume: string, efs: JsonObject, scene: Scene): Promise<readonly StartCheck[]> {
  const access = getObject(efs, "authorizationConfig") ?? {};
  const accessPoint = getString(access, "accessPointId");
  const usesIam = getString(access, "iam") === "ENABLED";
  const fileSystem = getString(efs, "fileSystemId") ?? "";
  if ((usesIam || accessPoint !== undefined) && getString(efs, "transitEncryption") !== "ENABLED") {
    const because = `the volume ${volume} needs transit encryption`;
    return [failed("efs.transit-encryption", because, "efs-settings-invalid", { volume, fileSystem })];
  }
  const directory = getString(efs, "rootDirectory") ?? "/";
  if (accessPoint !== undefined && directory !== "/" && directory !== "") {
    const because = `the volume ${volume} names an access point and the root directory ${directory}: with an access point that is / or absent`;
    return [failed("efs.root-directory", because, "efs-settings-invalid", { volume, fileSystem, directory })];
  }
  const { region } = scene;
  const input = { FileSystemId: fileSystem };
  const found = await scene.reads.read("efs.DescribeMountTargets", input, region);
  if (found.kind === "unread") return [notChecked(ZONE, found, ["efs.DescribeMountTargets", input, region])];
  if (found.kind === "absent")
    return [failed("efs.exists", `EFS in ${region} has no ${fileSystem}`, "efs-missing", { fileSystem })];
  const targets = getObjects(found.answer, "MountTargets").filter(
    (one) => getString(one, "FileSystemId") === fileSystem,
  );
  const zones = await zoneChecks(fileSystem, targets, scene);
  if (zones.some(({ result }) => result === "failed")) return zones;
  const about: Efs = { volume, fileSystem, usesIam, ...(accessPoint === undefined ? {} : { accessPoint }) };
  const [groups, policy, point] = await Promise.all([
    groupChecks(about, targets, scene),
    systemPolicyChecks(about, scene),
    accessPointChecks(about, scene),
  ]);
  return [...zones, ...groups, ...policy, ...point];
}

async function zoneChecks(
  fileSystem: string,
  targets: readonly JsonObject[],
  { sources, reads, region }: Scene,
): Promise<readonly StartCheck[]> {
  if (isUnread(sources) || sources.length === 0) return [unknown(ZONE, "the task's subnet is not recorded")];
  const input = { SubnetIds: [...new Set(sources.map(({ subnet }) => subnet))] };
  const subnets = await reads.read("ec2.DescribeSubnets", input, region);
  if (subnets.kind !== "answer") return [unknown(ZONE, subnets.because)];
  const own = getObjects(subnets.answer, "Subnets").filter((one) =>
    input.SubnetIds.includes(getString(one, "SubnetId") ?? ""),
  );
  const open = targets.filter((one) => (getString(one, "LifeCycleState") ?? "available") === "available");
  return own.map((one) => {
    const zone = getString(one, "AvailabilityZoneId") ?? "";
    const subnet = getString(one, "SubnetId") ?? "";
    const code = "efs-no-mount-target-in-zone-or-dns";
    return open.some(
      (target) =>
        getString(target, "AvailabilityZoneId") === zone || getString(target, "SubnetId") === subnet,
    )
      ? passed(ZONE, `${fileSystem} has a mount target in ${zone}`, [code, "efs-missing"])
      : failed(ZONE, `${fileSystem} has no mount target in ${zone}, where ${subnet} is`, code, {
          fileSystem,
          zone,
          subnet,
        });
  });
}

/** Both ends by NFS's port: what the mount target's groups let in, and what the task's let out. */
async function groupChecks(
  { fileSystem }: Efs,
  targets: readonly JsonObject[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const id = "efs.sg-2049";
  const { sources, reads, region } = scene;
  const [source] = isUnread(sources) ? [] : sources;
  const target = targets.find((one) => getString(one, "SubnetId") === source?.subnet) ?? targets[0];
  if (source?.securityGroups === undefined || target === undefined)
    return [unknown(id, "the task's security groups are not recorded")];
  const input = { MountTargetId: getString(target, "MountTargetId") ?? "" };
  const found = await reads.read("efs.DescribeMountTargetSecurityGroups", input, region);
  if (found.kind === "unread")
    return [notChecked(id, found, ["efs.DescribeMountTargetSecurityGroups", input, region])];
  const own = found.kind === "answer" ? getStrings(found.answer, "SecurityGroups") : [];
  const described = await reads.securityGroups([...new Set([...own, ...source.securityGroups])], region);
  if (isUnread(described))
    return [notChecked(id, { kind: "unread", permission: described.unread, because: described.because })];
  const of = (ids: readonly string[]) => described.filter((one) => ids.includes(one.id));
  if (of(own).length < own.length || own.length === 0)
    return [unknown(id, `EC2 does not describe ${own.join(", ") || "the groups"}`)];
  const facts = await reads.network(sources);
  const block = (subnet: string) =>
    (isUnread(facts.subnets) ? [] : facts.subnets)
      .filter((one) => one.id === subnet)
      .flatMap((one) => one.blocks.flatMap((text) => parseBlock(text) ?? []));
  const ends = {
    own,
    source,
    inwards: block(source.subnet),
    outwards: block(getString(target, "SubnetId") ?? ""),
  };
  return judged(fileSystem, of, ends, facts);
}

type Ends = {
  readonly own: readonly string[];
  readonly source: Source;
  readonly inwards: Parameters<typeof fitOf>[1]["blocks"];
  readonly outwards: Parameters<typeof fitOf>[1]["blocks"];
};

function judged(
  fileSystem: string,
  of: (ids: readonly string[]) => readonly SecurityGroup[],
  { own, source, inwards, outwards }: Ends,
  facts: Parameters<typeof fitOf>[3],
): readonly StartCheck[] {
  const { securityGroups = [] } = source;
  const params = { fileSystem, subnet: source.subnet, port: String(NFS) };
  const ingress = fitOf(
    of(own).flatMap((one) => one.ingress),
    { blocks: inwards, securityGroups },
    NFS,
    facts,
  );
  if (ingress === "none")
    return [
      failed(
        "efs.sg-2049",
        `the security groups of ${fileSystem} (${own.join(", ")}) let the task in by no port ${NFS}`,
        "efs-mount-refused",
        {
          ...params,
          securityGroups: own.join(", "),
          taskSecurityGroups: securityGroups.join(", "),
        },
      ),
    ];
  const groups = of(securityGroups);
  const egress = fitOf(
    groups.flatMap((one) => one.egress),
    { blocks: outwards, securityGroups: own },
    NFS,
    facts,
  );
  if (egress === "none" && groups.length > 0)
    return [
      failed(
        "efs.sg-egress",
        `the task's security groups (${securityGroups.join(", ")}) let nothing out by port ${NFS} to ${fileSystem}`,
        "sg-egress-blocks-file-system",
        {
          ...params,
          securityGroups: securityGroups.join(", "),
          endpointGroups: own.join(", "),
        },
      ),
    ];
  return ingress === "all"
    ? [passed("efs.sg-2049", `the security groups of ${fileSystem} let the task in by port ${NFS}`)]
    : [
        {
          id: "efs.sg-2049",
          result: "not sure",
          because: `the security groups of ${fileSystem} let some addresses in by port ${NFS}`,
        },
      ];
}

/** What the file system's own policy says, and what the task role may by its own where that is not enough. */
async function systemPolicyChecks(efs: Efs, scene: Scene): Promise<readonly StartCheck[]> {
  const { fileSystem } = efs;
  const id = "efs.policy";
  const input = { FileSystemId: fileSystem };
  const found = await scene.reads.read("efs.DescribeFileSystemPolicy", input, scene.region);
  if (found.kind === "unread")
    return [
      notChecked(id, found, ["efs.DescribeFileSystemPolicy", input, scene.region]),
      await fileSystemRoleCheck({ ...efs, said: undefined }, scene),
    ];
  const text = found.kind === "answer" ? getString(found.answer, "Policy") : undefined;
  const role = isUnknown(scene.definition) ? undefined : getString(scene.definition, "taskRoleArn");
  if (text === undefined)
    return [
      policyCheck(id, `the policy of ${fileSystem}`, undefined, "efs-mount-refused", {}),
      await fileSystemRoleCheck({ ...efs, said: "none" }, scene),
    ];
  const asked = { role: role ?? "", action: "elasticfilesystem:ClientMount", resource: "*" };
  const said = askResourcePolicy(text, asked);
  const params = {
    fileSystem,
    action: asked.action,
    policy: "file system policy",
    role: role === undefined ? "the task" : nameOf(role),
  };
  return [
    policyCheck(
      id,
      `the policy of ${fileSystem}`,
      said === "silent" ? "not-sure" : said,
      "efs-mount-refused",
      params,
    ),
    await fileSystemRoleCheck({ ...efs, said }, scene),
  ];
}

async function accessPointChecks(
  { fileSystem, accessPoint, volume }: Efs,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const id = "efs.access-point";
  if (accessPoint === undefined) return [notApplicable(id, `the volume ${volume} names no access point`)];
  const input = { AccessPointId: accessPoint };
  const found = await scene.reads.read("efs.DescribeAccessPoints", input, scene.region);
  if (found.kind === "unread")
    return [notChecked(id, found, ["efs.DescribeAccessPoints", input, scene.region])];
  const described =
    found.kind === "answer"
      ? getObjects(found.answer, "AccessPoints").find(
          (one) => getString(one, "AccessPointId") === accessPoint,
        )
      : undefined;
  const params = { fileSystem, accessPoint };
  if (described === undefined)
    return [
      failed(id, `${fileSystem} has no access point ${accessPoint}`, "efs-root-directory-missing", params),
    ];
  return getString(described, "FileSystemId") === fileSystem
    ? [passed(id, `the access point ${accessPoint} is one of ${fileSystem}`)]
    : [
        failed(
          id,
          `${accessPoint} is an access point of another file system`,
          "efs-root-directory-missing",
          params,
        ),
      ];
}
