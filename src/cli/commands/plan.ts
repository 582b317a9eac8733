/** `repull plan SERVICE`: what Repull would do for a service before anything fails. Writes nothing. */

import { withKillSwitch } from "../../remediation/gates/kill-switch.ts";
import { silentLog } from "../../runtime/log.ts";
import { linesOf } from "../../text/visible.ts";
import { type Assessment, assessService } from "../account/assess-service.ts";
import { clusterName, findService, type ServiceName } from "../account/find-service.ts";
import type { AccountSession } from "../account/sessions/account-session.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import {
  assessmentToJson,
  formatAssessment,
  nextStepsFor,
  remediesAsData,
} from "../output/format-assessment.ts";
import { jsonLine } from "../output/json-line.ts";
import { nextLines } from "../output/next-lines.ts";

export type PlanInput = ServiceName & { readonly json: boolean };

/** Exit status 0 where a fix is at hand or none is needed, 1 where the service needs attention. */
export async function plan(input: PlanInput, session: AccountSession, io: CommandIo): Promise<number> {
  const { installed: config, inventory } = session;
  io.err(`${session.where}, by ${config.from}: nothing is changed\n`);
  // The kill switch is part of the answer: a plan that would not be written says so.
  const ports = withKillSwitch(session.portsFor(silentLog), config.killSwitch);
  const assessment = await assessService(
    await findService(input, inventory, ports.ecs, session.home),
    config.policy,
    ports,
  );
  const next = canFix(assessment) ? [fixCommand(assessment, session.flags)] : nextStepsFor(assessment);
  if (input.json) io.out(jsonLine("plan", assessmentToJson(assessment, config.from, next)));
  else io.out(linesOf([...formatAssessment(assessment), ...afterLook(assessment, next, session.flags)]));
  return assessment.kind === "nothing-to-do" || canFix(assessment) ? EXIT.done : EXIT.failed;
}

/** Whether `repull fix` would go on to write. */
export function canFix(assessment: Assessment): boolean {
  return (
    assessment.kind === "planned" &&
    assessment.plan.kind === "substitute" &&
    assessment.blockedBy === undefined
  );
}

/** What is left to do, and how to see whether it has helped. */
export function afterLook(assessment: Assessment, next: readonly string[], flags: string): readonly string[] {
  if (next.length === 0) return [];
  const remedies = remediesAsData(assessment);
  const then = remedies.length === 0 ? [] : [`then: ${fixCommand(assessment, flags)}`];
  return ["", ...nextLines(next, remedies), ...then];
}

function fixCommand({ service }: Assessment, flags: string): string {
  return `repull fix ${service.name} --cluster ${clusterName(service.clusterArn)}${flags}`;
}
