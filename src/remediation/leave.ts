/**
 * Whether a plan may be written now: somebody has to approve it, or a window has to open.
 *
 * The owner's word is asked for first, so that nobody is called at the hour at which the window opens.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import { nextOpening, onTheWall, type Windows } from "../substitution/windows.ts";
import { approval, type Leave } from "./approval.ts";
import { type Course, persistent } from "./course.ts";
import type { Survey } from "./survey.ts";

/** A plan that is never ready while a window is open has no use for more of them. */
const OPENINGS_MAX = 4;

/** `look again`: time has passed, and the world is another. @param round names the steps */
export async function leave(
  course: Course,
  surveyed: Survey,
  images: readonly ImagePlan[],
  round: string,
): Promise<Leave> {
  const { policy, byHand = false } = course.options;
  if (!byHand && (surveyed.mode ?? policy.mode) === "approve") {
    const word = await approval(course, surveyed, images);
    if (word !== "granted") return word;
  }
  return policy.windows === undefined ? "granted" : await opened(policy.windows, course, images, round);
}

async function opened(
  windows: Windows,
  { steps, ports, progress, options: { byHand = false } }: Course,
  images: readonly ImagePlan[],
  round: string,
): Promise<Leave> {
  // The clock is read in a step, so that a replay waits as long.
  const { seconds, until } = await steps.step(
    `window ${round}`,
    async () => {
      const now = ports.clock.now();
      const opening = nextOpening(windows, now);
      const read = { seconds: Math.ceil((opening - now) / 1000), until: onTheWall(windows, opening) };
      if (read.seconds > 0) ports.log.info("outside the maintenance windows", read);
      return read;
    },
    persistent,
  );
  if (seconds === 0) return "granted";
  const { openings = 0 } = progress;
  if (byHand || windows.outside === "report" || openings === OPENINGS_MAX)
    return {
      kind: "observed",
      because: `no maintenance window is open before ${until}: nothing was written`,
      images,
    };
  progress.openings = openings + 1;
  await steps.wait(`until the window ${round}`, seconds);
  return "look again";
}
