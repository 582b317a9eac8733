/**
 * Carries out a plan that was shown, by the workflow of every remediation, in this process. What was shown is what is
 * done, or nothing is.
 */

import { withKillSwitch } from "../../../remediation/gates/kill-switch.ts";
import type { Outcome } from "../../../remediation/report/outcome.ts";
import type { RemediationOptions } from "../../../remediation/workflow/context.ts";
import { remediateFailure } from "../../../remediation/workflow/remediate.ts";
import { runInProcess } from "../../../runtime/in-process-steps.ts";
import type { Plan } from "../../../substitution/plan-types.ts";
import { linesOf } from "../../../text/visible.ts";
import type { CommandIo } from "../../io.ts";
import { formatOutcome } from "../../output/format-outcome.ts";
import { jsonLine } from "../../output/json-line.ts";
import { createEventLog } from "../../output/progress/event-log.ts";
import { printActivity, withCopyProgress } from "../../output/progress/fix-progress.ts";
import { isSamePlan } from "../assess-service.ts";
import { withFewAttempts } from "../few-attempts.ts";
import { clusterName } from "../find-service.ts";
import { ignorePublishErrors } from "../quiet-publisher.ts";
import type { AccountSession } from "./account-session.ts";

export type ShownPlan = {
  readonly failure: Parameters<typeof remediateFailure>[0];
  readonly service: { readonly name: string; readonly clusterArn: string };
  readonly plan: Plan;
  readonly options: Pick<RemediationOptions, "policy" | "execution" | "order">;
};

/** `changed`: another plan than the one that was shown, and nothing was written; `stopped`: by Ctrl-C, which was said. */
export type CarriedOut =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "changed" | "stopped" };

export async function carryOutPlan(
  { failure, service, plan: shown, options }: ShownPlan,
  { json, settle }: { readonly json: boolean; readonly settle: boolean },
  session: AccountSession,
  io: CommandIo,
): Promise<CarriedOut> {
  const eventLog = createEventLog(session.clock.now, (line) => (json ? io.err : io.out)(`${line}\n`));
  const ports = session.portsFor(eventLog.log, withCopyProgress(io, session.clock));
  let isFirst = true;
  const onPlan = (plan: Plan): void => {
    if (isFirst && !isSamePlan(plan, shown)) throw new PlanChanged();
    isFirst = false;
  };
  try {
    const outcome = await runInProcess(
      (steps) =>
        remediateFailure(
          failure,
          {
            ...withKillSwitch(ports, session.installed.killSwitch),
            bus: ignorePublishErrors(ports.bus, io),
          },
          {
            ...options,
            onPlan,
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
    if (error instanceof PlanChanged) return { kind: "changed" };
    if (!io.signal.aborted) throw error;
    const look = `repull plan ${service.name} --cluster ${clusterName(service.clusterArn)}${session.flags}`;
    io.err(
      `interrupted: what is shown above is done, and it is not watched further; ${look} says how far it is\n`,
    );
    return { kind: "stopped" };
  }
}

/** Between a yes and the first write the world has changed. */
class PlanChanged extends Error {
  override readonly name = "PlanChanged";
}
