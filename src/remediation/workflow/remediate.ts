/**
 * The whole remediation: observe, decide, act, again and again, until a rule ends it.
 *
 * This function is replayed from the top after every wait and every crash, over the log of its steps. What lies between
 * the steps is pure, so that each run decides the same.
 */

import { optional } from "../../ecs/json-fields.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { StepFailed, type Steps } from "../../runtime/steps.ts";
import { readTaskNetwork } from "../deploy/rerun-task.ts";
import type { Ports } from "../ports/ports.ts";
import type { Outcome } from "../report/outcome.ts";
import { remediesOfFailed } from "../report/remedies-of-refusal.ts";
import { publishInterim, type RemediationResult, report } from "../report/report.ts";
import { loopGuardReason } from "../survey/loop-guard.ts";
import type { Action } from "./action.ts";
import { askForApproval } from "./ask-for-approval.ts";
import type { Context, RemediationOptions } from "./context.ts";
import { decide } from "./decide.ts";
import { next, withSeen } from "./next.ts";
import { observe, subjectOf } from "./observe.ts";
import { PermanentStepFailure, withPermanentFailures } from "./permanent-failures.ts";
import { tasksOf } from "./plan.ts";
import type { Seen } from "./seen.ts";
import { type Failed, FIRST_STATE, type State } from "./state.ts";
import { afterWait } from "./time-budget.ts";
import { write } from "./write.ts";

/** A throttled or silent AWS is asked again for about a minute, within the step. */
const ATTEMPTS = { attempts: 6 };

/** Remediates the service of one failing deployment. Always ends in an outcome, and always reports it. */
export async function remediate(
  event: unknown,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Outcome> {
  return await remediateFailure(readEvent(event, ports.location), ports, options, steps);
}

/** The same for a failure that has been read, or that is only foreseen. */
export async function remediateFailure(
  failure: PullFailure | Ignored,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Outcome> {
  if (failure.kind === "ignored")
    return await report("report", () => failure, undefined, options, ports, steps);
  const context: Context = { failure, options, region: ports.location.region };
  const result = await untilEnd(context, ports, withPermanentFailures(steps));
  return await report("report", () => result, failure, options, ports, steps);
}

async function untilEnd(context: Context, ports: Ports, steps: Steps): Promise<RemediationResult> {
  let state: State = { ...FIRST_STATE, ...optional("network", await networkOf(context, ports, steps)) };
  for (let n = 1; ; n++) {
    const seen = await observed(n, state, context, ports, steps);
    state = withSeen(state, seen, context);
    follow(state, seen, context);
    const action = decide(state, seen, context);
    if (action.kind === "end") return { ...optional("tasks", tasksOf(state)), ...action.ending };
    state = await act(n, action, state, context, ports, steps);
  }
}

async function observed(
  n: number,
  state: State,
  context: Context,
  ports: Ports,
  steps: Steps,
): Promise<Seen> {
  const subject = subjectOf(state, context);
  if (subject === undefined) return { kind: "nothing" };
  const read = () => observe(subject, state, context, ports);
  const seen = await resultOf(() => steps.step(`observe ${subject} ${n}`, read, ATTEMPTS));
  return "kind" in seen ? seen : { kind: "failed", failed: seen.failed };
}

async function act(
  n: number,
  action: Exclude<Action, { kind: "end" }>,
  before: State,
  context: Context,
  ports: Ports,
  steps: Steps,
): Promise<State> {
  const { failure, options } = context;
  switch (action.kind) {
    case "observe":
      return action.state ?? before;
    case "wait":
      if (action.doing !== undefined)
        options.onActivity?.({ kind: "waiting", code: action.doing, seconds: action.seconds });
      await steps.wait(`${action.label} ${n}`, action.seconds);
      return afterWait(action.state, action.seconds);
    case "tell": {
      const { firstOf, ending: result } = action;
      const toTell = async (): Promise<RemediationResult | undefined> =>
        firstOf === undefined || (await ports.quotaStore.claimNotification(firstOf, options.execution))
          ? { ...result, ...optional("tasks", tasksOf(before)) }
          : undefined;
      await publishInterim(`publish ${n}`, toTell, failure, options.execution, ports, steps);
      return action.state;
    }
    case "ask":
      return await askForApproval(action.changes, before, context, ports, steps);
    case "write": {
      const state = action.state ?? before;
      const result = await resultOf(() =>
        steps.step(`${action.write} ${n}`, () => write(action.write, state, context, ports), ATTEMPTS),
      );
      return "failed" in result ? { ...state, failed: result.failed } : next(state, result, context);
    }
  }
}

/** A step that failed for good is a value, on which the rules decide. */
async function resultOf<T extends object>(run: () => Promise<T>): Promise<T | { readonly failed: Failed }> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const refusal = error instanceof PermanentStepFailure ? error.refusal : undefined;
    const { message: because, step } = error;
    const { stopped: _, ...told } = refusal ?? { code: "unfinished" as const };
    const remedies = remediesOfFailed(refusal, because);
    return { failed: { because, transient: refusal === undefined, error: { ...told, step }, remedies } };
  }
}

/** Without it the task is still given its revision, and is not run again. */
async function networkOf({ failure, options: { policy } }: Context, ports: Ports, steps: Steps) {
  const { owner } = failure;
  if (owner.kind === "service") return undefined;
  const read = async () => ({ network: (await readTaskNetwork(failure, policy, ports)) ?? null });
  const known = await resultOf(() => steps.step("read network", read, ATTEMPTS));
  return "failed" in known ? undefined : (known.network ?? undefined);
}

/** Reports what was seen to those who watch. */
function follow(state: State, seen: Seen, { failure, options }: Context): void {
  if (seen.kind === "rollout" && state.rollout !== undefined)
    options.onActivity?.({ kind: "rollout", because: seen.verdict.because });
  if (seen.kind !== "survey" || state.plan === undefined) return;
  const { surveyed, plan } = state.plan;
  const isGuarded =
    !failure.preemptive &&
    loopGuardReason(surveyed.recentSubstitutions, surveyed.failingRevision) !== undefined;
  if (!isGuarded) options.onPlan?.(plan, surveyed);
}
