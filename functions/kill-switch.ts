/** The owner's brake, where the stack has one. */

import { createBrake } from "../src/aws/adapters/kill-switch-parameter.ts";
import { type KillSwitch, NO_KILL_SWITCH } from "../src/remediation/gates/kill-switch.ts";
import type { Settings } from "./settings.ts";

export function brakeOf({ aws, brakeParameter }: Settings): KillSwitch {
  return brakeParameter === undefined ? NO_KILL_SWITCH : createBrake(aws, brakeParameter);
}
