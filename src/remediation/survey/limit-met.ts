/** The limit that a failure met, and until when it lasts: what waiting for helps. */

import { optional } from "../../ecs/json-fields.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { type Limit, unsupportedReason } from "../../substitution/applicable-limits.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { waitRemedy } from "../../substitution/remedies/wait-remedy.ts";

const WINDOW_MS = 6 * 3_600_000;

type Classification = PullFailure["failures"][0]["classification"];

/** Docker Hub's window has six hours: whatever was counted before the refusal is forgotten by then. */
export function limitOf(
  { time, failures }: Pick<PullFailure, "time" | "failures">,
  { kind, limitedAs, registry, mayBeUpstreams }: Classification = failures[0].classification,
): Limit & { readonly endsBy?: string } {
  const struck = time === undefined || kind !== "docker-hub-pull-limit" ? Number.NaN : Date.parse(time);
  return {
    kind,
    ...(limitedAs === undefined ? {} : { limitedAs }),
    ...(registry === undefined ? {} : { registry }),
    ...optional("mayBeUpstreams", mayBeUpstreams),
    ...(Number.isNaN(struck) ? {} : { endsBy: new Date(struck + WINDOW_MS).toISOString() }),
  };
}

/** The end of the limit, where something tries again by itself: a standalone task is not started anew. */
export function waitingFor(failure: PullFailure): readonly Remedy[] {
  const { owner, preemptive, failures } = failure;
  const isOver =
    preemptive || owner.kind === "standalone" || unsupportedReason(failures[0].classification) !== undefined;
  if (isOver) return [];
  return [waitRemedy(limitOf(failure), owner.kind === "scheduled" ? "the next run" : undefined)];
}
