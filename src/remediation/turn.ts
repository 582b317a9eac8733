/**
 * A remediation's turn under the owner's caps: before its first write it takes a place in the hour.
 *
 * Where there is none left it waits for the next window, durably and at no cost: ending would leave a service alone for
 * which ECS has stopped trying. The first that has to wait tells the owner; hundreds that wait behind it do not.
 */

import { createHash } from "node:crypto";
import { remedyInWords } from "../substitution/format-remedy.ts";
import type { ImagePlan, Plan } from "../substitution/planner.ts";
import {
  type CapLimits,
  claimTurn,
  type Held,
  heldInWords,
  isTooLarge,
  remedyFor,
  stillHolds,
} from "./caps.ts";
import { type Course, persistent } from "./course.ts";
import { leastPause } from "./least-pause.ts";
import type { Refused } from "./mirroring.ts";
import { type Ending, tellAhead } from "./report.ts";
import type { Survey } from "./survey.ts";

/** A raised cap is seen so soon, by a remediation that has not waited for days. */
const LOOK_SECONDS_MAX = 1800;
/** A day's window, and an hour's after it; a remediation that gets on meanwhile waits as long for its next image. */
const HELD_HOURS_MAX = 25;
/** Those that wait do not all come back in a window's first second, and services that are down come first. */
const SPREAD_SECONDS = 240;

/** `waited`: it was granted after a while, and the world is another. */
export type Turn = { readonly kind: "granted" | "waited" } | (Ending & { readonly kind: "held" });

/** Takes a turn to write, or waits for one. */
export async function takeTurn(
  course: Course,
  surveyed: Survey,
  images: readonly ImagePlan[],
  label: string,
): Promise<Turn> {
  const { failure, options, ports, progress } = course;
  if (progress.mayWrite) return { kind: "granted" };
  const claimant = options.execution;
  const cluster = failure.clusterArn.slice(failure.clusterArn.lastIndexOf("/") + 1);
  const turn = await untilGranted(course, surveyed, images, label, (limits) =>
    claimTurn({ claimant, cluster }, limits, options.policy.clusters, ports),
  );
  progress.mayWrite = turn.kind !== "held";
  return turn;
}

/**
 * Waits until copies may be made again, where a cap alone keeps an image of the plan from its place. Deployed without it,
 * the service would fail on that image next. Nothing waits while a substitute of ours is in place.
 */
export async function waitForCopies(
  course: Course,
  surveyed: Survey,
  { images }: Plan,
  refused: readonly Refused[],
  label: string,
): Promise<Turn | undefined> {
  const { ports, progress } = course;
  const lacking = images.flatMap(({ image, winner }) => (winner === undefined ? [image] : []));
  const caps = refused.flatMap(({ image, held }) => (held && lacking.includes(image) ? [held] : []));
  const held = caps.findLast((one) => !isTooLarge(one));
  if (held === undefined || progress.made !== undefined) return undefined;
  // A turn that was taken before is another hour's.
  progress.mayWrite = false;
  return await untilGranted(course, surveyed, images, label, async (limits) =>
    stillHolds(held, limits, ports.clock.now()) ? held : undefined,
  );
}

async function untilGranted(
  course: Course,
  surveyed: Survey,
  images: readonly ImagePlan[],
  label: string,
  ask: (limits: CapLimits) => Promise<Held | undefined>,
): Promise<Turn> {
  const { options, ports, steps, progress } = course;
  const { policy, execution, limits = async () => policy.caps } = options;
  let refusedBefore: string | undefined;
  for (let look = 1; ; look++) {
    progress.looks = (progress.looks ?? 0) + 1;
    const longest = Math.max(LOOK_SECONDS_MAX, leastPause(progress.looks));
    const refused = await steps.step(
      `turn ${label}.${look}`,
      async () => {
        const held = await ask(await limits());
        if (held === undefined) return undefined;
        const left = secondsUntilOpen(held, ports.clock.now(), execution, surveyed.runningCount === 0);
        const seconds = Math.min(left, longest);
        ports.log.info("held by a cap", { ...held, seconds });
        return { held, seconds };
      },
      persistent,
    );
    if (refused === undefined) return { kind: look === 1 ? "granted" : "waited" };
    const { held, seconds } = refused;
    if (held.window !== refusedBefore) await tellOnce(held, images, `tell ${label}.${look}`, course);
    refusedBefore = held.window;
    const waited = progress.heldSeconds ?? 0;
    if (waited >= HELD_HOURS_MAX * 3600) {
      const because = `${heldInWords(held)}; nothing was written, and after ${HELD_HOURS_MAX} hours it waits no longer`;
      const next = "the next failing task of this deployment starts another attempt";
      const remedy = remedyFor(held);
      return { kind: "held", because, images, remedies: [remedy], nextSteps: [remedyInWords(remedy), next] };
    }
    await steps.wait(`turn ${label}.${look}`, seconds);
    progress.heldSeconds = waited + seconds;
  }
}

/** Tells the owner, where nobody has yet in this window. */
async function tellOnce(
  held: Held,
  images: readonly ImagePlan[],
  name: string,
  { failure, options: { execution }, ports, steps }: Course,
): Promise<void> {
  const end = async (): Promise<Ending | undefined> => {
    const isToTell = await ports.caps.tellsOfIt({ name: held.window, endsAt: held.opensAt }, execution);
    if (!isToTell) return undefined;
    const because = `${heldInWords(held)}; this remediation, and those that wait behind it unsaid, go on by themselves`;
    const goesOnAt = new Date(held.opensAt).toISOString();
    return { kind: "held", because, images, goesOnAt, remedies: [remedyFor(held)] };
  };
  await tellAhead(name, end, failure, execution, ports, steps);
}

/** Until the window opens, and a moment of its own after that. */
function secondsUntilOpen({ opensAt }: Held, now: number, execution: string, isDown: boolean): number {
  const left = Math.max(1, Math.ceil((opensAt - now) / 1000));
  const [one = 0, two = 0] = createHash("sha256").update(execution).digest();
  return left + (isDown ? 0 : SPREAD_SECONDS) + ((one * 256 + two) % SPREAD_SECONDS);
}
