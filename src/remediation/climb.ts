/** One rung of the ladder: prepare, register, redeploy, and follow the rollout to its verdict. */

import { repositoryIn } from "../image/reference.ts";
import { revisionName } from "../workload/arn.ts";
import { primaryDeployment } from "../workload/service.ts";
import { redeploy, register } from "./apply.ts";
import type { Course } from "./course.ts";
import { finishTask } from "./finish-task.ts";
import { inTurn } from "./pacing.ts";
import { prepare } from "./prepare.ts";
import { giveBack, putBack, type Unhelpful } from "./put-back.ts";
import type { Ending } from "./report.ts";
import { lookAgain } from "./second-look.ts";
import { overtakenIn } from "./settle.ts";
import { watch } from "./watch.ts";

/** A substitute that tasks could not pull. */
export type Tried = Unhelpful & {
  readonly kind: "cannot-pull";
  /** Which of the substitutes are at fault. */
  readonly places: readonly string[];
};

/** Tries what is left; answers how it ended, or that its substitute could not be pulled either. */
export async function climb(
  course: Course,
  { tried, look }: { readonly tried: readonly Tried[]; readonly look: number },
): Promise<Ending | Tried> {
  const { failure, ports, options, steps, progress } = course;
  const failed = tried.flatMap(({ places }) => places);
  const prepared = await prepare(course, { failed, rung: look });
  if (prepared.kind !== "prepared") return prepared;
  const { surveyed, images } = prepared;
  const { clusterArn, service, former, current, deploymentId } = surveyed;
  const { execution } = options;
  const waiting = { execution, isServing: surveyed.runningCount > 0 };

  const registered = await inTurn(
    `register ${look}`,
    () => register(surveyed, images, execution, ports),
    waiting,
    steps,
  );
  if (registered.kind === "superseded") return { ...registered, images };
  const ours = registered.arn;
  progress.registered = [...(progress.registered ?? []), ours];
  const made = { former, ours };
  const { task } = surveyed;
  if (task !== undefined) return await finishTask({ ...surveyed, task }, made, images, course);
  const change = {
    clusterArn,
    service,
    to: ours,
    from: current,
    failing: failure.owner.kind === "service" ? failure.owner.deploymentId : undefined,
    heals: failure.foreseen !== true,
    ...(deploymentId === undefined ? {} : { deploymentId }),
  };
  const answered = await inTurn(`redeploy ${look}`, () => redeploy(change, ports), waiting, steps);
  const place = { clusterArn, service, ours };
  const redeployed =
    answered.kind === "superseded" ? await lookAgain(answered, place, look, course) : answered;
  if (redeployed.kind === "superseded") return { kind: "superseded", because: redeployed.because, images };
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
  const known = surveyed.deploymentIds;
  const foreign = redeployed.foreign ?? overtakenIn(redeployed, { ours, former, known, own });
  // Whose the primary deployment is, only an answer to our own write can tell.
  const mine = redeployed.kind === "redeployed" ? primaryDeployment(redeployed)?.id : undefined;
  const verdict = await watch(surveyed, { ours, own, foreign, mine }, look, course);
  switch (verdict.kind) {
    case "settled":
    case "superseded":
      return { ...verdict, images, made };
    case "overtook":
      return await giveBack(surveyed, { ours, made }, verdict, look, images, course);
    case "moving":
      return { kind: "unsettled", because: verdict.because, images, made };
    case "stuck":
      return { ...verdict, kind: "unsettled", images, made };
    case "rolled-back":
      return { ...verdict, kind: "restored", images, made };
    case "worse":
      return await putBack({ ...verdict, surveyed, ours, images }, look, course);
    case "cannot-pull": {
      // Only the substitutes that could not be pulled are at fault, not whatever stood beside them.
      const places = images
        .flatMap(({ winner }) => winner?.writes ?? [])
        .filter((place) => verdict.images.includes(repositoryIn(place)));
      return { kind: "cannot-pull", because: verdict.because, surveyed, ours, images, places };
    }
  }
}
