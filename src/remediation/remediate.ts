/**
 * The whole way: survey, plan, mirror, register, redeploy, settle, report; and back, where it did worse.
 *
 * This function is replayed from the top after every wait and every crash, over the log of its steps. What stands
 * between the steps is pure, so each run decides the same.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { repositoryIn } from "../image/reference.ts";
import { StepFailed, type Steps } from "../runtime/steps.ts";
import { placeOf } from "../substitution/candidate.ts";
import { type ImagePlan, type Plan, planSubstitution } from "../substitution/planner.ts";
import type { Policy } from "../substitution/policy.ts";
import { revisionName } from "../workload/arn.ts";
import { redeploy, register } from "./apply.ts";
import { AwsError } from "./aws-error.ts";
import { mirrorImages, type Refused } from "./mirroring.ts";
import type { Outcome } from "./outcome.ts";
import type { Ports } from "./ports.ts";
import { type Ending, report } from "./report.ts";
import { restore } from "./restore.ts";
import { lookAtRollout, type Verdict } from "./settle.ts";
import { type Survey, survey } from "./survey.ts";

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
/** A copy makes the next survey find it; a second copy in one rung means that it was lost again. */
const COPIES_MAX = 2;
/** Places that refuse to be copied from, one after the other; an image has fewer. */
const REFUSALS_MAX = 10;
/** What other executions tried in place of the same revision. More would be a loop. */
const TRIES_MAX = 2;

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
    { attempts: 6 },
  );
}

async function heal(
  failure: PullFailure,
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Ending> {
  const failed: string[] = [];
  let last: Ending | undefined;
  try {
    for (let rung = 1; rung <= RUNGS_MAX; rung++) {
      const climbed = await climb(failure, { failed, rung }, ports, options, steps);
      if (climbed.kind !== "next-rung") return last === undefined ? climbed : afterwards(last, climbed);
      failed.push(...climbed.failed);
      last = climbed.ending;
    }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return {
      kind: "failed",
      because: `${error.step}: ${error.message}`,
      ...(last === undefined ? {} : { made: last.made }),
    };
  }
  return last ?? { kind: "failed", because: "no rung was climbed" };
}

/** A rung that changed nothing does not hide that the one before did. */
function afterwards(before: Ending, now: Ending): Ending {
  return now.made === undefined
    ? { ...before, because: `${before.because}; after that, ${now.because}` }
    : now;
}

type Climbed =
  | Ending
  | { readonly kind: "next-rung"; readonly failed: readonly string[]; readonly ending: Ending };

async function climb(
  failure: PullFailure,
  { failed, rung }: { failed: readonly string[]; rung: number },
  ports: Ports,
  options: RemediationOptions,
  steps: Steps,
): Promise<Climbed> {
  const prepared = await prepare(failure, { failed, rung }, ports, options, steps);
  if (prepared.kind !== "prepared") return prepared;
  const { surveyed, images } = prepared;
  const { clusterArn, service, former, current, deploymentId } = surveyed;
  const { execution } = options;

  const registered = await steps.step(
    `register ${rung}`,
    () => register(surveyed, images, execution, ports),
    persistent,
  );
  if (registered.kind === "superseded") return { ...registered, images };
  const ours = registered.arn;
  const made = { former, ours };
  const change = {
    clusterArn,
    service,
    to: ours,
    from: current,
    ...(deploymentId === undefined ? {} : { deploymentId }),
  };
  const redeployed = await steps.step(`redeploy ${rung}`, () => redeploy(change, ports), persistent);
  if (redeployed.kind === "superseded") return { ...redeployed, images, made };
  if (options.settle === false) {
    return {
      kind: "applied",
      because: `the service ${service} was moved from ${revisionName(former)} to ${revisionName(ours)}`,
      images,
      made,
    };
  }

  const verdict = await watch(surveyed, ours, rung, ports, steps);
  switch (verdict.kind) {
    case "settled":
    case "superseded":
      return { ...verdict, images, made };
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
      return await undo(surveyed, ours, verdict, rung, images, ports, options, steps);
    case "cannot-pull": {
      const ending = await undo(surveyed, ours, verdict, rung, images, ports, options, steps);
      if (ending.kind !== "restored" || rung === RUNGS_MAX) return ending;
      // Only the substitutes that could not be pulled are at fault, not whatever stood beside them.
      const places = images
        .flatMap(({ winner }) => winner?.writes ?? [])
        .filter((place) => verdict.images.includes(repositoryIn(place)));
      if (places.length === 0) return ending;
      return { kind: "next-rung", failed: places, ending };
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
  { failed, rung }: { failed: readonly string[]; rung: number },
  ports: Ports,
  { policy, execution, onPlan }: RemediationOptions,
  steps: Steps,
): Promise<Prepared | Ending> {
  /** What could not be brought into ECR, with the reason: the next place's turn. */
  const refused: Refused[] = [];
  const made = new Set<string>();
  for (let round = 0, copies = 0; ; round++) {
    const surveyed = await steps.step(
      `survey ${rung}.${round}`,
      () => survey({ failure, policy, execution, failed, refused }, ports),
      persistent,
    );
    if (surveyed.kind !== "survey") return surveyed;
    if (surveyed.triedBefore >= TRIES_MAX) {
      return {
        kind: "stand-still",
        because: `${surveyed.triedBefore} substitutes for ${revisionName(surveyed.former)} did not last`,
        remedies: ["look at why they failed before trying again: the revisions are tagged repull:former"],
      };
    }
    const plan = planSubstitution(surveyed.images, {
      policy,
      ...(surveyed.platform === undefined ? {} : { platform: surveyed.platform }),
      ...(surveyed.limitEndsBy === undefined ? {} : { limitEndsBy: surveyed.limitEndsBy }),
    });
    onPlan?.(plan, surveyed);
    const { images } = plan;
    if (plan.kind === "stand-still") return plan;
    if (policy.mode === "observe")
      return { kind: "observed", because: "the policy says observe: nothing was written", images };
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

/** Refusals stay refusals; throttling and time-outs are worth a few minutes. */
const persistent = {
  attempts: 6,
  retryIf: (error: unknown) =>
    !(error instanceof AwsError && (error.kind === "denied" || error.kind === "invalid")),
};

const LOOK_SECONDS_FIRST = 10;
const LOOK_SECONDS_MAX = 60;

/** Looks at the rollout until it is decided or its time is over; the bound is in seconds waited, for a workflow has no clock. */
async function watch(
  surveyed: Survey,
  ours: string,
  rung: number,
  ports: Ports,
  steps: Steps,
): Promise<Verdict> {
  const { clusterArn, service, former } = surveyed;
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, look = 1; ; look++) {
    await steps.wait(`rollout ${rung}.${look}`, pause);
    waited += pause;
    const verdict = await steps.step(
      `settle ${rung}.${look}`,
      () => lookAtRollout({ clusterArn, service, ours, former }, ports),
      persistent,
    );
    if (verdict.kind !== "moving" || waited >= surveyed.settleSeconds) return verdict;
    pause = Math.min(LOOK_SECONDS_MAX, pause + 10);
  }
}

async function undo(
  surveyed: Survey,
  ours: string,
  verdict: Verdict,
  rung: number,
  images: readonly ImagePlan[],
  ports: Ports,
  { execution }: RemediationOptions,
  steps: Steps,
): Promise<Ending> {
  const made = { former: surveyed.former, ours };
  const restored = await steps.step(
    `restore ${rung}`,
    () => restore(surveyed, ours, execution, ports),
    persistent,
  );
  if (restored.kind === "superseded") return { ...restored, images, made };
  return {
    kind: "restored",
    because: `${verdict.because}; the service is back on ${revisionName(surveyed.former)}`,
    images,
    made,
  };
}
