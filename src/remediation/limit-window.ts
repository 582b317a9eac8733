/**
 * Waiting out a limit where its end is the only hope.
 *
 * Where nothing but Docker Hub holds the image and its pulls are used up, ending would leave alone a service for which ECS
 * may have stopped trying. Docker Hub names no moment at which a window ends, but none lasts longer than six hours: until
 * then the world is looked at again and again, by questions that cost no pull, and whoever can help sooner is told at once.
 */

import { isDockerHubFront } from "../image/hosts.ts";
import { referenceIn } from "../image/reference.ts";
import type { ImageFacts, ImagePlan, Plan } from "../substitution/planner.ts";
import type { Course, Progress } from "./course.ts";
import { type Ending, tellAhead } from "./report.ts";
import type { Survey } from "./survey.ts";

/** Between looks; the last is that of all further ones: a service waits a quarter of an hour too long at most. */
const PAUSES_SECONDS = [300, 600, 900] as const;
/** A window, and a last look after its end. */
const WAIT_SECONDS_MAX = 6 * 3600 + 300;

/** Waits a while for the window's end; false where that is no hope, not wanted, or was waited for long enough. */
export async function waitForWindow(
  course: Course,
  surveyed: Survey,
  plan: Extract<Plan, { kind: "stand-still" }>,
  label: string,
): Promise<boolean> {
  const { failure, options, ports, steps, progress } = course;
  const { policy, execution } = options;
  // Nobody sits before a terminal for six hours.
  const isWanted = policy.waitForLimit && (surveyed.mode ?? policy.mode) !== "observe" && !options.byHand;
  // A task that no service keeps running is not run hours later: somebody may have done so meanwhile.
  if (!isWanted || surveyed.task !== undefined || progress.made !== undefined) return false;
  if (!isOnlyHope(surveyed.images, plan.images)) return false;
  const { seconds: waited, looks } = progress.window ?? { seconds: 0, looks: 0 };
  if (waited >= WAIT_SECONDS_MAX) return false;
  if (looks === 0) {
    const end = async (): Promise<Ending> => {
      const goesOnAt = new Date(ports.clock.now() + WAIT_SECONDS_MAX * 1000).toISOString();
      const because = `${plan.because}; only Docker Hub has it, and grants no more pulls: the remediation waits for the window's end, and goes on by itself at the latest at ${goesOnAt}`;
      return { ...plan, because, goesOnAt };
    };
    await tellAhead(`window ${label}`, end, failure, execution, ports, steps);
  }
  const pause = Math.min(PAUSES_SECONDS[looks] ?? 900, WAIT_SECONDS_MAX - waited);
  await steps.wait(`window ${label}`, pause);
  progress.window = { seconds: waited + pause, looks: looks + 1 };
  // A turn that was taken before is another hour's.
  progress.mayWrite = false;
  return true;
}

/** The reason at the end, where a window was waited for: others behind the same address may have used it up. */
export function withWaiting(because: string, { window }: Progress): string {
  return window === undefined
    ? because
    : `${because}, and ${Math.round(window.seconds / 3600)} hours of waiting for Docker Hub's window brought no pulls`;
}

/** Whether each image that failed and has no substitute could be copied if Docker Hub granted pulls. */
function isOnlyHope(facts: readonly ImageFacts[], plans: readonly ImagePlan[]): boolean {
  const unhealed = plans.filter(({ failing, winner }) => failing && winner === undefined);
  return (
    unhealed.length > 0 &&
    unhealed.every(({ image }) => facts.some((fact) => fact.image === image && waitsForHub(fact)))
  );
}

function waitsForHub({ sightings }: ImageFacts): boolean {
  return sightings.some(({ candidate, seen }) => {
    const host = referenceIn(candidate.source ?? "")?.host ?? "";
    return seen.kind === "rate-limited" && isDockerHubFront(host);
  });
}
