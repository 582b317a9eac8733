/**
 * `repull fix SERVICE`: the remediation by hand, before anything fails.
 *
 * The plan is shown, a person approves it, and then the very workflow runs that the function runs, in this process: under
 * the same kill switch and policy, leaving the same tags. Who says yes to one plan does not get another.
 */

import { withKillSwitch } from "../../remediation/gates/kill-switch.ts";
import { formatBecause } from "../../remediation/report/ending-reason.ts";
import { remediateFailure } from "../../remediation/workflow/remediate.ts";
import { runInProcess } from "../../runtime/in-process-steps.ts";
import { silentLog } from "../../runtime/log.ts";
import { linesOf } from "../../text/visible.ts";
import { type Assessment, assessService, isSamePlan } from "../account/assess-service.ts";
import { refuseWhileStopped } from "../account/deployed-config.ts";
import { withFewAttempts } from "../account/few-attempts.ts";
import { clusterName, findService, type ServiceName } from "../account/find-service.ts";
import { ignorePublishErrors } from "../account/quiet-publisher.ts";
import type { AccountSession } from "../account/sessions/account-session.ts";
import { EXIT, exitStatusOfOutcome } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { assessmentToJson, formatAssessment, fullName, nextStepsFor } from "../output/format-assessment.ts";
import { formatOutcome } from "../output/format-outcome.ts";
import { jsonLine } from "../output/json-line.ts";
import { createEventLog } from "../output/progress/event-log.ts";
import { printActivity, withCopyProgress } from "../output/progress/fix-progress.ts";
import { afterLook, canFix } from "./plan.ts";

export type FixInput = ServiceName & {
  readonly yes: boolean;
  /** False: stop once the redeployment is accepted. */
  readonly settle: boolean;
  readonly json: boolean;
};

type Planned = Extract<Assessment, { kind: "planned" }>;

/** Exit status 0 where the service runs the substitute or needs none, 1 where it needs attention, 2 where no person can be asked. */
export async function fix(input: FixInput, session: AccountSession, io: CommandIo): Promise<number> {
  if (!input.yes && io.ask === undefined) {
    const why =
      "it asks before it writes, and there is no terminal to ask at: add --yes to write without a question";
    return tellWrongCall("fix", why, input.json, io);
  }
  const { installed: config, inventory } = session;
  io.err(`${session.where}, by ${config.from}: the service may be changed\n`);
  const ports = session.portsFor(silentLog);
  const assessment = await assessService(
    await findService(input, inventory, ports.ecs, session.home),
    config.policy,
    ports,
  );
  const tell = (line: string): void => (input.json ? io.err : io.out)(`${line}\n`);
  for (const line of formatAssessment(assessment)) tell(line);
  tell("");
  if (assessment.kind !== "planned" || !canFix(assessment)) return endWithout(assessment, session, input, io);

  await refuseWhileStopped(config);
  if (!input.yes && !/^y(?:es)?$/i.test((await io.ask?.(question(assessment)))?.trim() ?? "")) {
    io.err("nothing was changed\n");
    return EXIT.failed;
  }
  return await carryOut(assessment, input, session, tell, io);
}

function question({ service, plan, surveyed }: Planned): string {
  const copies = plan.images.filter(
    ({ substitute }) => substitute?.copy ?? substitute?.importIntoCache,
  ).length;
  const copying = copies === 0 ? "" : `bring ${copies === 1 ? "the image" : `${copies} images`} into ECR, `;
  return `Go on: ${copying}register a revision of ${surveyed.family} and redeploy ${fullName(service)}? [y/N] `;
}

/** There is nothing to write, or nothing that may be written. */
function endWithout(
  assessment: Assessment,
  session: AccountSession,
  { json }: FixInput,
  io: CommandIo,
): number {
  const next = nextStepsFor(assessment);
  const blockedBy = assessment.kind === "planned" ? assessment.blockedBy : undefined;
  if (json) io.out(jsonLine("plan", assessmentToJson(assessment, session.installed.from, next)));
  else {
    if (blockedBy !== undefined) io.out(linesOf([`Not done: ${formatBecause(blockedBy.because)}.`]));
    io.out(linesOf(afterLook(assessment, next, session.flags)));
  }
  return assessment.kind === "nothing-to-do" ? EXIT.done : EXIT.failed;
}

async function carryOut(
  looked: Planned,
  { settle, json }: FixInput,
  session: AccountSession,
  tell: (line: string) => void,
  io: CommandIo,
): Promise<number> {
  const { failure, execution, service, plan: agreed } = looked;
  const { policy, killSwitch } = session.installed;
  const eventLog = createEventLog(session.clock.now, tell);
  const ports = session.portsFor(eventLog.log, withCopyProgress(io, session.clock));
  let isFirst = true;
  const onPlan = (plan: Planned["plan"]): void => {
    if (isFirst && !isSamePlan(plan, agreed)) throw new PlanChanged();
    isFirst = false;
  };
  try {
    const outcome = await runInProcess(
      (steps) =>
        remediateFailure(
          failure,
          { ...withKillSwitch(ports, killSwitch), bus: ignorePublishErrors(ports.bus, io) },
          {
            policy,
            execution,
            waitForRollout: settle,
            surveysAgain: settle,
            onPlan,
            onActivity: printActivity(eventLog.say),
            interactive: true,
          },
          settle ? steps : withFewAttempts(steps),
        ),
      { clock: session.clock },
    );
    if (json) io.out(jsonLine("outcome", outcome));
    else io.out(linesOf(formatOutcome(outcome, { flags: session.flags })));
    return exitStatusOfOutcome(outcome);
  } catch (error) {
    if (error instanceof PlanChanged) {
      io.err("nothing was changed: the plan is another one than a moment ago; look at it again\n");
      return EXIT.failed;
    }
    if (!io.signal.aborted) throw error;
    io.err(
      `interrupted: what is shown above is done, and it is not watched further; repull plan ${service.name} --cluster ${clusterName(service.clusterArn)}${session.flags} says how far it is\n`,
    );
    return EXIT.stopped;
  }
}

/** Between a yes and the first write the world has changed. */
class PlanChanged extends Error {
  override readonly name = "PlanChanged";
}
