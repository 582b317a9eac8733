/**
 * Repull installed in a world: its workflows served by the world's executions, its rule listening on the bus.
 *
 * The code that runs is the product's own, unchanged; only the ports are the world's.
 */

import { type PrefillResult, prefill } from "../prevention/prefill/prefill.ts";
import { type DetectResult, detect } from "../remediation/detect/detect.ts";
import { type KillSwitch, NO_KILL_SWITCH, withKillSwitch } from "../remediation/gates/kill-switch.ts";
import { mirror } from "../remediation/mirror/mirror-workflow.ts";
import type { RemediationOptions } from "../remediation/workflow/context.ts";
import { remediate } from "../remediation/workflow/remediate.ts";
import type { JsonObject } from "../runtime/json.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { World } from "./world/world.ts";

export type Installation = {
  readonly policy: Policy;
  readonly waitForRollout?: boolean;
  readonly onPlan?: RemediationOptions["onPlan"];
  readonly onOutcome?: RemediationOptions["onOutcome"];
  readonly rights?: RemediationOptions["rights"];
  /** The kill switch; absent: writes are always allowed. */
  readonly killSwitch?: KillSwitch;
  /** Gets every ECS event that `detect` got from the bus. */
  readonly onDetected?: (detected: DetectResult, document: JsonObject) => void | Promise<void>;
  /** Gets every ECS event that `prefill` got from the bus, where the policy has it (`mirrors.prefill`). */
  readonly onPrefilled?: (prefilled: PrefillResult, document: JsonObject) => void | Promise<void>;
};

/** Serves the two workflows, so that what is started in this world runs in it. */
export function serveWorkflows(
  world: World,
  { policy, waitForRollout, onPlan, onOutcome, rights, killSwitch = NO_KILL_SWITCH }: Installation,
): void {
  const options = {
    policy,
    ...(rights === undefined ? {} : { rights }),
    ...(waitForRollout === undefined ? {} : { waitForRollout }),
    ...(onPlan === undefined ? {} : { onPlan }),
    ...(onOutcome === undefined ? {} : { onOutcome }),
  };
  world.executions.serve("remediate", (input, steps, execution) =>
    remediate(input, withKillSwitch(world.ports, killSwitch), { ...options, execution }, steps),
  );
  world.executions.serve("mirror", (input, steps) => mirror(input, world.ports, policy, steps));
}

/** Serves the workflows, and hands every ECS event of the bus to `detect` and `prefill`; answers how to stop listening. */
export function installRepull(world: World, installation: Installation): () => void {
  serveWorkflows(world, installation);
  return world.bus.subscribe(async (document) => {
    if (document.source !== "aws.ecs") return;
    const detected = await detect(document, world.ports, installation.policy);
    await installation.onDetected?.(detected, document);
    const { policy, killSwitch = NO_KILL_SWITCH } = installation;
    if (!policy.mirrors.prefill) return;
    const prefilled = await prefill(document, policy, "*", { ...world.ports, killSwitch });
    await installation.onPrefilled?.(prefilled, document);
  });
}
