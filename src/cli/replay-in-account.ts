/** A recorded event against a real account: the same workflow, in this process, over AWS's ports. */

import { identify } from "../aws/identity.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { remediationName } from "../remediation/names.ts";
import { remediate } from "../remediation/remediate.ts";
import { isForEachTask } from "../remediation/survey-task.ts";
import { systemClock } from "../runtime/clock.ts";
import { runInProcess } from "../runtime/in-process-steps.ts";
import { explainPlan } from "../substitution/explain.ts";
import type { Policy } from "../substitution/policy.ts";
import { accountPorts } from "./account-ports.ts";
import { awsSettingsFrom } from "./aws-settings.ts";
import type { CommandIo } from "./io.ts";
import type { Replay, ReplayInput } from "./replay.ts";
import { storyLog } from "./story.ts";

/** Replays documents in the account of the environment. Without --yes only the plan is made. */
export async function replayInAccount(input: ReplayInput, io: CommandIo): Promise<Replay> {
  const aws = awsSettingsFrom(io.env);
  const { account } = await identify(aws);
  // No tag makes a replay write that was not told to.
  const unsaid = { mode: "observe" } as const;
  const policy: Policy = input.yes ? input.policy : { ...input.policy, ...unsaid };
  const what = input.yes ? "services may be changed" : "nothing is changed without --yes";
  io.err(
    `account ${account}, region ${aws.region}${aws.endpoint === undefined ? "" : `, at ${aws.endpoint}`}: ${what}\n`,
  );

  return async (document, _file, tell) => {
    const story = storyLog(systemClock.now, tell);
    const ports = accountPorts({ aws, account, policy, log: story.log }, io);
    const failure = readEvent(document, ports.home);
    const execution =
      failure.kind === "ignored"
        ? "none"
        : remediationName(
            ports.executions.functionName("remediate"),
            failure,
            1,
            isForEachTask(failure, policy),
          );
    const onPlan = (plan: Parameters<typeof explainPlan>[0]): void => {
      for (const line of explainPlan(plan)) story.say(line);
    };
    return await runInProcess(
      (steps) =>
        remediate(document, ports, { policy, execution, settle: input.settle, onPlan, byHand: true }, steps),
      { clock: systemClock },
    );
  };
}
