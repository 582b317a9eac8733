/** The clock of the account that a command works in: the machine's own, or that of a served sandbox. */

import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import { CLOCK_VARIABLE, parseSandboxTime, sandboxClock } from "../../sandbox/endpoint/sandbox-clock.ts";
import type { CommandIo } from "../io.ts";

/**
 * A sandbox is on this machine: its variable, left behind in a terminal, changes no waiting in an account of AWS. Throws InvalidInput.
 */
export function accountClock(env: CommandIo["env"], real: Clock & Timer = systemClock): Clock & Timer {
  const { AWS_ENDPOINT_URL: endpoint = "", [CLOCK_VARIABLE]: setting = "" } = env;
  if (setting === "" || !/^http:\/\/127\.0\.0\.1[:/]/.test(endpoint)) return real;
  return sandboxClock(parseSandboxTime(setting), real);
}
