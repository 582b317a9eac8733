/** A stack of Repull in the served account: its workflows run in the world, and its settings are where the command line looks. */

import type { KillSwitch } from "../../remediation/gates/kill-switch.ts";
import { type Policy, policyFrom } from "../../substitution/policy/policy.ts";
import { installRepull } from "../install-repull.ts";
import type { Account, InstalledStack } from "./call.ts";

/** Installs the stack: from now on what ECS reports is handled as by the deployed functions. Answers how to stop. */
export function installStack(account: Account): () => void {
  const { stack, parameters, world } = account;
  if (stack === undefined) return () => {};
  const parameter = writesParameterOf(stack);
  parameters.set(parameter, ALLOWED);
  const killSwitch: KillSwitch = {
    parameter,
    activeReason: async () => {
      const value = parameters.get(parameter) ?? "the parameter is gone";
      return value === ALLOWED ? undefined : value;
    },
  };
  const policy: Policy = policyFrom(environmentOf(stack));
  return installRepull(world, { policy, rights: { mode: stack.mode }, killSwitch });
}

const ALLOWED = "allowed";

/** The environment of its functions, as the template would write it. */
export function environmentOf(stack: InstalledStack): Record<string, string> {
  return {
    REPULL_MODE: stack.mode,
    REPULL_MIRROR_PREFIX: "repull",
    REPULL_STANDALONE_TASKS: "report",
    REPULL_SCHEDULES: "report",
    REPULL_WRITES_PARAMETER: writesParameterOf(stack),
  };
}

function writesParameterOf({ name }: InstalledStack): string {
  return `/${name}/writes`;
}
