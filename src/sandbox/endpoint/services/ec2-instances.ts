/** The container instances of the sandbox's clusters in EC2's words. */

import { getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { isUnread } from "../../../network/facts.ts";
import type { ContainerInstance } from "../../../remediation/ports/ports.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { Account, Operations } from "../call.ts";

export const ec2Instances: Operations = {
  async DescribeInstances(input, account) {
    const filters = getObjects({ all: input.Filter ?? [] }, "all");
    const byId = filters.find((one) => getString(one, "Name") === "instance-id");
    const named = getStrings(input, "InstanceId");
    const wanted = byId === undefined ? named : getStrings(byId, "Value");
    const all = await instancesOf(account);
    const absent = named.find((id) => !all.some(({ source }) => source.instance === id));
    // A filter leaves out what is gone; an id of its own is refused.
    if (absent !== undefined)
      throw awsRefusal(
        "absent",
        "ec2:DescribeInstances",
        "InvalidInstanceID.NotFound",
        `The instance ID '${absent}' does not exist`,
      );
    const found = all.filter(({ source }) => wanted.length === 0 || wanted.includes(source.instance ?? ""));
    return { reservationSet: { item: found.map((one) => ({ instancesSet: { item: [described(one)] } })) } };
  },
};

async function instancesOf({ world }: Account): Promise<readonly ContainerInstance[]> {
  const read = await Promise.all(
    world.cluster.clusters().map(({ arn }) => world.ports.networks.instances(arn)),
  );
  return read.flatMap((some) => (isUnread(some) ? [] : some));
}

function described({ source, publicAddress, profile }: ContainerInstance): JsonObject {
  const { instance = "", subnet, securityGroups = [] } = source;
  return {
    instanceId: instance,
    instanceState: { code: 16, name: "running" },
    subnetId: subnet,
    groupSet: { item: securityGroups.map((groupId) => ({ groupId })) },
    ...(publicAddress === undefined ? {} : { ipAddress: publicAddress }),
    ...(profile === undefined ? {} : { iamInstanceProfile: { arn: profile } }),
  };
}
