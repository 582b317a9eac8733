/** A sandbox's account that is served for the CLI, as `repull sandbox serve` does, with a stack of Repull in it. */

import { installMirrors } from "../../src/cli/commands/sandbox-mirrors.ts";
import { type Account, accountOf } from "../../src/sandbox/endpoint/call.ts";
import { installStack } from "../../src/sandbox/endpoint/installed-stack.ts";
import { CLOCK_VARIABLE, formatSandboxTime } from "../../src/sandbox/endpoint/sandbox-clock.ts";
import { serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { followWallClock } from "../../src/sandbox/endpoint/wall-clock.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import type { Mode } from "../../src/substitution/policy/stack-settings.ts";
import { serveRegistries } from "./aws/aws-account.ts";

export type ServedAccount = {
  readonly world: World;
  /** What leads a command there. */
  readonly env: Readonly<Record<string, string>>;
  /** Its parameters and functions, as a test changes them. */
  readonly account: Account;
  close(): Promise<void>;
};

/** @param mode the Mode of the stack */
export async function serveAccount(file: object, mode: Mode, stack = "repull"): Promise<ServedAccount> {
  // What was done is found by its time, so the account's clock begins at the present.
  const worldFile = readWorldFile({ time: new Date().toISOString(), ...file });
  const world = await createWorld(worldFile);
  const account = accountOf(world, worldFile, { name: stack, mode });
  const uninstall = installStack(account);
  const wallClock = followWallClock(world.clock, SPEED);
  const registries = await serveRegistries(world);
  const endpoint = await serveEndpoint(account, { wallClock });
  installMirrors(account, endpoint.url);
  return {
    world,
    account,
    env: {
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_REGION: world.home.region,
      AWS_ACCESS_KEY_ID: "sandbox",
      AWS_SECRET_ACCESS_KEY: "sandbox",
      REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
      [CLOCK_VARIABLE]: formatSandboxTime(wallClock.time),
    },
    async close() {
      uninstall();
      wallClock.stop();
      await Promise.all([endpoint.close(), registries.close()]);
    },
  };
}

/** Seconds of the account in one of the test: a rollout is over in a moment. */
const SPEED = 300;
