/** What the load balancer says of the service's targets: their state, and the reason in Elastic Load Balancing's own codes. */

import { getObject, getObjects, getString } from "../../ecs/json-fields.ts";
import type { Hypothesis } from "../causes.ts";
import type { Scene } from "../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { balancerWayCheck } from "./service/balancer-way-check.ts";
import { gracePeriodCheck } from "./service/grace-period-check.ts";

const HEALTH = "lb.target-health";
const GROUP = "lb.target-group";
const GROUPS_MAX = 3;
/** No target has these for long: it is new, or on its way out. (API_TargetHealth, read 2026-11) */
const PASSING = new Set(["initial", "draining"]);

export async function balancerChecks(
  hypotheses: readonly Hypothesis[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const named = hypotheses.flatMap(({ params }) => params.targetGroup ?? []);
  const own = getObjects(scene.service ?? {}, "loadBalancers").flatMap(
    (one) => getString(one, "targetGroupArn") ?? [],
  );
  const groups = [...new Set([...named, ...own])].slice(0, GROUPS_MAX);
  if (groups.length === 0) return [notApplicable(HEALTH, "no target group is named")];
  const checks = await Promise.all(groups.map((group) => groupChecks(group, scene)));
  return checks.flat();
}

async function groupChecks(targetGroup: string, scene: Scene): Promise<readonly StartCheck[]> {
  const { reads, region } = scene;
  const asked = { TargetGroupArns: [targetGroup] };
  const input = { TargetGroupArn: targetGroup };
  const [described, health] = await Promise.all([
    reads.read("elbv2.DescribeTargetGroups", asked, region),
    reads.read("elbv2.DescribeTargetHealth", input, region),
  ]);
  if (described.kind === "absent" || health.kind === "absent")
    return [failed(GROUP, `there is no ${targetGroup}`, "target-group-missing", { targetGroup })];
  const group =
    described.kind === "answer"
      ? getObjects(described.answer, "TargetGroups").find(
          (one) => getString(one, "TargetGroupArn") === targetGroup,
        )
      : undefined;
  const targets = health.kind === "answer" ? getObjects(health.answer, "TargetHealthDescriptions") : [];
  const way = await balancerWayCheck({ targetGroup, group, targets }, scene);
  // What keeps the packets away is the cause of what the targets' health only shows.
  return [
    ...(described.kind === "unread"
      ? [notChecked(GROUP, described, ["elbv2.DescribeTargetGroups", asked, region])]
      : [way, gracePeriodCheck(targetGroup, group, scene)]),
    health.kind === "unread"
      ? notChecked(HEALTH, health, ["elbv2.DescribeTargetHealth", input, region])
      : healthCheck(targetGroup, group, targets),
  ];
}

function healthCheck(
  targetGroup: string,
  group: Parameters<typeof wantedBy>[0] | undefined,
  described: readonly Parameters<typeof getObject>[0][],
): StartCheck {
  const targets = described.map((one) => getObject(one, "TargetHealth") ?? {});
  const ill = targets.find(
    (one) => !PASSING.has(getString(one, "State") ?? "") && getString(one, "State") !== "healthy",
  );
  if (targets.length === 0) return unknown(HEALTH, "the target group has no target now");
  if (ill === undefined) return passed(HEALTH, `no target of ${targetGroup} is unhealthy now`);
  const state = getString(ill, "State") ?? "unhealthy";
  const reason = getString(ill, "Reason") ?? "no reason";
  const description = getString(ill, "Description");
  const because = `${targetGroup}: ${state}, ${reason}${description === undefined ? "" : ` (${description})`}`;
  return failed(HEALTH, because, "load-balancer-health-check-failed", {
    targetGroup,
    state,
    reason,
    ...(description === undefined ? {} : { description }),
    ...(group === undefined ? {} : wantedBy(group)),
  });
}

/** What the health check asks for: it is there that a wrong path or port shows. */
function wantedBy(group: Parameters<typeof getString>[0]): Readonly<Record<string, string>> {
  const path = getString(group, "HealthCheckPath");
  const port = getString(group, "HealthCheckPort");
  const codes = getString(getObject(group, "Matcher") ?? {}, "HttpCode");
  return {
    ...(path === undefined ? {} : { path }),
    ...(port === undefined ? {} : { port }),
    ...(codes === undefined ? {} : { codes }),
  };
}
