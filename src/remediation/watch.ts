/**
 * Follows a rollout from look to look, with durable waits between.
 *
 * One look may be of the past: that another revision stands in the place of ours must be seen twice.
 */

import type { Course } from "./course.ts";
import { lookAtRollout, type Verdict } from "./settle.ts";
import type { Survey } from "./survey.ts";

const LOOK_SECONDS_FIRST = 10;
const LOOK_SECONDS_MAX = 60;
/** What bakes for hours is looked at less often: each look is part of an execution's bounded history. */
const HOURS_BEGIN_SECONDS = 3600;
const LOOK_SECONDS_OF_HOURS = 300;
const MANY_HOURS_BEGIN_SECONDS = 6 * 3600;
const LOOK_SECONDS_OF_MANY_HOURS = 600;

/** Of the day that an execution has, for all rollouts that it watches: the rest is for waits, copies and its report. */
const WATCHED_SECONDS_MAX = 18 * 3600;

/**
 * Looks at the rollout until it is decided or its time is over; the bound is in seconds waited, for a workflow has no clock.
 *
 * That another revision stands in the place of ours must be seen twice: right after a write, ECS may still tell of the time before it.
 */
export async function watch(
  surveyed: Survey,
  {
    ours,
    own,
    foreign: seen,
    mine: told,
  }: { ours: string; own: readonly string[]; foreign: string | undefined; mine: string | undefined },
  rung: number,
  { ports, steps, progress, options }: Course,
): Promise<Verdict> {
  const { clusterArn, service, former, deploymentId, deploymentIds } = surveyed;
  const watchedBefore = progress.watchedSeconds ?? 0;
  const secondsMax = Math.min(surveyed.settleSeconds, WATCHED_SECONDS_MAX - watchedBefore);
  const watched = {
    ...{ clusterArn, service, ours, former, known: deploymentIds, own },
    ...(deploymentId === undefined ? {} : { replaced: deploymentId }),
  };
  let foreign = seen;
  let mine = told;
  let isSeen = false;
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, look = 0; ; look++) {
    // The first look comes at once: what was replaced in the same moment is soon no longer shown.
    if (look > 0) await steps.wait(`rollout ${rung}.${look}`, pause);
    if (look > 0) waited += pause;
    progress.watchedSeconds = watchedBefore + waited;
    const verdict = await steps.step(
      `settle ${rung}.${look}`,
      () =>
        lookAtRollout(
          {
            ...watched,
            ...(foreign === undefined ? {} : { foreign }),
            ...(mine === undefined ? {} : { mine }),
          },
          ports,
        ),
      { attempts: 6 },
    );
    options.onDoing?.({ kind: "rollout", because: verdict.because });
    if ("deployment" in verdict) mine ??= verdict.deployment;
    if ((verdict.kind === "superseded" || verdict.kind === "rolled-back") && !isSeen) {
      isSeen = true;
      if (verdict.kind === "superseded") foreign ??= verdict.revision;
      pause = LOOK_SECONDS_MAX;
      continue;
    }
    if (verdict.kind !== "moving") return verdict;
    if (waited >= secondsMax)
      return { ...verdict, because: `after ${Math.round(waited / 60)} minutes ${verdict.because}` };
    if (look > 0) pause = Math.min(longestPause(waited), pause + 10);
    pause = Math.min(pause, secondsMax - waited);
  }
}

function longestPause(waited: number): number {
  if (waited < HOURS_BEGIN_SECONDS) return LOOK_SECONDS_MAX;
  return waited < MANY_HOURS_BEGIN_SECONDS ? LOOK_SECONDS_OF_HOURS : LOOK_SECONDS_OF_MANY_HOURS;
}
