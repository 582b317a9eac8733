/**
 * The two ways back: the former revision, where ours did not help; somebody else's, where our write overtook it.
 *
 * Each is a write like any other: between its comparison and itself somebody may deploy once more. So each looks at what
 * it has replaced, and the deployment that was made last gets its place back.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { primaryDeployment, type Service } from "../workload/service.ts";
import { type Redeployed, redeploy } from "./apply.ts";
import { type Course, persistent } from "./course.ts";
import { inTurn } from "./pacing.ts";
import type { Ending } from "./report.ts";
import { restore } from "./restore.ts";
import { lookAgain } from "./second-look.ts";
import { overtakenIn, overtookInWords, type Verdict } from "./settle.ts";
import type { Survey } from "./survey.ts";

/** A revision of ours that the service is better without. */
export type Unhelpful = {
  /** `cannot-pull`: that is all that is wrong with it. */
  readonly kind: "cannot-pull" | "worse";
  readonly because: string;
  readonly surveyed: Survey;
  readonly ours: string;
  readonly images: readonly ImagePlan[];
};

type Made = { readonly former: string; readonly ours: string };

/** Puts the former revision back, after a substitute that did not help. */
export async function putBack(
  unhelpful: Unhelpful,
  look: number,
  course: Course,
  afterwards?: string,
): Promise<Ending> {
  const { ports, options, steps, progress } = course;
  const { execution } = options;
  const { surveyed, ours, images, because } = unhelpful;
  const made = { former: surveyed.former, ours };
  const restored = await inTurn(
    `restore ${look}`,
    // What could not be pulled for a while may run whole by now: hours may lie between the verdict and this write.
    () => restore(surveyed, ours, execution, ports, { heals: unhelpful.kind === "cannot-pull" }),
    { execution, isServing: surveyed.runningCount > 0 },
    steps,
  );
  if (restored.kind === "superseded" && restored.whole)
    return { kind: "settled", because: restored.because, images, made };
  if (restored.kind === "superseded") {
    const { clusterArn, service, former } = surveyed;
    // The write may have landed and its answer be lost: then ours stands over a deployment that this answer still shows.
    const place = { clusterArn, service, ours: former };
    const again = await lookAgain(restored, place, `back ${look}`, course);
    if (again.kind !== "already" || again.foreign === undefined || !isOverOurs(again, again.foreign))
      return { ...restored, images, made };
    const deployments = [...surveyed.deploymentIds, ...again.deployments.map(({ id }) => id)];
    const overtook = { revision: again.foreign, because: overtookInWords(again.foreign), deployments };
    return await giveBack(surveyed, { ours: former, made }, overtook, look, images, course);
  }
  const { to } = restored;
  const known = surveyed.deploymentIds;
  const revision = overtakenIn(restored, { ours: to, former: ours, known, own: progress.registered ?? [] });
  if (revision !== undefined) {
    const deployments = [...known, ...restored.deployments.map(({ id }) => id)];
    const overtook = { revision, because: overtookInWords(revision), deployments };
    return await giveBack(surveyed, { ours: to, made }, overtook, look, images, course);
  }
  const after = afterwards === undefined ? "" : `; after that, ${afterwards}`;
  return {
    kind: "restored",
    because: `${because}; the service is back on ${backOn(to, surveyed.former)}${after}`,
    images,
    made,
    restored: to,
  };
}

/** Whether the former revision stands over a deployment that had not failed, and not because ECS itself went back to it. */
function isOverOurs({ deployments }: Pick<Service, "deployments">, foreign: string): boolean {
  const primary = primaryDeployment({ deployments });
  // What was replaced on its way is soon no longer shown; an earlier deployment of that revision may be.
  const hasFailed = deployments.some(
    (one) => sameRevision(one.taskDefinition, foreign) && one.rolloutState === "FAILED",
  );
  return !hasFailed && !/rolling back/i.test(primary?.rolloutStateReason ?? "");
}

/** What runs after a way back, by its own name. */
export function backOn(to: string, former: string): string {
  return sameRevision(to, former)
    ? revisionName(former)
    : `${revisionName(to)}, a copy of ${revisionName(former)}, which is INACTIVE`;
}

/** The answer is of the time before our last write: it shows as primary what that has replaced, or what we wrote before it. */
function isPast(
  given: Redeployed,
  { known, written }: { readonly known: readonly string[]; readonly written: readonly string[] },
): boolean {
  if (given.kind === "already") return known.includes(primaryDeployment(given)?.id ?? "");
  const { revision } = given.kind === "superseded" ? given : {};
  return revision !== undefined && written.slice(0, -1).some((one) => sameRevision(one, revision));
}

/** Deployments that come at the very moment of a way back, one after the other: a pipeline, and a person beside it. */
const WAYS_BACK_MAX = 4;
/** Longer than ECS has been seen to tell of the past. */
const PAUSE_SECONDS = 60;

/** Somebody deployed between our last look and our write: theirs is put back, and stands. @param ours what stands over it */
export async function giveBack(
  { clusterArn, service }: Pick<Survey, "clusterArn" | "service">,
  { ours, made }: { readonly ours: string; readonly made: Made },
  overtook: Omit<Extract<Verdict, { kind: "overtook" }>, "kind">,
  look: number,
  images: readonly ImagePlan[],
  { ports, steps, progress }: Course,
): Promise<Ending> {
  const ended = (because: string): Ending => ({ kind: "superseded", because, images, made });
  let { revision: to, because, deployments: known } = overtook;
  const written = [...(progress.registered ?? []), ours];
  for (let way = 1; ; way++) {
    const label = way === 1 ? `give back ${look}` : `give back ${look}.${way}`;
    const change = { clusterArn, service, to, from: written.at(-1) ?? ours };
    const given = await steps.step(label, () => redeploy(change, ports), persistent);
    if (isPast(given, { known, written })) {
      if (way === WAYS_BACK_MAX)
        return ended(
          `${because}; ECS does not show what stands: deploy ${revisionName(to)} if it is another`,
        );
      await steps.wait(label, PAUSE_SECONDS);
      continue;
    }
    if (given.kind === "superseded") return ended(given.because);
    written.push(to);
    const next = overtakenIn(given, { ours: to, former: ours, known, own: written });
    if (next === undefined) return ended(`${because}; it was put back`);
    because = overtookInWords(next);
    if (way === WAYS_BACK_MAX)
      return ended(
        `${because}, and ${revisionName(to)} stands in its place: deploy ${revisionName(next)} again`,
      );
    known = [...known, ...given.deployments.map(({ id }) => id)];
    to = next;
  }
}
