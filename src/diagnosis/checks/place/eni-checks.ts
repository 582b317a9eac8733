/**
 * Whether a container instance has room for one network interface more, where each task has its own. Without trunking a task takes
 * one of the few that the instance type allows. (AmazonECS/…/container-instance-eni.html, EC2 API_NetworkInfo, read 2026-11)
 */

import { getNumber, getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import { isUnread } from "../../../network/facts.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { isUnknown, type Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";

const ID = "instance.eni-limit";
const TRUNK = "ecs.awsvpc-trunk-id";

/** @param instances as ECS describes those that take tasks */
export async function eniChecks(
  instances: readonly JsonObject[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const { definition, sources, reads, region } = scene;
  if (isUnknown(definition) || getString(definition, "networkMode") !== "awsvpc")
    return [notApplicable(ID, "the tasks have no network interface of their own")];
  const isTrunked = (one: JsonObject) => getObjects(one, "attributes").some(({ name }) => name === TRUNK);
  if (instances.some(isTrunked))
    return [unknown(ID, "an instance has a trunk interface: how many tasks that takes, EC2 does not say")];
  // The same question as that for the instances' own interfaces, so that it is asked once.
  const InstanceIds = isUnread(sources) ? [] : sources.flatMap(({ instance }) => instance ?? []);
  const ids = instances.flatMap((one) => getString(one, "ec2InstanceId") ?? []);
  if (InstanceIds.length === 0) return [unknown(ID, "no instance of EC2 is known")];
  const found = await reads.read("ec2.DescribeInstances", { InstanceIds }, region);
  if (found.kind === "unread")
    return [notChecked(ID, found, ["ec2.DescribeInstances", { InstanceIds }, region])];
  const own = (found.kind === "answer" ? getObjects(found.answer, "Reservations") : [])
    .flatMap((one) => getObjects(one, "Instances"))
    .filter((one) => ids.includes(getString(one, "InstanceId") ?? ""));
  const InstanceTypes = [...new Set(own.flatMap((one) => getString(one, "InstanceType") ?? []))];
  if (InstanceTypes.length === 0) return [unknown(ID, "EC2 does not describe the instances")];
  const types = await reads.read("ec2.DescribeInstanceTypes", { InstanceTypes }, region);
  if (types.kind === "unread")
    return [notChecked(ID, types, ["ec2.DescribeInstanceTypes", { InstanceTypes }, region])];
  const described = types.kind === "answer" ? getObjects(types.answer, "InstanceTypes") : [];
  const rooms = own.map((one) => roomOf(one, described));
  const free = rooms.find((one) => one !== undefined && one.used < one.most);
  if (free !== undefined)
    return [
      passed(
        ID,
        `${free.instance} has ${free.used} of the ${free.most} network interfaces of a ${free.type}`,
        ["no-instance-with-free-eni"],
      ),
    ];
  const [full] = rooms;
  if (full === undefined || rooms.includes(undefined) || own.length < ids.length)
    return [unknown(ID, "of not every instance it is known how many network interfaces it may have")];
  return [
    failed(
      ID,
      `each of ${rooms.length} instances has all network interfaces that it may have: ${full.instance} has ${full.used}, and a ${full.type} takes ${full.most}`,
      "no-instance-with-free-eni",
      { instance: full.instance, type: full.type, most: String(full.most) },
    ),
  ];
}

type Room = {
  readonly instance: string;
  readonly type: string;
  readonly used: number;
  readonly most: number;
};

function roomOf(instance: JsonObject, types: readonly JsonObject[]): Room | undefined {
  const type = getString(instance, "InstanceType");
  const own = types.find((one) => getString(one, "InstanceType") === type);
  const most = own && getNumber(getObject(own, "NetworkInfo") ?? {}, "MaximumNetworkInterfaces");
  const used = getObjects(instance, "NetworkInterfaces").length;
  if (type === undefined || most === undefined || used === 0) return undefined;
  return { instance: getString(instance, "InstanceId") ?? "", type, used, most };
}
