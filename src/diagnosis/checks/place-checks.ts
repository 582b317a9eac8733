/** Where a start takes place: free addresses of its subnets, the container instances and their agents. */

import { getNumber, getObjects, getString, getStrings, optional } from "../../ecs/json-fields.ts";
import { isUnread } from "../../network/facts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { CauseCode } from "../causes.ts";
import { isUnknown, type Scene } from "../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { eniChecks } from "./place/eni-checks.ts";

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
    ...attributeChecks(connected, scene),
    ...roomChecks(connected, scene),
    ...(await eniChecks(connected, scene)),
  ];
}

/** What the definition asks of an instance, by name and value. (API_Attribute, read 2026-11) */
function attributeChecks(instances: readonly JsonObject[], { definition }: Scene): readonly StartCheck[] {
  const id = "instance.attributes";
  const wanted = isUnknown(definition) ? [] : getObjects(definition, "requiresAttributes");
  if (wanted.length === 0 || instances.every(({ attributes }) => attributes === undefined)) return [];
  const lacks = (instance: JsonObject) =>
    wanted.find(
      ({ name, value }) =>
        !getObjects(instance, "attributes").some(
          (one) => one.name === name && (value === undefined || value === null || one.value === value),
        ),
    );
  if (instances.some((one) => lacks(one) === undefined))
    return [passed(id, "an instance has each attribute that the task definition asks for")];
  const first = instances.map(lacks).find((one) => one !== undefined);
  const attribute = [first?.name, first?.value].filter((part) => typeof part === "string").join("=");
  return [
    failed(
      id,
      `no container instance has the attribute ${attribute}, which the task definition asks for`,
      "placement-constraint-unsatisfied",
      { attribute },
    ),
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
    const reported = instances.flatMap((one): readonly number[] => {
      const resource = getObjects(one, "remainingResources").find((other) => other.name === name);
      return [getNumber(resource ?? {}, "integerValue") ?? []].flat();
    });
    const free = Math.max(0, ...reported);
    // What an instance does not report is not known to be too little.
    if (free < wanted && reported.length < instances.length) return [];
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
