/** A sandbox in place of an account, for the commands that work in one by hand. */

import type { AccountSession } from "../../src/cli/account/sessions/account-session.ts";
import { type KillSwitch, NO_KILL_SWITCH } from "../../src/remediation/gates/kill-switch.ts";
import { createServiceInventory } from "../../src/sandbox/aws/scan/service-inventory.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy, type SaidPolicy } from "./policy.ts";

export type SandboxHands = { readonly world: World; readonly hands: AccountSession };

export async function sandboxHands(
  file: unknown,
  options: {
    readonly policy?: SaidPolicy;
    readonly killSwitch?: KillSwitch;
    readonly flags?: string;
  } = {},
): Promise<SandboxHands> {
  const world = await createWorld(readWorldFile(file));
  const policy = readPolicy({ ...options.policy });
  serveWorkflows(world, { policy });
  const session: AccountSession = {
    where: "the sandbox",
    home: { account: world.home.account, region: world.home.region },
    inventory: createServiceInventory(world.cluster),
    installed: { policy, from: "the test's policy", killSwitch: options.killSwitch ?? NO_KILL_SWITCH },
    flags: options.flags ?? "",
    clock: world.clock,
    portsFor: (log) => ({ ...world.ports, log }),
  };
  return { world, hands: session };
}

/** Runs a command as a process of the world, and lets the world go on until it has ended. */
export async function inWorld(world: World, run: () => Promise<number>): Promise<number> {
  let ended: { status: number } | { error: unknown } | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    try {
      ended = { status: await run() };
    } catch (error) {
      ended = { error };
    }
  });
  await world.runUntil(() => ended !== undefined, 24 * 3600);
  if (ended === undefined) throw new Error("the command has not ended within a day");
  if ("error" in ended) throw ended.error;
  return ended.status;
}
