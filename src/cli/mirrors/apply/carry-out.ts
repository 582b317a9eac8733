/** Carries out one order by the workflow of every remediation, in this process. What was shown is what is done, or nothing is. */

import type { ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import { withKillSwitch } from "../../../remediation/gates/kill-switch.ts";
import type { Outcome } from "../../../remediation/report/outcome.ts";
import { remediateFailure } from "../../../remediation/workflow/remediate.ts";
import { runInProcess } from "../../../runtime/in-process-steps.ts";
import type { Plan } from "../../../substitution/plan-types.ts";
import { linesOf } from "../../../text/visible.ts";
import { isSamePlan } from "../../account/assess-service.ts";
import { withFewAttempts } from "../../account/few-attempts.ts";
import { clusterName } from "../../account/find-service.ts";
import { ignorePublishErrors } from "../../account/quiet-publisher.ts";
import type { CommandIo } from "../../io.ts";
import { fullName } from "../../output/format-assessment.ts";
import { formatOutcome } from "../../output/format-outcome.ts";
import { jsonLine } from "../../output/json-line.ts";
import { createEventLog } from "../../output/progress/event-log.ts";
import { printActivity } from "../../output/progress/fix-progress.ts";
import type { ApplySession } from "./apply-session.ts";
import { policyOfOrder } from "./plan-services.ts";

export type Applicable = Extract<ServicePlan, { readonly kind: "apply" }>;

export type CarriedOut =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "changed" | "stopped" };

export async function carryOut(
  { failure, order, execution, plan: shown, service }: Applicable,
  { json, settle }: { readonly json: boolean; readonly settle: boolean },
  session: ApplySession,
  io: CommandIo,
): Promise<CarriedOut> {
  const { policy, killSwitch } = session.installed;
  const tell = (line: string): void => (json ? io.err : io.out)(`${line}\n`);
  const eventLog = createEventLog(session.clock.now, tell);
  const ports = session.portsFor(eventLog.log);
  let isFirst = true;
  const onPlan = (plan: Plan): void => {
    if (isFirst && !isSamePlan(plan, shown)) throw new PlanChanged();
    isFirst = false;
  };
  tell(`${fullName(service)}:`);
  try {
    const outcome = await runInProcess(
      (steps) =>
        remediateFailure(
          failure,
          { ...withKillSwitch(ports, killSwitch), bus: ignorePublishErrors(ports.bus, io) },
          {
            ...{ policy: policyOfOrder(policy), execution, order, onPlan },
            waitForRollout: settle,
            surveysAgain: settle,
            onActivity: printActivity(eventLog.say),
            interactive: true,
          },
          settle ? steps : withFewAttempts(steps),
        ),
      { clock: session.clock },
    );
    if (json) io.out(jsonLine("outcome", outcome));
    else io.out(linesOf(formatOutcome(outcome, { flags: session.flags })));
    return { kind: "outcome", outcome };
  } catch (error) {
    if (error instanceof PlanChanged) {
      const because = `${fullName(service)} was not changed: the plan is another one than the one that was shown`;
      const line = { where: fullName(service), outcome: "refused", because };
      io.out(json ? jsonLine("outcome", line) : linesOf([`  Not changed: ${because}`]));
      return { kind: "changed" };
    }
    if (!io.signal.aborted) throw error;
    const { name, clusterArn } = service;
    io.err(
      `interrupted: what is shown above is done, and it is not watched further; repull plan ${name} --cluster ${clusterName(clusterArn)}${session.flags} says how far it is\n`,
    );
    return { kind: "stopped" };
  }
}

/** Between the plan and the first write the world has changed. */
class PlanChanged extends Error {
  override readonly name = "PlanChanged";
}
