/** A stack of Repull in the served account: its workflows run in the world, and its settings are where the command line looks. */

import { detect } from "../../remediation/detect/detect.ts";
import type { KillSwitch } from "../../remediation/gates/kill-switch.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { type Policy, policyFrom } from "../../substitution/policy/policy.ts";
import type { AwsLocation } from "../example-location.ts";
import { installRepull } from "../install-repull.ts";
import type { Account, InstalledStack } from "./call.ts";
import { matchesPattern } from "./event-pattern.ts";
import { queuesOf, queueUrl, rulesOfStack } from "./stack-parts.ts";

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
  world.executions.ofStack(stack.name);
  const policy: Policy = policyFrom(environmentOf(stack, world.home));
  const uninstall = installRepull(world, { policy, rights: { mode: stack.mode }, killSwitch });
  const [, probe] = rulesOfStack(stack, world.home);
  const endProbes = world.bus.subscribe(async (document) => {
    if (probe === undefined || !matchesPattern(probe.pattern, document)) return;
    // What the rule hands on is the event within.
    await detect((document.detail as JsonObject).event, world.ports, policy);
  });
  return () => {
    uninstall();
    endProbes();
  };
}

const ALLOWED = "allowed";

/** The environment of its functions, as the template would write it. */
export function environmentOf(stack: InstalledStack, home: AwsLocation): Record<string, string> {
  const unhandled = queuesOf(stack)[0]?.deadLetters ?? "";
  return {
    REPULL_MODE: stack.mode,
    REPULL_MIRROR_PREFIX: "repull",
    REPULL_STANDALONE_TASKS: "report",
    REPULL_SCHEDULES: "report",
    REPULL_WRITES_PARAMETER: writesParameterOf(stack),
    REPULL_DEAD_LETTER_QUEUE_URL: queueUrl(unhandled, home),
  };
}

function writesParameterOf({ name }: InstalledStack): string {
  return `/${name}/writes`;
}
