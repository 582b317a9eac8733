/** What `repull plan` and `repull fix` work in: the account of the environment, or a test's own. */

import type { ServiceInventory } from "../../../history/active-substitutions.ts";
import type { Copier, Ports } from "../../../remediation/ports/ports.ts";
import type { Clock, Timer } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import type { CommandIo } from "../../io.ts";
import { awsSettingsFrom } from "../aws-settings.ts";
import type { DeployedConfig, DeployedConfigOptions } from "../deployed-config.ts";
import type { SignedIn } from "../same-account.ts";
import { stackFlags } from "../stack-flags.ts";
import { whereOf } from "../where.ts";

export type AccountSession = {
  /** Shown before anything is read: whose account it is. */
  readonly where: string;
  readonly home: SignedIn;
  readonly inventory: ServiceInventory;
  readonly installed: DeployedConfig;
  /** What was said of the stack and the policy, for commands that are printed. */
  readonly flags: string;
  readonly clock: Clock & Timer;
  portsFor(log: Log, watchCopies?: (copier: Copier) => Copier): Ports;
};

/** The account of the environment. Throws InvalidInput, AwsError and Refused. */
export async function openAccountSession(
  options: DeployedConfigOptions,
  absent: "refuse" | "default",
  io: CommandIo,
): Promise<AccountSession> {
  const aws = await awsSettingsFrom(io);
  const [
    { getCallerIdentity },
    { createServiceInventory },
    { accountPorts },
    { readDeployedConfig },
    { accountClock },
  ] = await Promise.all([
    import("../../../aws/client/caller-identity.ts"),
    import("../../../aws/scan/service-inventory.ts"),
    import("../account-ports.ts"),
    import("../deployed-config.ts"),
    import("../account-clock.ts"),
  ]);
  const { account } = await getCallerIdentity(aws);
  const config = await readDeployedConfig(options, aws, io, absent);
  const passing = accountClock(io.env);
  const clock: Clock & Timer = {
    now: passing.now,
    sleep: (milliseconds, signal) =>
      passing.sleep(milliseconds, signal === undefined ? io.signal : AbortSignal.any([signal, io.signal])),
    after: passing.after,
  };
  return {
    home: { account, region: aws.region },
    where: whereOf(account, aws),
    inventory: createServiceInventory(aws),
    installed: config,
    flags: stackFlags(options),
    clock,
    portsFor: (log, watchCopies) =>
      accountPorts(
        {
          aws,
          account,
          policy: config.policy,
          log,
          clock,
          remediateArn: config.remediateArn,
          ...(watchCopies === undefined ? {} : { watchCopies }),
        },
        io,
      ),
  };
}
