/** Asks the operator before the first write: a callback, an event that says how to answer it, and the answer. */

import { optional } from "../../ecs/json-fields.ts";
import type { Steps } from "../../runtime/steps.ts";
import { type Decision, parseDecision } from "../gates/approval-decision.ts";
import type { PlannedChange } from "../gates/planned-changes.ts";
import type { Ports } from "../ports/ports.ts";
import { type RemediationResult, report } from "../report/report.ts";
import type { Context } from "./context.ts";
import { planned, tasksOf } from "./plan.ts";
import { type State, surveyAgain } from "./state.ts";
import { afterQuestion, questionSeconds } from "./time-budget.ts";

/** The state after the answer: what was approved, or how it ends. */
export async function askForApproval(
  changes: readonly PlannedChange[],
  state: State,
  { failure, options }: Context,
  ports: Ports,
  steps: Steps,
): Promise<State> {
  const { images } = planned(state).plan;
  const { execution, policy, functionName } = options;
  const number = state.approvals.asked + 1;
  const seconds = questionSeconds(state, policy.approval.hours);
  const callback = await steps.callback(`approval ${number}`, seconds);
  const where = `--region ${ports.location.region}${functionName === undefined ? "" : ` --function ${functionName}`}`;
  const approve = `repull approve ${execution} ${where}`;
  const deny = `repull deny ${execution} --because REASON ${where}`;
  const request = (): RemediationResult => {
    const expiresAt = new Date(ports.clock.now() + seconds * 1000).toISOString();
    return {
      kind: "awaiting-approval",
      because: { code: "asks", command: approve, again: state.approvals.again },
      images,
      ...optional("tasks", tasksOf(state)),
      approval: {
        callbackId: callback.id,
        plan: changes.map(({ sentence }) => sentence),
        expiresAt,
        approve,
        deny,
      },
      nextSteps: [approve, deny],
    };
  };
  // Its result is what `repull approve` reads from the execution's history, also where the bus has refused the event.
  await report(`ask ${number}`, request, failure, options, ports, steps);
  const decision = parseDecision(await callback.answer());
  // An approval counts for its own plan only, and not for a plan that replaced it while the question was open.
  const approvals = {
    asked: number,
    approved: decision?.kind === "approved" ? changes.map(({ hash }) => hash) : [],
    again: decision === undefined ? "unreadable-answer" : "other-plan",
  } as const;
  const asked = surveyAgain({ ...state, approvals, time: afterQuestion(state.time) });
  if (decision === undefined) return asked;
  const decided = { ...asked, decision };
  return decision.kind === "approved"
    ? decided
    : { ...decided, ending: { ...endingOf(decision, seconds), images } };
}

function endingOf(
  { kind, by, because }: Decision,
  seconds: number,
): Pick<RemediationResult, "kind" | "because"> {
  return kind === "denied"
    ? { kind, because: { code: "denied", by, because } }
    : { kind: "approval-expired", because: { code: "no-answer", hours: Math.ceil(seconds / 3600) } };
}
