/**
 * The operator's quotas: a remediation takes a place in the hour before its first write, and a copy its bytes of the day.
 *
 * Where nothing is left it waits for the next period, durably and at no cost: ending would leave alone a service for which
 * ECS has stopped trying. The first that has to wait tells the operator; hundreds that wait behind it do not.
 */

import { formatRemedy } from "../../../substitution/remedies/format-remedy.ts";
import { exceedsEntireQuota, formatQuotaExceeded, remedyFor } from "../../gates/quotas.ts";
import type { QuotaExceeded } from "../../ports/quota-exceeded.ts";
import type { RemediationResult } from "../../report/report.ts";
import type { Action } from "../action.ts";
import type { Context } from "../context.ts";
import { planned } from "../plan.ts";
import type { State } from "../state.ts";
import { conclude } from "./conclude.ts";
import type { Rule } from "./rule.ts";

/** A day's period, and an hour's after it; a remediation that gets on meanwhile waits as long for its next image. */
const WAIT_HOURS_MAX = 25;

/**
 * Waits until copies may be made again, where a quota alone keeps an image of the plan from its place. Deployed without it,
 * the service would fail on that image next. Nothing waits while a substitute of ours is in place.
 */
export const copyQuota: Rule = (state, _seen, context) => {
  if (state.quota.waiting !== undefined && state.quota.of === "copies") return wait(state, context);
  const { images } = planned(state).plan;
  const lacking = images.flatMap(({ image, substitute }) => (substitute === undefined ? [image] : []));
  const exceeded = state.rejected.flatMap(({ image, held }) =>
    held && lacking.includes(image) ? [held] : [],
  );
  const copies = exceeded.findLast((one) => !exceedsEntireQuota(one));
  if (copies === undefined || state.substitution !== undefined) return undefined;
  // A place in the hour that was taken before is another hour's.
  return acquire({ ...state, quota: { ...state.quota, granted: false, of: "copies", copies } });
};

export const quota: Rule = (state, _seen, context) => {
  if (state.quota.granted) return undefined;
  if (state.quota.waiting !== undefined) return wait(state, context);
  return acquire({ ...state, quota: { ...state.quota, of: "writes" } });
};

function acquire(state: State): Action {
  return { kind: "write", write: "acquire-quota", state: { ...state, polls: state.polls + 1 } };
}

function wait(state: State, context: Context): Action | undefined {
  const { waiting, waitedSeconds, toldOf } = state.quota;
  if (waiting === undefined) return undefined;
  const { held, seconds } = waiting;
  const { images } = planned(state).plan;
  if (toldOf !== held.window) {
    return {
      kind: "tell",
      firstOf: { name: held.window, endsAt: held.opensAt },
      ending: { ...interim(held), images },
      state: { ...state, quota: { ...state.quota, toldOf: held.window } },
    };
  }
  if (waitedSeconds >= WAIT_HOURS_MAX * 3600) {
    const because = `${formatQuotaExceeded(held)}; nothing was written, and after ${WAIT_HOURS_MAX} hours it waits no longer`;
    const next = "the next failing task of this deployment starts another attempt";
    const remedy = remedyFor(held);
    const nextSteps = [formatRemedy(remedy), next];
    return conclude(
      state,
      { kind: "quota-exceeded", because, images, remedies: [remedy], nextSteps },
      context,
    );
  }
  const { waiting: _, ...rest } = state.quota;
  const next = { ...rest, hasWaited: true, waitedSeconds: waitedSeconds + seconds };
  return { kind: "wait", label: "quota", seconds, state: { ...state, quota: next } };
}

function interim(held: QuotaExceeded): RemediationResult {
  const because = `${formatQuotaExceeded(held)}; this remediation, and those that wait behind it unsaid, go on by themselves`;
  const resumesAt = new Date(held.opensAt).toISOString();
  return { kind: "quota-exceeded", because, resumesAt, remedies: [remedyFor(held)] };
}
