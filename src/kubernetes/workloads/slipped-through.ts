/**
 * Pods that run, or would pull, what their author wrote although the index has a proved image for it: why admission has not
 * changed them. Pure; the controller's metric and Events, and `repull scan`, say the same.
 */

import { answerFor } from "../answer-for.ts";
import type { IndexRow } from "../image-index.ts";
import type { Mode } from "../mode.ts";
import type { PodFacts } from "./pod-facts.ts";

export const SLIP_REASONS = {
  "not-asked": "the proof was there when it was created, and admission did not change it",
  "created-before": "it was created before the proof that there is now",
  "always-pull": "imagePullPolicy is Always, and the proof was older than a minute",
} as const;

export type SlipReason = keyof typeof SLIP_REASONS;

export type Slip = {
  readonly pod: PodFacts;
  readonly container: string;
  readonly image: string;
  /** What it should run. */
  readonly use: string;
  readonly reason: SlipReason;
};

/** From the answer of a registry until admission knows it: the index is written every two seconds, and then read. */
const SETTLED_MS = 10_000;

export type SlipContext = {
  readonly rows: ReadonlyMap<string, IndexRow>;
  /** What may be done to this pod. */
  readonly modeOf: (pod: PodFacts) => Mode;
  readonly now: number;
};

/** The containers of a pod that should have been changed. A pod out of scope has none: that is the caller's to know. */
export function slipsOf(pod: PodFacts, { rows, modeOf, now }: SlipContext): readonly Slip[] {
  if (pod.isMirror || pod.isEnding || modeOf(pod) !== "remediate") return [];
  return pod.containers.flatMap(({ container, image, kind, note, pullPolicy }): Slip[] => {
    // An ephemeral container has no annotation, and a debugging session is its author's.
    if (note !== undefined || kind === "ephemeral") return [];
    const row = rows.get(image);
    if (row?.use === undefined || row.use === image) return [];
    const then = pod.createdAt;
    const answer = answerFor({
      image,
      pullPolicy,
      row,
      mode: "remediate",
      now: Math.max(then, Date.parse(row.askedAt)),
    });
    const isAlways = "leave" in answer && answer.leave === "always-pull";
    if ("leave" in answer && !isAlways) return [];
    if (now >= Date.parse(row.goodUntil)) return [];
    const wasThere = then >= Date.parse(row.askedAt) + SETTLED_MS;
    const reason = isAlways ? "always-pull" : wasThere ? "not-asked" : "created-before";
    return [{ pod, container, image, use: row.use, reason }];
  });
}
