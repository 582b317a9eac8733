/**
 * Waits for the pull limit to reset where no other substitute exists.
 *
 * Where nothing but Docker Hub holds the image and its pulls are used up, ending would leave alone a service for which ECS
 * may have stopped trying. Docker Hub does not say when its period ends, but none lasts longer than six hours: until then
 * the world is observed again and again, by requests that cost no pull, and the operator gets a report at once.
 */

import { tryParseReference } from "../../../image/reference.ts";
import { isDockerHubFront } from "../../../image/registry-hosts.ts";
import type { ImageFacts, ImagePlan, Plan } from "../../../substitution/plan-types.ts";
import type { Because } from "../../report/ending-reason.ts";
import type { Action } from "../action.ts";
import type { Context } from "../context.ts";
import { planned } from "../plan.ts";
import type { Seen } from "../seen.ts";
import { type State, surveyAgain } from "../state.ts";

/** Between polls; the last is that of all further ones: a service waits a quarter of an hour too long at most. */
const PAUSES_SECONDS = [300, 600, 900] as const;
/** A period of the limit, and a last poll after its end. */
const WAIT_SECONDS_MAX = 6 * 3600 + 300;

/** The next part of the wait; undefined where waiting cannot help, is not wanted, or has lasted long enough. */
export function waitForLimitReset(
  state: State,
  plan: Extract<Plan, { kind: "no-substitute" }>,
  seen: Seen,
  { options }: Context,
): Action | undefined {
  const { policy, interactive } = options;
  const { surveyed } = planned(state);
  // A person at a terminal does not wait for six hours.
  const isWanted = policy.waitForLimit && (surveyed.mode ?? policy.mode) !== "observe" && !interactive;
  // A task that no service keeps running is not run hours later: its operator may have run it meanwhile.
  if (!isWanted || surveyed.task !== undefined || state.substitution !== undefined) return undefined;
  if (!onlySourceIsDockerHub(surveyed.images, plan.images)) return undefined;
  const { seconds: waited, polls, isTold } = state.limitWait;
  if (waited >= WAIT_SECONDS_MAX) return undefined;
  if (!isTold && seen.kind === "survey") {
    const resumesAt = new Date(seen.at + WAIT_SECONDS_MAX * 1000).toISOString();
    const because = { code: "limit-reached", because: plan.because } as const;
    const limitWait = { ...state.limitWait, isTold: true };
    return { kind: "tell", ending: { ...plan, because, resumesAt }, state: { ...state, limitWait } };
  }
  const seconds = Math.min(PAUSES_SECONDS[polls] ?? 900, WAIT_SECONDS_MAX - waited);
  return {
    kind: "wait",
    label: "limit",
    seconds,
    state: surveyAgain({
      ...state,
      rejected: [],
      limitWait: { seconds: waited + seconds, polls: polls + 1, isTold },
      // A place in the quota that was taken before is another hour's.
      quota: { ...state.quota, granted: false },
    }),
  };
}

/** The reason at the end, where a reset was waited for: others behind the same address may have used it up. */
export function withWaitTime(because: string, { limitWait: { polls, seconds } }: State): Because {
  return polls === 0 ? because : { code: "limit-not-reset", because, seconds };
}

/** A registry that has not answered may do so in a while; a quota of Docker Hub does not come back so soon. */
export function isTransientlyUnread({ failing, untrusted, probedCandidates }: ImageFacts): boolean {
  if (!failing) return false;
  if (untrusted?.transient) return true;
  return probedCandidates.some(({ candidate, seen }) => {
    const host = tryParseReference(candidate.source ?? candidate.image)?.host ?? "";
    return seen.kind === "unreachable" || (seen.kind === "rate-limited" && !isDockerHubFront(host));
  });
}

/** Whether each image that failed and has no substitute could be copied if Docker Hub granted pulls. */
function onlySourceIsDockerHub(facts: readonly ImageFacts[], plans: readonly ImagePlan[]): boolean {
  const unhealed = plans.filter(({ failing, substitute }) => failing && substitute === undefined);
  return (
    unhealed.length > 0 &&
    unhealed.every(({ image }) => facts.some((fact) => fact.image === image && waitsForDockerHub(fact)))
  );
}

function waitsForDockerHub({ probedCandidates }: ImageFacts): boolean {
  return probedCandidates.some(({ candidate, seen }) => {
    const host = tryParseReference(candidate.source ?? "")?.host ?? "";
    return seen.kind === "rate-limited" && isDockerHubFront(host);
  });
}
