/** The owner's brake, where the stack has one. */

import { createBrake } from "../src/aws/adapters/kill-switch-parameter.ts";
import { type Brake, NO_BRAKE } from "../src/remediation/gates/kill-switch.ts";
import type { Settings } from "./settings.ts";

export function brakeOf({ aws, brakeParameter }: Settings): Brake {
  return brakeParameter === undefined ? NO_BRAKE : createBrake(aws, brakeParameter);
}
