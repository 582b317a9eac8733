/**
 * `repull fix SERVICE`: the remediation by hand, before anything fails.
 *
 * The plan is shown, a person approves it, and then the very workflow runs that the function runs, in this process: under
 * the same kill switch and policy, leaving the same tags. Who says yes to one plan does not get another.
 */

import { formatBecause } from "../../remediation/report/ending-reason.ts";
import { silentLog } from "../../runtime/log.ts";
import { linesOf } from "../../text/visible.ts";
import { type Assessment, assessService } from "../account/assess-service.ts";
import { refuseWhileStopped } from "../account/deployed-config.ts";
import { findService, type ServiceName } from "../account/find-service.ts";
import type { AccountSession } from "../account/sessions/account-session.ts";
import { carryOutPlan } from "../account/sessions/carry-out-plan.ts";
import { EXIT, exitStatusOfOutcome } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { assessmentToJson, formatAssessment, fullName, nextStepsFor } from "../output/format-assessment.ts";
import { jsonLine } from "../output/json-line.ts";
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
  const { failure, execution, service, plan } = assessment;
  const options = { policy: config.policy, execution };
  const done = await carryOutPlan({ failure, service, plan, options }, input, session, io);
  if (done.kind === "outcome") return exitStatusOfOutcome(done.outcome);
  if (done.kind === "stopped") return EXIT.stopped;
  io.err("repull fix: nothing was changed: the plan is another one than a moment ago; look at it again\n");
  return EXIT.failed;
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
