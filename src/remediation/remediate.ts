/**
 * The whole way: survey, plan, mirror, register, redeploy, settle, report; and back, where it did worse.
 *
 * This function is replayed from the top after every wait and every crash, over the log of its steps. What stands
 * between the steps is pure, so each run decides the same.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { isDockerHubFront } from "../image/hosts.ts";
import { referenceIn, repositoryIn } from "../image/reference.ts";
import { StepFailed, type Steps } from "../runtime/steps.ts";
import { placeOf } from "../substitution/candidate.ts";
import { type ImageFacts, type ImagePlan, type Plan, planSubstitution } from "../substitution/planner.ts";
import type { Policy } from "../substitution/policy.ts";
import { revisionName } from "../workload/arn.ts";
import type { ManagedBy } from "../workload/managed-by.ts";
import { present } from "../workload/members.ts";
import type { TaskNetwork } from "../workload/start-again.ts";
import { redeploy, register } from "./apply.ts";
import { finishTask, heldBack, noteNetwork } from "./finish-task.ts";
import { handOver } from "./hand-over.ts";
import { mirrorImages, type Refused } from "./mirroring.ts";
import type { Outcome } from "./outcome.ts";
import { inTurn } from "./pacing.ts";
import type { Ports } from "./ports.ts";
import { StepRefused, withRefusals } from "./refused-steps.ts";
import { type Ending, report } from "./report.ts";
import { restore } from "./restore.ts";
import { overtakenIn, type Verdict } from "./settle.ts";
import { type Survey, survey } from "./survey.ts";
import { whyNotAgain } from "./tries.ts";
import { watch } from "./watch.ts";

export type RemediationOptions = {
  readonly policy: Policy;
  readonly execution: string;
  /** False: stop once the redeployment is accepted, with the outcome `applied`. */
  readonly settle?: boolean;
  /** Told each plan as it is made; for people who watch. May be told the same plan again after a crash. */
  readonly onPlan?: (plan: Plan, surveyed: Survey) => void;
};

/** One substitute and, where it cannot be pulled, another: more would be guessing. */
const RUNGS_MAX = 3;
/** Between looks at a world in which something just failed that may work in a while. */
const PAUSES_SECONDS = [60, 300, 900, 3600];
/** A copy makes the next survey find it; a second copy in one rung means that it was lost again. */
const COPIES_MAX = 2;
/** Places that refuse to be copied from, one after the other; an image has fewer. */
const REFUSALS_MAX = 10;
const AFTER_TRIES = [
  "look at why they did not last before trying again: their revisions are tagged repull:former",
];
/** How often a deployment is looked at that shall end first, and for how long: CloudFormation itself gives up after three hours. */
const DEPLOYING_SECONDS = 300;
const DEPLOYING_SECONDS_MAX = 3 * 3600;

/** Heals the service of one failing deployment. Always ends in an outcome, and always reports it. */
export async function remediate(
  event: unknown,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Outcome> {
  const failure = readEvent(event, ports.home);
  const ending = failure.kind === "ignored" ? failure : await heal(failure, ports, options, steps);
  return await steps.step(
    "report",
    () => report(ending, failure.kind === "ignored" ? undefined : failure, options.execution, ports),
    // Half an hour: an execution without a record would have been in vain.
    { attempts: 30 },
  );
}

/** A substitute that tasks could not pull. */
type Tried = {
  readonly kind: "cannot-pull";
  readonly because: string;
  readonly surveyed: Survey;
  readonly ours: string;
  readonly images: readonly ImagePlan[];
  /** Which of the substitutes are at fault. */
  readonly places: readonly string[];
};

/** What has become of the service so far, whatever the next look says. */
type Progress = {
  made?: { readonly former: string; readonly ours: string };
  managedBy?: ManagedBy | undefined;
  broughtBack?: string | undefined;
};

/**
 * Climbs until something stands, or nothing is left.
 *
 * A bad minute of AWS or of a registry is no reason to give up: an ECS that has stopped trying sends no further event.
 */
async function heal(
  failure: PullFailure,
  ports: Ports,
  options: RemediationOptions,
  plainSteps: Steps,
): Promise<Ending> {
  const steps = withRefusals(plainSteps);
  const network = await noteNetwork(failure, options.policy, ports, steps);
  const tried: Tried[] = [];
  const progress: Progress = {};
  for (let look = 1, pauses = 0; ; look++) {
    const climbed = await survive(progress, () =>
      climb(failure, { tried, look, progress, network }, ports, options, steps),
    );
    if (climbed.kind === "cannot-pull") {
      tried.push(climbed);
      if (tried.length < RUNGS_MAX && climbed.places.length > 0) continue;
      return await survive(progress, () => undo(climbed, look, ports, options, steps));
    }
    const pause = pauses < pausesFor(climbed) ? PAUSES_SECONDS[pauses] : undefined;
    if (pause !== undefined) {
      pauses += 1;
      await steps.wait(`look again ${look}`, pause);
      continue;
    }
    const last = tried.at(-1);
    if (last === undefined || climbed.made?.ours !== last.ours) return climbed;
    return await survive(progress, () => undo(last, look, ports, options, steps, climbed.because));
  }
}

/** Runs steps; one that fails for good makes the ending, with what was done until then. */
async function survive<T>(progress: Progress, run: () => Promise<T>): Promise<T | Ending> {
  try {
    return withMade(await run(), progress);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const because = `${error.step}: ${error.message}`;
    return withMade({ kind: "failed", because, passing: !(error instanceof StepRefused) }, progress);
  }
}

/** What an earlier look made is part of the record, whatever the last one did. */
function withMade<T>(ended: T | Ending, { made, managedBy, broughtBack }: Progress): T | Ending {
  return {
    ...present("made", made),
    ...present("managedBy", managedBy),
    ...present("broughtBack", broughtBack),
    ...ended,
  };
}

/** An old answer is soon a new one; what fails, or does not answer, may do so for longer. */
function pausesFor({ kind, passing = kind === "failed" }: Ending): number {
  if (!passing) return 0;
  return kind === "superseded" ? 1 : PAUSES_SECONDS.length;
}

type Climbed = Ending | Tried;

async function climb(
  failure: PullFailure,
  {
    tried,
    look,
    progress,
    network,
  }: {
    tried: readonly Tried[];
    look: number;
    progress: Progress;
    network: TaskNetwork | undefined;
  },
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Climbed> {
  const failed = tried.flatMap(({ places }) => places);
  const prepared = await prepare(failure, { failed, rung: look, progress }, ports, options, steps);
  if (prepared.kind !== "prepared") return prepared;
  const { surveyed, images } = prepared;
  const { clusterArn, service, former, current, deploymentId } = surveyed;
  const { execution } = options;

  const registered = await inTurn(
    `register ${look}`,
    () => register(surveyed, images, execution, ports),
    execution,
    steps,
  );
  if (registered.kind === "superseded") return { ...registered, images };
  const ours = registered.arn;
  const made = { former, ours };
  const { task } = surveyed;
  if (task !== undefined)
    return await finishTask({ ...surveyed, task }, made, network, images, execution, ports, steps);
  const change = {
    clusterArn,
    service,
    to: ours,
    from: current,
    ...(deploymentId === undefined ? {} : { deploymentId }),
  };
  const redeployed = await inTurn(`redeploy ${look}`, () => redeploy(change, ports), execution, steps);
  if (redeployed.kind === "superseded") return { ...redeployed, images };
  progress.made = made;
  if (options.settle === false) {
    return {
      kind: "applied",
      because: `the service ${service} was moved from ${revisionName(former)} to ${revisionName(ours)}`,
      images,
      made,
    };
  }

  const own = tried.map((one) => one.ours);
  const others = redeployed.kind === "already" ? redeployed.deployments : [];
  const foreign = overtakenIn({ deployments: others }, { ours, former, known: surveyed.deploymentIds, own });
  const verdict = await watch(surveyed, { ours, own, foreign }, look, ports, steps);
  switch (verdict.kind) {
    case "settled":
    case "superseded":
      return { ...verdict, images, made };
    case "overtook":
      return await giveBack(surveyed, ours, verdict, look, images, ports, steps);
    case "moving":
      return {
        kind: "unsettled",
        because: `after ${Math.round(surveyed.settleSeconds / 60)} minutes ${verdict.because}`,
        images,
        made,
      };
    case "rolled-back":
      return { kind: "restored", because: verdict.because, images, made };
    case "worse":
      return await undo({ ...verdict, surveyed, ours, images }, look, ports, options, steps);
    case "cannot-pull": {
      // Only the substitutes that could not be pulled are at fault, not whatever stood beside them.
      const places = images
        .flatMap(({ winner }) => winner?.writes ?? [])
        .filter((place) => verdict.images.includes(repositoryIn(place)));
      return { kind: "cannot-pull", because: verdict.because, surveyed, ours, images, places };
    }
  }
}

type Prepared = {
  readonly kind: "prepared";
  readonly surveyed: Survey;
  readonly images: readonly ImagePlan[];
};

/** Surveys and plans until nothing is left to be copied: after a copy the world is looked at anew. */
async function prepare(
  failure: PullFailure,
  { failed, rung, progress }: { failed: readonly string[]; rung: number; progress: Progress },
  ports: Ports,
  { policy, execution, onPlan }: RemediationOptions,
  steps: Steps,
): Promise<Prepared | Ending> {
  /** What could not be brought into ECR, with the reason: the next place's turn. */
  const refused: Refused[] = [];
  const made = new Set<string>();
  for (let round = 0, copies = 0, waited = 0; ; round++) {
    const surveyed = await steps.step(
      `survey ${rung}.${round}`,
      () => survey({ failure, policy, execution, failed, again: rung > 1, refused }, ports),
      persistent,
    );
    if (surveyed.kind !== "survey") return surveyed;
    progress.managedBy = surveyed.managedBy;
    progress.broughtBack = surveyed.tries.broughtBack;
    const enough = whyNotAgain(surveyed.tries, surveyed.former);
    if (enough !== undefined) return { kind: "stand-still", because: enough, remedies: AFTER_TRIES };
    const plan = planSubstitution(surveyed.images, {
      policy,
      ...(surveyed.platform === undefined ? {} : { platform: surveyed.platform }),
      limit: surveyed.limit,
    });
    onPlan?.(plan, surveyed);
    const { images } = plan;
    if (plan.kind === "stand-still") return { ...plan, passing: surveyed.images.some(isUnheard) };
    if (policy.mode === "observe")
      return { kind: "observed", because: "the policy says observe: nothing was written", images };
    if (surveyed.handOver !== undefined) return handOver(surveyed.handOver, surveyed.former, images);
    const held = surveyed.task === undefined ? undefined : heldBack(surveyed.task, surveyed.former, images);
    if (held !== undefined) return held;
    if (surveyed.isDeploying && policy.whileDeploying === "report") {
      const because = `the deployment ${surveyed.deploymentId} is under way, and the policy (whileDeploying) says report: nothing was written`;
      return { kind: "observed", because, images };
    }
    if (surveyed.isDeploying && policy.whileDeploying === "wait" && waited < DEPLOYING_SECONDS_MAX) {
      await steps.wait(`deployment ${rung}.${round}`, DEPLOYING_SECONDS);
      waited += DEPLOYING_SECONDS;
      continue;
    }
    const bringing = images.filter(({ winner }) => winner?.copy !== undefined || winner?.warm !== undefined);
    if (bringing.length === 0) return { kind: "prepared", surveyed, images };
    if (copies === COPIES_MAX)
      return { kind: "failed", because: "the copy was made and is not there any more", images };
    const no = await mirrorImages(bringing, `${rung}.${round}`, made, ports, steps);
    if (no !== undefined && refused.length === REFUSALS_MAX)
      return { kind: "failed", because: `${no.image}: ${no.because}`, images };
    if (no !== undefined) refused.push(no);
    else copies += 1;
    for (const { winner } of bringing) if (winner !== undefined) made.add(placeOf(winner.candidate));
  }
}

/** A registry that has not answered may do so in a while; a quota of Docker Hub does not come back so soon. */
function isUnheard({ failing, untrustedBecause, sightings }: ImageFacts): boolean {
  if (!failing) return false;
  if (untrustedBecause !== undefined) return true;
  return sightings.some(({ candidate, seen }) => {
    const host = referenceIn(candidate.source ?? candidate.image)?.host ?? "";
    return seen.kind === "unreachable" || (seen.kind === "rate-limited" && !isDockerHubFront(host));
  });
}

/** Throttling and time-outs are worth a minute at once. */
const persistent = { attempts: 6 };

/** Puts the former revision back, after a substitute that did not help. */
async function undo(
  { surveyed, ours, images, because }: Omit<Tried, "kind" | "places">,
  look: number,
  ports: Ports,
  { execution }: RemediationOptions,
  steps: Steps,
  afterwards?: string,
): Promise<Ending> {
  const made = { former: surveyed.former, ours };
  const restored = await inTurn(
    `restore ${look}`,
    () => restore(surveyed, ours, execution, ports),
    execution,
    steps,
  );
  if (restored.kind === "superseded") return { ...restored, images, made };
  const after = afterwards === undefined ? "" : `; after that, ${afterwards}`;
  return {
    kind: "restored",
    because: `${because}; the service is back on ${revisionName(surveyed.former)}${after}`,
    images,
    made,
  };
}

/** Somebody deployed between our last look and our write: theirs is put back, and stands. */
async function giveBack(
  { clusterArn, service, former }: Survey,
  ours: string,
  { revision, because }: Extract<Verdict, { kind: "overtook" }>,
  look: number,
  images: readonly ImagePlan[],
  ports: Ports,
  steps: Steps,
): Promise<Ending> {
  const change = { clusterArn, service, to: revision, from: ours };
  const given = await steps.step(`give back ${look}`, () => redeploy(change, ports), persistent);
  return {
    kind: "superseded",
    because: given.kind === "superseded" ? given.because : `${because}; it was put back`,
    images,
    made: { former, ours },
  };
}
