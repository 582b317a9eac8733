/**
 * Ends a remediation, or goes on: an ending that may be otherwise in a while is looked at again, and a service is not
 * left on a substitute of ours that has failed.
 */

import { optional } from "../../../ecs/json-fields.ts";
import { throttleBackoffSeconds } from "../../deploy/throttled-write.ts";
import type { Because } from "../../report/ending-reason.ts";
import type { RemediationResult } from "../../report/report.ts";
import type { Action } from "../action.ts";
import type { Context } from "../context.ts";
import { type FailedSubstitute, nextLook, type State } from "../state.ts";
import type { Rule } from "./rule.ts";

/** Pauses before an AWS API or a registry that failed, or did not answer, is asked again. */
export const PAUSES_SECONDS = [60, 300, 900, 3600] as const;

export function conclude(state: State, result: RemediationResult, { options }: Context): Action {
  const recorded = withRecord(state, result);
  if (state.rollback !== undefined || state.overwritten !== undefined)
    return { kind: "end", ending: recorded };
  const pausesMax = options.surveysAgain === false ? 0 : pausesFor(recorded);
  const seconds = state.pauses < pausesMax ? PAUSES_SECONDS[state.pauses] : undefined;
  if (seconds !== undefined)
    return {
      kind: "wait",
      label: "survey again",
      seconds,
      doing: "no-answer",
      state: nextLook({ ...state, pauses: state.pauses + 1 }),
    };
  const last = state.tried.at(-1);
  if (
    result.kind === "succeeded" ||
    last === undefined ||
    recorded.substitution?.newRevision !== last.newRevision
  )
    return { kind: "end", ending: recorded };
  return rollBack(state, last, result.because);
}

/** Goes back to the previous revision, after a substitute that did not help. */
export function rollBack(state: State, of: FailedSubstitute, afterwards?: Because): Action {
  const { failed: _failed, ending: _ending, ...kept } = state;
  return {
    kind: "write",
    write: "undo",
    state: {
      ...kept,
      throttled: 0,
      isThrottled: false,
      rollback: { of, ...optional("afterwards", afterwards) },
    },
  };
}

/** What was written earlier is part of the record, whatever the last look has found. */
function withRecord(state: State, result: RemediationResult): RemediationResult {
  const { substitution, managedBy, revertedSubstitute, decision, skippedNewerRevision, newRevision } = state;
  const isUsed = (result.substitution ?? substitution)?.newRevision === newRevision;
  return {
    ...(isUsed ? {} : optional("unused", newRevision)),
    ...optional("substitution", substitution),
    ...optional("managedBy", managedBy),
    ...optional("revertedSubstitute", revertedSubstitute),
    ...optional("decision", decision),
    ...optional("skippedNewerRevision", skippedNewerRevision),
    ...result,
  };
}

/** An old answer is soon a new one; a service that fails, or does not answer, may do so for longer. */
function pausesFor({ kind, transient = kind === "failed" }: RemediationResult): number {
  if (!transient) return 0;
  return kind === "superseded" || transient === "soon" ? 1 : PAUSES_SECONDS.length;
}

/** A step that failed for good ends the remediation, or is tried again after a pause. */
export const stepFailed: Rule = (state, seen, context) => {
  const failed = seen.kind === "failed" ? seen.failed : state.failed;
  return failed === undefined ? undefined : conclude(state, { kind: "failed", ...failed }, context);
};

/** A write or an observation has decided how it ends. */
export const ended: Rule = (state, _seen, context) =>
  state.ending === undefined ? undefined : conclude(state, state.ending, context);

/** A write that AWS throttled waits until a moment of its own: hundreds of services may fail in one minute. */
export const throttled: Rule = (state, _seen, { options }) => {
  if (!state.isThrottled) return undefined;
  const surveyed = state.rollback?.of.surveyed ?? state.plan?.surveyed;
  const requester = { execution: options.execution, isServing: (surveyed?.runningCount ?? 0) > 0 };
  return {
    kind: "wait",
    label: "throttled",
    seconds: throttleBackoffSeconds(requester, state.throttled),
    state: { ...state, isThrottled: false },
  };
};
