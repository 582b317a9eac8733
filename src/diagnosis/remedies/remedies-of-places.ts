/** What brings another instance, and what lets a load balancer and its tasks meet. */

import type { CauseCode } from "../causes.ts";
import { aws, capacity, clusterOf, endpoint, first, type Make, serviceOf } from "./remedy.ts";

const activities: Make = (params, about) => {
  const { group = "AUTO_SCALING_GROUP", process } = params;
  const words =
    process === undefined
      ? ["describe-scaling-activities", "--auto-scaling-group-name", group, "--max-items", "5"]
      : ["resume-processes", "--auto-scaling-group-name", group, "--scaling-processes", process];
  return aws("add-capacity", () => ["autoscaling", ...words])(params, about);
};

export const PLACE_REMEDIES = {
  "instance-has-no-way-to-ecs": endpoint("ecs"),
  "capacity-provider-empty": capacity,
  "capacity-provider-at-maximum": capacity,
  "capacity-provider-does-not-scale": aws(
    "add-capacity",
    ({ group = "AUTO_SCALING_GROUP", wanted = "COUNT" }) => [
      ...[
        "autoscaling",
        "set-desired-capacity",
        "--auto-scaling-group-name",
        group,
        "--desired-capacity",
        wanted,
      ],
    ],
  ),
  "instances-do-not-launch": activities,
  "grace-period-too-short": aws("lengthen-grace-period", ({ wanted = "SECONDS" }, about) => [
    ...["ecs", "update-service", "--cluster", clusterOf(about), "--service", serviceOf(about)],
    ...["--health-check-grace-period-seconds", wanted],
  ]),
  "task-security-group-blocks-load-balancer": aws(
    "open-tasks",
    ({ securityGroups, balancerGroups, port = "PORT", blocks }) => [
      ...[
        "ec2",
        "authorize-security-group-ingress",
        "--group-id",
        first(securityGroups, "SECURITY_GROUP_ID"),
      ],
      ...[
        "--ip-permissions",
        `IpProtocol=tcp,FromPort=${port},ToPort=${port},${peerOf(balancerGroups, blocks)}`,
      ],
    ],
  ),
  "load-balancer-security-group-blocks": aws(
    "open-tasks",
    ({ securityGroups, balancerGroups, port = "PORT" }) => [
      ...["ec2", "authorize-security-group-egress", "--group-id", first(balancerGroups, "SECURITY_GROUP_ID")],
      ...[
        "--ip-permissions",
        `IpProtocol=tcp,FromPort=${port},ToPort=${port},${peerOf(securityGroups, undefined)}`,
      ],
    ],
  ),
} as const satisfies Partial<Readonly<Record<CauseCode, Make>>>;

/** A Network Load Balancer may have no security group: then its subnets are let in. */
function peerOf(groups: string | undefined, blocks: string | undefined): string {
  const ranges = (blocks ?? "").split(", ").filter((one) => one !== "");
  return !groups && ranges.length > 0
    ? `IpRanges=[${ranges.map((one) => `{CidrIp=${one}}`).join(",")}]`
    : `UserIdGroupPairs=[{GroupId=${first(groups, "SECURITY_GROUP_ID")}}]`;
}
