/** The person who operates Repull in a world: answers what is asked, has used up a quota, holds the kill switch. */

import { getObject, getString } from "../../ecs/json-fields.ts";
import { serializeDecision } from "../../remediation/gates/approval-decision.ts";
import type { KillSwitch } from "../../remediation/gates/kill-switch.ts";
import { quotaLimit, quotaPeriod } from "../../remediation/gates/quotas.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { OUTCOME_SOURCE } from "../aws/event-bus.ts";
import type { OperatorEntry } from "./operator-entry.ts";
import type { World } from "./world.ts";

const ANSWERS_AFTER_MS = 20 * 60_000;
const NAME = "Ada";
/** As the default stack calls it. */
const KILL_SWITCH = "/repull/writes";

/** Does what the world file says, and answers the kill switch. */
export async function operate(
  world: Pick<World, "bus" | "clock" | "executions" | "ports">,
  { answers = "never", usedUp, writesStopped }: OperatorEntry,
  { quotas }: Policy,
): Promise<KillSwitch> {
  if (usedUp !== undefined) {
    const max = quotaLimit(quotas, usedUp);
    const window = quotaPeriod(usedUp, world.clock.now());
    await world.ports.quotaStore.acquire({ period: window, requester: "others", amount: max, max });
  }
  if (answers !== "never") {
    const kind = answers === "yes" ? "approved" : "denied";
    const text = serializeDecision({ kind, by: NAME });
    world.bus.subscribe((document) => {
      const detail = getObject(document, "detail") ?? {};
      const id = getString(getObject(detail, "approval") ?? {}, "callbackId");
      if (document.source !== OUTCOME_SOURCE || detail.outcome !== "awaiting-approval" || id === undefined)
        return;
      world.clock.schedule(world.clock.now() + ANSWERS_AFTER_MS, () => {
        world.executions.answer(id, { kind: "answered", text });
      });
    });
  }
  return { activeReason: async () => writesStopped, parameter: KILL_SWITCH };
}
