/**
 * The container instances of a cluster as EC2 knows them: the interface by which they pull, and the profile by which they
 * may. A cluster may have thousands; where there are more than are looked at, nothing is said of any.
 */

import { DescribeInstancesCommand, type EC2Client, type Instance } from "@aws-sdk/client-ec2";
import {
  DescribeContainerInstancesCommand,
  type ECSClient,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import { optional } from "../../ecs/json-fields.ts";
import { isUnread, type Read, type Unread } from "../../network/facts.ts";
import type { ContainerInstance } from "../../remediation/ports/ports.ts";
import { readPages } from "./calls/read-pages.ts";

/** DescribeContainerInstances takes no more at once, and a filter of DescribeInstances takes two hundred. */
const AT_ONCE = 100;

export async function readContainerInstances(
  cluster: string,
  { ecs, ec2 }: { readonly ecs: ECSClient; readonly ec2: EC2Client },
): Promise<Read<ContainerInstance>> {
  const arns = await readPages("ecs:ListContainerInstances", async (nextToken) => {
    const listed = await ecs.send(
      new ListContainerInstancesCommand({
        cluster,
        status: "ACTIVE",
        maxResults: AT_ONCE,
        ...optional("nextToken", nextToken),
      }),
    );
    return { items: listed.containerInstanceArns, next: listed.nextToken };
  });
  if (isUnread(arns)) return arns;
  const ids = await inChunks(arns, (containerInstances) =>
    readPages("ecs:DescribeContainerInstances", async () => {
      const described = await ecs.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: [...containerInstances] }),
      );
      const found = described.containerInstances ?? [];
      // Instances outside of EC2 have ids of another form, and are in no subnet.
      const items = found.flatMap(({ ec2InstanceId, status }) =>
        status === "ACTIVE" && ec2InstanceId?.startsWith("i-") ? ec2InstanceId : [],
      );
      return { items, next: undefined };
    }),
  );
  if (isUnread(ids)) return ids;
  const instances = await inChunks(ids, (some) =>
    readPages("ec2:DescribeInstances", async (NextToken) => {
      // By filter: one that is gone is left out, and does not refuse the others.
      const byId = { Filters: [{ Name: "instance-id", Values: [...some] }] };
      const described = await ec2.send(
        new DescribeInstancesCommand({ ...byId, ...optional("NextToken", NextToken) }),
      );
      const items = (described.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
      return { items, next: described.NextToken };
    }),
  );
  return isUnread(instances) ? instances : instances.flatMap((one) => instanceOf(one) ?? []);
}

async function inChunks<T>(
  all: readonly string[],
  read: (some: readonly string[]) => Promise<readonly T[] | Unread>,
): Promise<readonly T[] | Unread> {
  const found: T[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const some = await read(all.slice(at, at + AT_ONCE));
    if (isUnread(some)) return some;
    found.push(...some);
  }
  return found;
}

/** By its first interface, which the ECS agent and the container runtime use. */
function instanceOf(instance: Instance): ContainerInstance | undefined {
  const { InstanceId = "", SubnetId, NetworkInterfaces = [], IamInstanceProfile } = instance;
  const first = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
  const subnet = first?.SubnetId ?? SubnetId;
  if (subnet === undefined) return undefined;
  const publicAddress = first?.Association?.PublicIp || instance.PublicIpAddress || undefined;
  const groups = first?.Groups ?? instance.SecurityGroups;
  return {
    source: {
      subnet,
      ...optional(
        "securityGroups",
        groups?.flatMap(({ GroupId }) => GroupId ?? []),
      ),
      hasPublicAddress: publicAddress !== undefined,
      hasIpv6Address: (first?.Ipv6Addresses ?? []).length > 0,
      instance: InstanceId,
    },
    ...optional("publicAddress", publicAddress),
    ...optional("profile", IamInstanceProfile?.Arn),
  };
}
