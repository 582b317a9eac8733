/** The kill switch, where the stack has one. */

import { createKillSwitch } from "../src/aws/adapters/kill-switch-parameter.ts";
import { type KillSwitch, NO_KILL_SWITCH } from "../src/remediation/gates/kill-switch.ts";
import type { Settings } from "./settings.ts";

export function killSwitchOf({ aws, killSwitchParameter }: Settings): KillSwitch {
  return killSwitchParameter === undefined ? NO_KILL_SWITCH : createKillSwitch(aws, killSwitchParameter);
}
