/** The rule after an undo was written: how long the service is watched, what is reported about its images, and what else is tried. */

import { expect, test } from "vitest";
import type { RestoredStatus } from "../../../../src/remediation/deploy/restore/restored-images.ts";
import type { State } from "../../../../src/remediation/workflow/state.ts";
import type { ImagePlan } from "../../../../src/substitution/plan-types.ts";
import {
  because,
  decided,
  FORMER,
  failedSubstitute,
  type Given,
  GONE,
  imagesOf,
  MEANT,
  NOW,
  OURS,
  rules,
} from "../../../support/workflow-state.ts";

const substitution = { previousRevision: FORMER, newRevision: OURS };
const plans = imagesOf({});
const images = ["nginx:1.25"];
const pinned: ImagePlan = { image: `redis@${MEANT}`, containers: ["cache"], failing: false, rejected: [] };
const OTHER = `sha256:${"b".repeat(64)}` as const;

const back = (looks: number, byEcs: boolean, of: readonly ImagePlan[] = plans): Partial<State> => ({
  substitution,
  rollback: { of: failedSubstitute({ images: of }), restored: { to: FORMER, byEcs, looks } },
});
const seen = (status: Partial<RestoredStatus>): NonNullable<Given["seen"]> => ({
  kind: "restored",
  at: NOW,
  digests: {},
  ...status,
});
const byUpdate = (looks: number, status: Partial<RestoredStatus> = {}): Given => ({
  survey: null,
  state: back(looks, false),
  seen: seen(status),
});
const byEcs = (looks: number, status: Partial<RestoredStatus> = {}): Given => ({
  survey: null,
  state: back(looks, true),
  seen: seen(status),
});
const resolved = { isBack: true, digests: { web: OTHER } };
const looks = (count: number) => ({ rollback: { restored: { looks: count } } });
const told = (by: "ecs" | "new-deployment", digest?: string) => ({
  images,
  substitution,
  restored: FORMER,
  rollback: { by, images: [{ image: "nginx:1.25", ...(digest === undefined ? {} : { digest }) }] },
});

// biome-ignore format: a table is read by its columns
rules("an undo that was written", [
  ["an undo by a new deployment names the digest that ECS resolved", byUpdate(0, resolved), "end rolled-back", told("new-deployment", OTHER)],
  ["a tag that is not resolved yet is looked at again after fifteen seconds", byUpdate(0, { isBack: true }), "wait 15 for restored", looks(1)],
  ["an undo is looked at again after half a minute", byUpdate(1, { isBack: true }), "wait 30 for restored", looks(2)],
  ["an undo is looked at a third time after a minute", byUpdate(2, { isBack: true }), "wait 60 for restored", looks(3)],
  ["ends after the third look, and leaves out what ECS has not reported", byUpdate(3, { isBack: true }), "end rolled-back", told("new-deployment")],
  ["a service that an old answer shows is looked at no longer", byUpdate(0, { isBack: false, digests: { web: OTHER } }), "end rolled-back", told("new-deployment", OTHER)],
  ["what cannot be read is not a failure",         byUpdate(3), "end rolled-back", told("new-deployment")],
  ["images that a digest names are resolved to nothing", { survey: null, state: back(0, false, [pinned]), seen: seen({ isBack: true }) }, "end rolled-back", { images: [pinned.image], substitution, restored: FORMER, rollback: { by: "new-deployment", images: [] } }],
  ["an undo by ECS itself names the digest that it had", byEcs(0, resolved), "end rolled-back", told("ecs", OTHER)],
  ["ECS has not gone back yet",                 byEcs(0, { isBack: false, digests: { web: OTHER } }), "wait 15 for restored", looks(1)],
  ["ECS has not gone back within two minutes: the previous revision is deployed", byEcs(3, { isBack: false }), "write undo", { rollback: { restored: GONE, withoutEcs: true } }],
  ["whether it has cannot be read: that it was asked is what is known", byEcs(3), "end rolled-back", told("ecs")],
]);

test("what was found after the substitute had failed is part of the reason", () => {
  const { rollback } = back(0, false);
  const state: Partial<State> = {
    ...back(0, false),
    ...(rollback && { rollback: { ...rollback, afterwards: because } }),
  };
  expect(decided({ survey: null, state, seen: seen(resolved) }).action).toBe("end rolled-back");
});
