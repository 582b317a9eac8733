/**
 * From a failure to a plan that can be written: survey, plan, and bring into ECR what the plan needs there.
 *
 * After every wait and every copy the world is looked at anew; whatever keeps Repull from writing ends it here.
 */

import { isDockerHubFront } from "../image/hosts.ts";
import { referenceIn } from "../image/reference.ts";
import { placeOf } from "../substitution/candidate.ts";
import { type ImageFacts, type ImagePlan, type Plan, planSubstitution } from "../substitution/planner.ts";
import type { Policy, Rights } from "../substitution/policy.ts";
import type { Remedy } from "../substitution/remedy.ts";
import { present } from "../workload/members.ts";
import { approval } from "./approval.ts";
import { isTooLarge, remedyFor } from "./caps.ts";
import { type Course, persistent } from "./course.ts";
import { taskHeldBack } from "./finish-task.ts";
import { handOver } from "./hand-over.ts";
import { waitingFor } from "./limit-met.ts";
import { waitForWindow, withWaiting } from "./limit-window.ts";
import { mirrorImages, type Refused } from "./mirroring.ts";
import { fixByHand, nextFailure, raiseMode } from "./remedies-of-refusal.ts";
import type { Ending } from "./report.ts";
import { type Survey, survey } from "./survey.ts";
import type { MeantDigests } from "./survey-image.ts";
import { secondsUntilAgain, whyNotAgain } from "./tries.ts";
import { takeTurn, waitForCopies } from "./turn.ts";

/** A copy makes the next survey find it; a second copy in one rung means that it was lost again. */
const COPIES_MAX = 2;
/** Places that refuse to be copied from, one after the other; an image has fewer. */
const REFUSALS_MAX = 10;
/** The pause after one substitute that did not last, and after another's that came meanwhile. */
const PAUSES_MAX = 2;
/** How often a deployment is looked at that shall end first, and for how long: CloudFormation itself gives up after three hours. */
const DEPLOYING_SECONDS = 300;
const DEPLOYING_SECONDS_MAX = 3 * 3600;

export type Prepared = {
  readonly kind: "prepared";
  readonly surveyed: Survey;
  readonly images: readonly ImagePlan[];
};

/** Surveys and plans until nothing is left to be copied: after a copy the world is looked at anew. */
export async function prepare(
  course: Course,
  { failed, rung }: { readonly failed: readonly string[]; readonly rung: number },
): Promise<Prepared | Ending> {
  const { failure, ports, options, steps, progress } = course;
  const { policy, execution, onPlan } = options;
  /** What could not be brought into ECR, with the reason: the next place's turn. */
  let refused: readonly Refused[] = [];
  const made = new Set<string>();
  for (let round = 0, copies = 0, waited = 0, pauses = 0; ; round++) {
    const { meant = {}, registered = [] } = progress;
    const again = rung > 1 ? { own: registered } : {};
    const surveyed = await steps.step(
      `survey ${rung}.${round}`,
      () => survey({ failure, policy, execution, failed, ...again, refused, meant }, ports),
      persistent,
    );
    if (surveyed.kind !== "survey") return surveyed;
    progress.meant = { ...meantBy(surveyed), ...meant };
    progress.managedBy = surveyed.managedBy;
    progress.broughtBack = surveyed.tries.broughtBack;
    progress.newer = surveyed.tries.newer;
    // Whoever asks by hand has seen what did not last, and decides.
    const enough = failure.foreseen ? undefined : whyNotAgain(surveyed.tries, surveyed.former);
    const pause = options.looksAgain === false ? undefined : secondsUntilAgain(surveyed.tries);
    if (enough !== undefined && pause !== undefined && pauses < PAUSES_MAX) {
      await steps.wait(`came back ${rung}.${round}`, pause);
      pauses += 1;
      continue;
    }
    if (enough !== undefined) return { kind: "stand-still", because: enough, remedies: afterTries(surveyed) };
    const plan = planOf(surveyed, policy);
    onPlan?.(plan, surveyed);
    const { images } = plan;
    const allowed = await waitForCopies(course, surveyed, plan, refused, `${rung}.${round}`);
    if (allowed?.kind === "held") return allowed;
    if (allowed !== undefined) {
      refused = refused.filter(({ held }) => held === undefined);
      continue;
    }
    if (plan.kind === "stand-still") {
      const passing = surveyed.images.some(isUnheard);
      // What may be back in a minute is looked at in a minute first.
      const isFirst = passing && rung === 1;
      if (isFirst || !(await waitForWindow(course, surveyed, plan, `${rung}.${round}`)))
        return {
          ...plan,
          because: withWaiting(plan.because, progress),
          remedies: [...raisedCaps(refused), ...plan.remedies],
          passing,
        };
      refused = [];
      continue;
    }
    const held = heldBack(surveyed, images, policy, options.rights, waitingFor(failure));
    if (held !== undefined) return held;
    if (endsFirst(surveyed, policy) && waited < DEPLOYING_SECONDS_MAX) {
      options.onDoing?.({ kind: "waiting", code: "active-deployment", seconds: DEPLOYING_SECONDS });
      await steps.wait(`deployment ${rung}.${round}`, DEPLOYING_SECONDS);
      waited += DEPLOYING_SECONDS;
      continue;
    }
    const asks = options.byHand !== true && (surveyed.mode ?? policy.mode) === "approve";
    const word = asks ? await approval(course, surveyed, images) : "granted";
    if (word === "look again") continue;
    if (word !== "granted") return word;
    const turn = await takeTurn(course, surveyed, images, `${rung}.${round}`);
    if (turn.kind === "held") return turn;
    if (turn.kind === "waited") continue;
    const bringing = images.filter(({ winner }) => winner?.copy !== undefined || winner?.warm !== undefined);
    if (bringing.length === 0) return { kind: "prepared", surveyed, images };
    if (copies === COPIES_MAX)
      return { kind: "failed", because: "the copy was made and is not there any more", images };
    const no = await mirrorImages(bringing, `${rung}.${round}`, made, course);
    if (no !== undefined && refused.length === REFUSALS_MAX)
      return { kind: "failed", because: `${no.image}: ${no.because}`, images };
    if (no !== undefined) refused = [...refused, no];
    else copies += 1;
    for (const { winner } of bringing) if (winner !== undefined) made.add(placeOf(winner.candidate));
  }
}

/** What a survey has decided of each image. */
function meantBy({ images }: Survey): MeantDigests {
  return Object.fromEntries(images.flatMap(({ image, trusted }) => (trusted ? [[image, trusted]] : [])));
}

/** The plan that a survey leads to. */
export function planOf({ images, platforms, limit, task }: Survey, policy: Policy): Plan {
  const again = task && (task.schedule === undefined ? "nothing" : "the next run");
  return planSubstitution(images, { policy, platforms, limit, ...present("again", again) });
}

/** Whether somebody's deployment shall end first: as they wish, or because it has come so far that ours would undo much. */
function endsFirst({ isDeploying, stage }: Survey, { whileDeploying }: Policy): boolean {
  return isDeploying && (whileDeploying === "wait" || stage !== undefined);
}

/** Why nothing may be written, whatever the plan says. */
export function heldBack(
  surveyed: Survey,
  images: readonly ImagePlan[],
  policy: Policy,
  rights?: Rights,
  waiting: readonly Remedy[] = [],
): Ending | undefined {
  const {
    former,
    task,
    isDeploying,
    deploymentId,
    mode = policy.mode,
    modeBecause,
    modeRemedies = [raiseMode(rights)],
    executionRole,
  } = surveyed;
  if (mode === "observe") {
    const because = `${modeBecause ?? "the policy says observe"}: nothing was written`;
    return { kind: "observed", because, images, remedies: modeRemedies };
  }
  if (surveyed.handOver !== undefined) return handOver(surveyed.handOver, former, images, executionRole);
  if (task !== undefined) return taskHeldBack(task, former, images, { rights, waiting });
  if (!isDeploying || policy.whileDeploying !== "report") return undefined;
  const because = `the deployment ${deploymentId} is under way, and the policy (whileDeploying) says report: nothing was written`;
  return {
    kind: "observed",
    because,
    images,
    remedies: [{ code: "act-while-deploying", setting: { key: "whileDeploying", value: "act" } }],
  };
}

/** What several substitutes did not cure is looked at by a person, who is under no guard; or it is tried again later. */
function afterTries({ service, clusterArn, task, tries }: Survey): readonly Remedy[] {
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  return [
    ...(task === undefined ? [fixByHand(service, cluster)] : []),
    nextFailure("these hours are over", tries.until),
  ];
}

/** A cap that no window is large enough for is not waited for: what it takes is said. */
function raisedCaps(refused: readonly Refused[]): readonly Remedy[] {
  return refused.flatMap(({ held }) => (held !== undefined && isTooLarge(held) ? [remedyFor(held)] : []));
}

/** A registry that has not answered may do so in a while; a quota of Docker Hub does not come back so soon. */
function isUnheard({ failing, untrusted, sightings }: ImageFacts): boolean {
  if (!failing) return false;
  if (untrusted?.transient) return true;
  return sightings.some(({ candidate, seen }) => {
    const host = referenceIn(candidate.source ?? candidate.image)?.host ?? "";
    return seen.kind === "unreachable" || (seen.kind === "rate-limited" && !isDockerHubFront(host));
  });
}
