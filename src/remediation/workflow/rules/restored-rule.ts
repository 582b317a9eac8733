/** The end of an undo: the service is back, and what ECS runs there for each tag is reported where it is known. */

import { tryParseReference } from "../../../image/reference.ts";
import type { RestoredImage } from "../../report/outcome.ts";
import type { RemediationResult } from "../../report/report.ts";
import type { Action } from "../action.ts";
import type { Seen } from "../seen.ts";
import type { Rollback, State } from "../state.ts";
import { conclude } from "./conclude.ts";
import type { Rule } from "./rule.ts";

/** Between looks: ECS begins a rollback within seconds, and resolves a tag when the first task starts. */
const PAUSES_SECONDS = [15, 30, 60] as const;

type Restored = NonNullable<Rollback["restored"]>;

export const restored: Rule = (state, seen, context) => {
  const { rollback } = state;
  if (rollback?.restored === undefined) return undefined;
  const images = restoredImages(rollback, seen);
  const isBack = seen.kind === "restored" ? seen.isBack : undefined;
  const { byEcs } = rollback.restored;
  const isTold = images.every(({ digest }) => digest !== undefined) && (isBack === true || !byEcs);
  const wait = isTold ? undefined : lookAgain(state, rollback, rollback.restored);
  if (wait !== undefined) return wait;
  // It was asked to go back, and has not: then the previous revision is deployed.
  if (byEcs && isBack === false) {
    const { restored: _, ...kept } = rollback;
    return { kind: "write", write: "undo", state: { ...state, rollback: { ...kept, withoutEcs: true } } };
  }
  return conclude(state, endingOf(rollback, rollback.restored, images, state.wayBack), context);
};

function lookAgain(state: State, rollback: Rollback, before: Restored): Action | undefined {
  const seconds = PAUSES_SECONDS[before.looks];
  if (seconds === undefined) return undefined;
  const after = { ...before, looks: before.looks + 1 };
  return {
    kind: "wait",
    label: "restored",
    seconds,
    state: { ...state, rollback: { ...rollback, restored: after } },
  };
}

/** The images of the previous revision that are named by a tag. */
function restoredImages({ of }: Rollback, seen: Seen): readonly RestoredImage[] {
  const digests = seen.kind === "restored" ? seen.digests : {};
  return of.images
    .filter(({ image }) => tryParseReference(image)?.digest === undefined)
    .map(({ image, containers }) => {
      const digest = containers.flatMap((name) => digests[name] ?? [])[0];
      return { image, ...(digest === undefined ? {} : { digest }) };
    });
}

function endingOf(
  { of, afterwards }: Rollback,
  { to, byEcs }: Restored,
  resolved: readonly RestoredImage[],
  wayBack: string | undefined,
): RemediationResult {
  const { surveyed, newRevision, images, because } = of;
  const { failingRevision: previousRevision } = surveyed;
  return {
    kind: "rolled-back",
    because: {
      code: "rolled-back",
      because,
      to,
      previousRevision,
      byEcs,
      images: resolved,
      afterwards,
      ...(to === wayBack ? { isByDigest: true as const } : {}),
    },
    images,
    substitution: { previousRevision, newRevision },
    restored: to,
    rollback: { by: byEcs ? "ecs" : "new-deployment", images: [...resolved] },
  };
}
