/**
 * Whether a load balancer's packets reach the tasks: the tasks' security groups have to let it in by the port of its targets, and
 * its own have to let that out. A Network Load Balancer without security groups comes from the addresses of its subnets.
 * (elasticloadbalancing/…/load-balancer-update-security-groups.html, …/network/load-balancer-security-groups.html, read 2026-11)
 */

import { getNumber, getObject, getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { type Block, parseBlock } from "../../../network/addresses.ts";
import { isUnread, type SecurityGroup } from "../../../network/facts.ts";
import { fitOf } from "../../../network/security-groups.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";

const ID = "lb.sg-to-task";

type Asked = {
  readonly targetGroup: string;
  readonly group: JsonObject | undefined;
  /** As Elastic Load Balancing describes them. */
  readonly targets: readonly JsonObject[];
};

export async function balancerWayCheck(asked: Asked, scene: Scene): Promise<StartCheck> {
  const { sources, reads, region } = scene;
  const [balancer] = getStrings(asked.group ?? {}, "LoadBalancerArns");
  if (balancer === undefined)
    return notApplicable(ID, `${asked.targetGroup} is behind no load balancer that is known`);
  // Of subnets the blocks of IPv4 are compared, and these say nothing of such a target.
  if (getString(asked.group ?? {}, "IpAddressType") === "ipv6")
    return unknown(ID, "the targets have addresses of IPv6, by which the rules are not compared here");
  const ports = portsOf(asked, scene);
  if (ports.length === 0)
    return unknown(ID, `by which port ${asked.targetGroup} asks its targets is not known`);
  if (isUnread(sources) || sources.length === 0)
    return unknown(ID, "the task's security groups are not recorded");
  const [first] = sources;
  const own = [...new Set(first?.securityGroups ?? [])];
  if (own.length === 0) return unknown(ID, "the task's security groups are not recorded");
  if (sources.some(({ securityGroups = [] }) => own.some((one) => !securityGroups.includes(one))))
    return unknown(
      ID,
      "the instances have different security groups, and which one has the task is not known",
    );
  const input = { LoadBalancerArns: [balancer] };
  const found = await reads.read("elbv2.DescribeLoadBalancers", input, region);
  if (found.kind === "unread") return notChecked(ID, found, ["elbv2.DescribeLoadBalancers", input, region]);
  const described =
    found.kind === "answer"
      ? getObjects(found.answer, "LoadBalancers").find(
          (one) => getString(one, "LoadBalancerArn") === balancer,
        )
      : undefined;
  if (described === undefined) return unknown(ID, `${balancer} is not described`);
  if (getString(described, "Type") === "gateway")
    return notApplicable(ID, "a Gateway Load Balancer sends by its own ways");
  const groups = getStrings(described, "SecurityGroups");
  const read = await reads.securityGroups([...new Set([...groups, ...own])], region);
  if (isUnread(read))
    return notChecked(ID, { kind: "unread", permission: read.unread, because: read.because });
  const of = (ids: readonly string[]) => read.filter(({ id }) => ids.includes(id));
  if (of(own).length < own.length || of(groups).length < groups.length)
    return unknown(ID, `EC2 does not describe all of ${[...groups, ...own].join(", ")}`);
  const [from, to] = await Promise.all([
    blocksOf(
      getObjects(described, "AvailabilityZones").flatMap((one) => getString(one, "SubnetId") ?? []),
      scene,
    ),
    blocksOf(
      sources.map(({ subnet }) => subnet),
      scene,
    ),
  ]);
  return await judged({ ...asked, own: of(own), groups: of(groups), from, to, ports }, scene);
}

type Ends = Asked & {
  readonly own: readonly SecurityGroup[];
  readonly groups: readonly SecurityGroup[];
  /** Undefined: not known, so that a rule by addresses may fit or not. */
  readonly from: readonly string[] | undefined;
  readonly to: readonly string[] | undefined;
  readonly ports: readonly number[];
};

async function judged(
  { targetGroup, own, groups, from, to, ports }: Ends,
  scene: Scene,
): Promise<StartCheck> {
  const facts = await scene.reads.network(scene.sources);
  const ids = (all: readonly SecurityGroup[]) => all.map(({ id }) => id);
  const inwards = ports.map((port) =>
    fitOf(
      own.flatMap(({ ingress }) => ingress),
      { blocks: parsed(from), securityGroups: ids(groups) },
      port,
      facts,
    ),
  );
  const outwards = ports.map((port) =>
    groups.length === 0
      ? "all"
      : fitOf(
          groups.flatMap(({ egress }) => egress),
          { blocks: parsed(to), securityGroups: ids(own) },
          port,
          facts,
        ),
  );
  const port = ports.join(", ");
  const params = {
    targetGroup,
    port: String(ports[0]),
    securityGroups: ids(own).join(", "),
    balancerGroups: ids(groups).join(", "),
    ...(from === undefined ? {} : { blocks: from.join(", ") }),
  };
  const who =
    groups.length === 0 ? "the load balancer's subnets" : `the load balancer (${ids(groups).join(", ")})`;
  const isIn = inwards.every((one) => one === "all");
  if (inwards.every((one) => one === "none") && (from !== undefined || !hasBlocks(own, "ingress")))
    return failed(
      ID,
      `the tasks' security groups (${ids(own).join(", ")}) do not let ${who} in by port ${port}`,
      "task-security-group-blocks-load-balancer",
      params,
    );
  if (outwards.every((one) => one === "none") && (to !== undefined || !hasBlocks(groups, "egress")))
    return failed(
      ID,
      `${who} may send nothing to the tasks by port ${port}`,
      "load-balancer-security-group-blocks",
      params,
    );
  return isIn && outwards.every((one) => one === "all")
    ? passed(ID, `${who} may reach the tasks by port ${port}`, [
        "task-security-group-blocks-load-balancer",
        "load-balancer-security-group-blocks",
      ])
    : {
        id: ID,
        result: "not sure",
        because: `the rules let some addresses of the load balancer through by port ${port}, or some of the ports`,
      };
}

function hasBlocks(groups: readonly SecurityGroup[], way: "ingress" | "egress"): boolean {
  return groups.some((one) =>
    one[way].some(({ block, prefixList }) => block !== undefined || prefixList !== undefined),
  );
}

function parsed(blocks: readonly string[] = []): readonly Block[] {
  return blocks.flatMap((text) => parseBlock(text) ?? []);
}

/** Of all subnets, or not at all. */
async function blocksOf(
  ids: readonly string[],
  { reads, region }: Scene,
): Promise<readonly string[] | undefined> {
  const SubnetIds = [...new Set(ids)];
  if (SubnetIds.length === 0) return undefined;
  const found = await reads.read("ec2.DescribeSubnets", { SubnetIds }, region);
  if (found.kind !== "answer") return undefined;
  const own = getObjects(found.answer, "Subnets").filter((one) =>
    SubnetIds.includes(getString(one, "SubnetId") ?? ""),
  );
  const blocks = own.flatMap((one) => getString(one, "CidrBlock") ?? []);
  return blocks.length < SubnetIds.length ? undefined : blocks;
}

/** The port of the health check where it has its own; or else that of the targets, or that which the service registers. */
function portsOf({ targetGroup, group, targets }: Asked, { service }: Scene): readonly number[] {
  const own = Number(getString(group ?? {}, "HealthCheckPort") ?? Number.NaN);
  if (own > 0) return [own];
  const seen = targets.flatMap((one) => {
    const target = getObject(one, "Target") ?? {};
    const port = getNumber(target, "Port") ?? Number(getString(target, "Port") || Number.NaN);
    return port > 0 ? [port] : [];
  });
  if (seen.length > 0) return [...new Set(seen)];
  // On an instance the port may be another, which ECS chooses.
  if (getString(group ?? {}, "TargetType") !== "ip") return [];
  return getObjects(service ?? {}, "loadBalancers")
    .filter((one) => getString(one, "targetGroupArn") === targetGroup)
    .flatMap((one) => getNumber(one, "containerPort") ?? []);
}
