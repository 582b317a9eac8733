/** A recorded event against a real account: the same workflow, in this process, over AWS's ports. */

import type { AwsSettings } from "../aws/client-settings.ts";
import { connect } from "../aws/connect.ts";
import { identify } from "../aws/identity.ts";
import { createRegistryAccess } from "../aws/registry-access.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { httpTransport } from "../oci/http-transport.ts";
import { mirror } from "../remediation/mirror.ts";
import { remediationName } from "../remediation/names.ts";
import { type ExecutionStatus, type Executions, type Ports, refusalIn } from "../remediation/ports.ts";
import { remediate } from "../remediation/remediate.ts";
import { isForEachTask } from "../remediation/survey-task.ts";
import { systemClock } from "../runtime/clock.ts";
import { parseEndpoints } from "../runtime/endpoints.ts";
import { runInProcess } from "../runtime/in-process-steps.ts";
import { explainPlan } from "../substitution/explain.ts";
import type { Policy } from "../substitution/policy.ts";
import { awsSettingsFrom } from "./aws-settings.ts";
import type { CommandIo } from "./io.ts";
import type { Replay, ReplayInput } from "./replay.ts";
import { storyLog } from "./story.ts";

/** Replays documents in the account of the environment. Without --yes only the plan is made. */
export async function replayInAccount(input: ReplayInput, io: CommandIo): Promise<Replay> {
  const aws = awsSettingsFrom(io.env);
  const { account } = await identify(aws);
  const policy: Policy = input.yes ? input.policy : { ...input.policy, mode: "observe" };
  const what = input.yes ? "services may be changed" : "nothing is changed without --yes";
  io.err(
    `account ${account}, region ${aws.region}${aws.endpoint === undefined ? "" : `, at ${aws.endpoint}`}: ${what}\n`,
  );

  return async (document, _file, tell) => {
    const story = storyLog(systemClock.now, tell);
    const ports = portsFor(aws, account, policy, story.log, io);
    const failure = readEvent(document, ports.home);
    const execution =
      failure.kind === "ignored" ? "none" : remediationName(failure, 1, isForEachTask(failure, policy));
    const onPlan = (plan: Parameters<typeof explainPlan>[0]): void => {
      for (const line of explainPlan(plan)) story.say(line);
    };
    return await runInProcess(
      (steps) => remediate(document, ports, { policy, execution, settle: input.settle, onPlan }, steps),
      { clock: systemClock },
    );
  };
}

function portsFor(
  aws: AwsSettings,
  account: string,
  policy: Policy,
  log: Ports["log"],
  io: CommandIo,
): Ports {
  const access = createRegistryAccess({
    aws,
    dockerHubSecret: policy.dockerHubSecret,
    send: httpTransport({ proxyEnv: io.env }),
    clock: systemClock,
    endpoints: parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? ""),
  });
  const busName = io.env.REPULL_BUS_NAME;
  const ports: Ports = connect(
    { aws, account, ...(busName === undefined ? {} : { busName }) },
    {
      ...access,
      clock: systemClock,
      log,
      executions: copiesHere((request) =>
        runInProcess((steps) => mirror(request, ports, policy, steps), { clock: systemClock }),
      ),
    },
  );
  return ports;
}

/** Executions of this very process: a copy is made while its start is waited for. */
function copiesHere(copy: (request: unknown) => Promise<unknown>): Executions {
  const ended = new Map<string, ExecutionStatus>();
  return {
    async start(_workflow, name, request) {
      if (ended.has(name)) return "taken";
      try {
        const refused = refusalIn(await copy(request));
        ended.set(name, { status: "succeeded", ...(refused === undefined ? {} : { refused }) });
      } catch (error) {
        ended.set(name, {
          status: "failed",
          because: error instanceof Error ? error.message : String(error),
        });
      }
      return "started";
    },
    status: async (_workflow, name) => ended.get(name),
  };
}
