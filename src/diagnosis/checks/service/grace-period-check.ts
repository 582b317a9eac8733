/**
 * Whether ECS waits for a slow start before it heeds the load balancer: without a grace period it stops a task as soon as its target
 * is unhealthy, however long the container's own start may take. (AmazonECS/…/load-balancer-healthcheck.html, read 2026-11)
 */

import { getNumber, getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { containersOf, type Scene } from "../../scene.ts";
import { failed, notApplicable, passed, type StartCheck, unknown } from "../check.ts";

const ID = "service.grace-period";
/** ECS looks at targets from time to time only. */
const SLACK_SECONDS = 60;

export function gracePeriodCheck(
  targetGroup: string,
  group: JsonObject | undefined,
  scene: Scene,
): StartCheck {
  const { service, start } = scene;
  if (service === undefined) return notApplicable(ID, "the task is not of a service that is known");
  const seconds = getNumber(service, "healthCheckGracePeriodSeconds") ?? 0;
  const interval = numberOf(group, "HealthCheckIntervalSeconds");
  const count = numberOf(group, "UnhealthyThresholdCount");
  if (interval === undefined || count === undefined)
    return unknown(ID, `how soon ${targetGroup} calls a target unhealthy is not known`);
  const unhealthy = interval * count;
  const needed = startPeriodOf(targetGroup, scene);
  const patience = Math.max(seconds, unhealthy);
  const ran = start.ranFor === undefined ? undefined : Math.round(start.ranFor / 1000);
  const params = {
    targetGroup,
    gracePeriod: String(seconds),
    unhealthyAfter: String(unhealthy),
    wanted: String(Math.max(2 * patience, needed ?? 0)),
    ...(ran === undefined ? {} : { ran: String(ran) }),
  };
  const details = [
    { code: "load-balancer-health-check-failed", params: { targetGroup, gracePeriod: String(seconds) } },
  ] as const;
  const told = `the grace period is ${seconds} s, and a target is unhealthy after ${unhealthy} s`;
  if (needed !== undefined && needed > patience)
    return failed(
      ID,
      `${told}, while the container's own health check allows its start ${needed} s`,
      "grace-period-too-short",
      {
        ...params,
        startPeriod: String(needed),
        wanted: String(needed + unhealthy),
      },
    );
  if (ran !== undefined && ran <= patience + SLACK_SECONDS)
    return {
      id: ID,
      result: "not sure",
      details,
      because: `${told}; the task was stopped after ${ran} s: a slow start and a check that never passes look alike`,
    };
  return { ...passed(ID, told, ["grace-period-too-short"]), details };
}

/** Of the container behind the load balancer: how long its own definition allows its start. */
function startPeriodOf(targetGroup: string, scene: Scene): number | undefined {
  const balancer = getObjects(scene.service ?? {}, "loadBalancers").find(
    (one) => getString(one, "targetGroupArn") === targetGroup,
  );
  const name = balancer && getString(balancer, "containerName");
  const container = containersOf(scene).find((one) => getString(one, "name") === name);
  return container && getNumber(getObject(container, "healthCheck") ?? {}, "startPeriod");
}

/** XML has numbers as text. */
function numberOf(json: JsonObject | undefined, member: string): number | undefined {
  const value = getNumber(json ?? {}, member) ?? Number(getString(json ?? {}, member) || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
