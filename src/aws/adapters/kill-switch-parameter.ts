/** The kill switch: an SSM parameter of the stack, `allowed` or any other value, which stops every write. */

import type { KillSwitch } from "../../remediation/gates/kill-switch.ts";
import { loadedWhenUsed } from "../../runtime/loaded-when-used.ts";
import type { AwsSettings } from "../client/client-config.ts";

const ALLOWED = "allowed";
const WORD_LENGTH_MAX = 200;

type Parameters = { read(name: string): Promise<string> };

/** Reads the parameter anew each time. */
export function createKillSwitch(settings: AwsSettings, parameter: string): KillSwitch {
  const parameters = loadedWhenUsed<Parameters>({ read: true }, async () =>
    (await import("../client/ssm-parameters.ts")).createParameters(settings),
  );
  return {
    parameter,
    async activeReason() {
      const word = (await parameters.read(parameter)).trim();
      return word === ALLOWED ? undefined : word.slice(0, WORD_LENGTH_MAX);
    },
  };
}

/** Why nothing may be written now; a kill switch that cannot be read allows no write. */
export async function stopReason(killSwitch: KillSwitch): Promise<string | undefined> {
  try {
    return await killSwitch.activeReason();
  } catch (error) {
    return error instanceof Error ? error.message : `${killSwitch.parameter} cannot be read`;
  }
}
