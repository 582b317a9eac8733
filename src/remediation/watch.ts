/**
 * Follows a rollout from look to look, with durable waits between.
 *
 * One look may be of the past: that another revision stands in the place of ours must be seen twice.
 */

import type { Steps } from "../runtime/steps.ts";
import type { Ports } from "./ports.ts";
import { lookAtRollout, type Verdict } from "./settle.ts";
import type { Survey } from "./survey.ts";

const LOOK_SECONDS_FIRST = 10;
const LOOK_SECONDS_MAX = 60;

/**
 * Looks at the rollout until it is decided or its time is over; the bound is in seconds waited, for a workflow has no clock.
 *
 * That another revision stands in the place of ours must be seen twice: right after a write, ECS may still tell of the time before it.
 */
export async function watch(
  surveyed: Survey,
  { ours, own, foreign: seen }: { ours: string; own: readonly string[]; foreign: string | undefined },
  rung: number,
  ports: Ports,
  steps: Steps,
): Promise<Verdict> {
  const { clusterArn, service, former, deploymentId, deploymentIds, settleSeconds } = surveyed;
  const watched = {
    ...{ clusterArn, service, ours, former, known: deploymentIds, own },
    ...(deploymentId === undefined ? {} : { replaced: deploymentId }),
  };
  let foreign = seen;
  let mine: string | undefined;
  let isSeen = false;
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, look = 0; ; look++) {
    // The first look comes at once: what was replaced in the same moment is soon no longer shown.
    if (look > 0) await steps.wait(`rollout ${rung}.${look}`, pause);
    if (look > 0) waited += pause;
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
    if (verdict.kind === "moving") mine ??= verdict.deployment;
    if ((verdict.kind === "superseded" || verdict.kind === "rolled-back") && !isSeen) {
      isSeen = true;
      if (verdict.kind === "superseded") foreign ??= verdict.revision;
      pause = LOOK_SECONDS_MAX;
      continue;
    }
    if (verdict.kind !== "moving" || waited >= settleSeconds) return verdict;
    if (look > 0) pause = Math.min(LOOK_SECONDS_MAX, pause + 10);
  }
}
