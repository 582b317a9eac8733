/**
 * The operator's quotas: a remediation takes a place in the hour before its first write, and a copy its bytes of the day.
 *
 * Where nothing is left it waits for the next period, durably and at no cost: ending would leave alone a service for which
 * ECS has stopped trying. The first that has to wait reports to the operator; hundreds that wait behind it do not.
 */

import { exceedsEntireQuota, remedyFor } from "../../gates/quotas.ts";
import type { QuotaExceeded } from "../../ports/quota-exceeded.ts";
import { nextFailure } from "../../report/remedies-of-refusal.ts";
import type { RemediationResult } from "../../report/report.ts";
import type { Action } from "../action.ts";
import { planned } from "../plan.ts";
import type { State } from "../state.ts";
import { TIME_BUDGET_HOURS } from "../time-budget.ts";
import type { Rule } from "./rule.ts";

/**
 * Waits until copies may be made again, where a quota alone keeps an image of the plan from its place. Deployed without it,
 * the service would fail on that image next. Nothing waits while a substitute of ours is in place.
 */
export const copyQuota: Rule = (state) => {
  if (state.quota.waiting !== undefined && state.quota.of === "copies") return wait(state);
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

export const quota: Rule = (state) => {
  if (state.quota.granted) return undefined;
  if (state.quota.waiting !== undefined) return wait(state);
  return acquire({ ...state, quota: { ...state.quota, of: "writes" } });
};

function acquire(state: State): Action {
  return { kind: "write", write: "acquire-quota", state: { ...state, polls: state.polls + 1 } };
}

function wait(state: State): Action | undefined {
  const { waiting, toldOf } = state.quota;
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
  const { waiting: _, ...rest } = state.quota;
  return {
    kind: "wait",
    label: "quota",
    seconds,
    timeOver: { ...final(held), images },
    state: { ...state, quota: { ...rest, hasWaited: true } },
  };
}

function final(held: QuotaExceeded): RemediationResult {
  const because = { code: "quota-reached", held, hours: TIME_BUDGET_HOURS } as const;
  return { kind: "quota-exceeded", because, remedies: [remedyFor(held), nextFailure()] };
}

function interim(held: QuotaExceeded): RemediationResult {
  const because = { code: "quota-reached", held } as const;
  const resumesAt = new Date(held.opensAt).toISOString();
  return { kind: "quota-exceeded", because, resumesAt, remedies: [remedyFor(held)] };
}
