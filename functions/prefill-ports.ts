/** Wires what copies images ahead: ECS is read, registries are asked, and the main stack's `mirror` is started. */

import { createExecutions } from "../src/aws/adapters/durable-executions.ts";
import { createContainerInstances } from "../src/aws/adapters/ecs/container-instances.ts";
import { createEcs } from "../src/aws/adapters/ecs/ecs.ts";
import { rememberCopies } from "../src/prevention/prefill/copies-of.ts";
import type { HoldPorts } from "../src/prevention/prefill/hold-deployment.ts";
import type { PrefillPorts } from "../src/prevention/prefill/prefill.ts";
import { systemClock } from "../src/runtime/clock.ts";
import type { Policy } from "../src/substitution/policy/policy.ts";
import { killSwitchOf } from "./kill-switch.ts";
import { registryPorts } from "./registry-ports.ts";
import type { Settings } from "./settings.ts";

export function prefillPorts(settings: Settings, account: string): (policy: Policy) => PrefillPorts {
  return createHoldPorts(settings, account);
}

/** The same, with what ECS reports about deployments. */
export function createHoldPorts(settings: Settings, account: string): (policy: Policy) => HoldPorts {
  const { aws, functions } = settings;
  const own = {
    remembered: rememberCopies(systemClock),
    ecs: createEcs(aws),
    containerInstances: createContainerInstances(aws),
    executions: createExecutions(aws, functions),
    killSwitch: killSwitchOf(settings),
  };
  return (policy) => ({ ...registryPorts(settings, account, policy), ...own });
}
