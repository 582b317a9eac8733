/**
 * A recorded event against a real account: the same workflow, in this process, over AWS's ports, by the rules of the
 * deployed stack. Without --yes nothing is written, and nothing is published.
 */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { remediationName } from "../../remediation/detect/execution-names.ts";
import { type KillSwitch, withKillSwitch } from "../../remediation/gates/kill-switch.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { isPerTask } from "../../remediation/survey/standalone-task.ts";
import { remediate } from "../../remediation/workflow/remediate.ts";
import { runInProcess } from "../../runtime/in-process-steps.ts";
import { explainPlan } from "../../substitution/explain-plan.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { accountClock } from "../account/account-clock.ts";
import { accountPorts } from "../account/account-ports.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { readDeployedConfig, refuseWhileStopped } from "../account/deployed-config.ts";
import { withFewAttempts } from "../account/few-attempts.ts";
import { ignorePublishErrors, SILENT_PUBLISHER } from "../account/quiet-publisher.ts";
import { refuseForeignEvent } from "../account/same-account.ts";
import { whereOf } from "../account/where.ts";
import type { CommandIo } from "../io.ts";
import { createEventLog } from "../output/progress/event-log.ts";
import { printActivity } from "../output/progress/fix-progress.ts";
import { RefusedCommand } from "../refused-command.ts";
import type { Replay, ReplayInput } from "./replay-types.ts";

/** The SDK's own tries of one call, with --no-wait: a survey asks again by itself, and its step once more. */
const WITHOUT_WAIT = { attemptsMax: 2, requestSeconds: 10 };
const NOT_SAID: KillSwitch = { activeReason: async () => "--yes was not said" };

/** Replays documents in the account of the environment. Throws InvalidInput, AwsError and Refused. */
export async function replayInAccount(input: ReplayInput, io: CommandIo): Promise<Replay> {
  const settings = await awsSettingsFrom(io);
  const aws = input.settle ? settings : { ...settings, ...WITHOUT_WAIT };
  const clock = accountClock(io.env);
  const account = await accountOf(aws, io);
  const config = await readDeployedConfig(input, aws, io);
  // No tag makes a replay write without --yes.
  const policy: Policy = input.yes ? config.policy : { ...config.policy, mode: "observe" };
  const what = input.yes ? "services may be changed" : "nothing is changed without --yes";
  io.err(`${whereOf(account ?? "of the event", aws)}, by ${config.from}: ${what}\n`);

  return async (document, _file, tell) => {
    const own = refuseForeignEvent(document, { account, region: aws.region });
    if (own === undefined)
      throw new RefusedCommand(
        "account-unknown",
        "neither STS nor the event names the account: nothing was written",
      );
    if (input.yes) await refuseWhileStopped(config);
    const eventLog = createEventLog(clock.now, tell);
    const { remediateArn } = config;
    const plain = accountPorts({ aws, account: own, policy, log: eventLog.log, remediateArn, clock }, io);
    const ports = {
      ...withKillSwitch(plain, input.yes ? config.killSwitch : NOT_SAID),
      bus: input.yes ? ignorePublishErrors(plain.bus, io) : SILENT_PUBLISHER,
    };
    const failure = readEvent(document, ports.location);
    const execution =
      failure.kind === "ignored"
        ? "none"
        : remediationName(ports.executions.functionName("remediate"), failure, 1, isPerTask(failure, policy));
    const onPlan = (plan: Parameters<typeof explainPlan>[0]): void => {
      for (const line of explainPlan(plan)) eventLog.say(line);
    };
    const options = {
      policy,
      execution,
      waitForRollout: input.settle,
      surveysAgain: input.settle,
      onPlan,
      onActivity: printActivity(eventLog.say),
      interactive: true,
    };
    return await runInProcess(
      (steps) => remediate(document, ports, options, input.settle ? steps : withFewAttempts(steps)),
      { clock },
    );
  };
}

/**
 * Undefined where an endpoint of its own has no STS: an emulator of AWS there may know ECS alone, and say so by a
 * page, a status or a code. Only a refusal of these credentials is one.
 */
async function accountOf(aws: AwsSettings, io: CommandIo): Promise<string | undefined> {
  try {
    return (await getCallerIdentity(aws)).account;
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === "denied" || aws.endpoint === undefined) throw error;
    io.err(`the account of these credentials is not known (${error.message}): the event's own is taken\n`);
    return undefined;
  }
}
