/**
 * The two ways back: the former revision, where ours did not help; somebody else's, where our write overtook it.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import { revisionName } from "../workload/arn.ts";
import { redeploy } from "./apply.ts";
import { type Course, persistent } from "./course.ts";
import { inTurn } from "./pacing.ts";
import type { Ending } from "./report.ts";
import { restore } from "./restore.ts";
import type { Verdict } from "./settle.ts";
import type { Survey } from "./survey.ts";

/** A revision of ours that the service is better without. */
export type Unhelpful = {
  readonly because: string;
  readonly surveyed: Survey;
  readonly ours: string;
  readonly images: readonly ImagePlan[];
};

/** Puts the former revision back, after a substitute that did not help. */
export async function putBack(
  { surveyed, ours, images, because }: Unhelpful,
  look: number,
  { ports, options: { execution }, steps }: Course,
  afterwards?: string,
): Promise<Ending> {
  const made = { former: surveyed.former, ours };
  const restored = await inTurn(
    `restore ${look}`,
    () => restore(surveyed, ours, execution, ports),
    { execution, isServing: surveyed.runningCount > 0 },
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
export async function giveBack(
  { clusterArn, service, former }: Survey,
  ours: string,
  { revision, because }: Extract<Verdict, { kind: "overtook" }>,
  look: number,
  images: readonly ImagePlan[],
  { ports, steps }: Course,
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
