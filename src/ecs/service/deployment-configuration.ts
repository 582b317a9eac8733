/**
 * How a service deploys: by which strategy, how long each step waits, and what may stop it.
 *
 *     ROLLING      old tasks go as new ones come; a circuit breaker or alarms may end it
 *     BLUE_GREEN   new tasks in addition to the old ones, all traffic moved at once, then a bake time
 *     CANARY       a little of the traffic first, and after a wait the rest
 *     LINEAR       so many percent of the traffic at a time
 *
 * A deployment of ours does not change these settings: ECS follows them, and a watcher waits as long as they say.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (read 2026-11)
 */

import type { JsonObject } from "../../runtime/json.ts";
import { getNumber, getObject, getObjects, getString, getStrings } from "../json-fields.ts";

export type DeploymentConfiguration = {
  /** How long a deployment that goes well may wait by its own design: the bake time, canary and linear steps included. */
  readonly bakeTimeMinutes: number;
  /** How long its hooks may take: what runs, or waits for a person, between two stages. */
  readonly hookMinutes: number;
  /** Hooks, alarms or stages decide about it: more than DescribeServices reports. */
  readonly hasDeploymentStages: boolean;
};

/** Default: 24 hours. */
const HOOK_MINUTES_DEFAULT = 1440;
/** Stages that come again with every step of the traffic. */
const STAGE_OF_A_STEP = /^(?:PRE_)?PRODUCTION_TRAFFIC_SHIFT$/;

/** Defaults as the API's reference has them: 10 minutes of canary, 6 minutes before each tenth. */
export function readDeploymentConfiguration(json: JsonObject): DeploymentConfiguration {
  const bake = getNumber(json, "bakeTimeInMinutes") ?? 0;
  const strategy = getString(json, "strategy") ?? "ROLLING";
  const { pauses, minutes } = stepsOf(strategy, json);
  const hooks = getObjects(json, "lifecycleHooks");
  const hookMinutes = hooks.map((hook) => {
    const limit =
      getNumber(getObject(hook, "timeoutConfiguration") ?? {}, "timeoutInMinutes") ?? HOOK_MINUTES_DEFAULT;
    const calls = getStrings(hook, "lifecycleStages").map((stage) =>
      STAGE_OF_A_STEP.test(stage) ? pauses + 1 : 1,
    );
    return limit * sum(calls);
  });
  const hasAlarms = getObject(json, "alarms")?.enable === true;
  return {
    bakeTimeMinutes: bake + pauses * minutes,
    hookMinutes: sum(hookMinutes),
    hasDeploymentStages: strategy !== "ROLLING" || hooks.length > 0 || hasAlarms,
  };
}

/** How often the traffic rests on its way, and for how long each time. */
function stepsOf(strategy: string, json: JsonObject): { readonly pauses: number; readonly minutes: number } {
  if (strategy === "CANARY") {
    const canary = getObject(json, "canaryConfiguration") ?? {};
    return { pauses: 1, minutes: getNumber(canary, "canaryBakeTimeInMinutes") ?? 10 };
  }
  if (strategy !== "LINEAR") return { pauses: 0, minutes: 0 };
  const linear = getObject(json, "linearConfiguration") ?? {};
  const percent = getNumber(linear, "stepPercent") ?? 10;
  const pauses = percent > 0 ? Math.ceil(100 / percent) - 1 : 0;
  return { pauses, minutes: getNumber(linear, "stepBakeTimeInMinutes") ?? 6 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
