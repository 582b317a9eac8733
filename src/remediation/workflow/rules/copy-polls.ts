/** How often a copy is polled, and what its end means for the plan. */

import { optional } from "../../../ecs/json-fields.ts";
import { candidateKey } from "../../../substitution/candidate.ts";
import { type CopyFailure, formatCopyFailure } from "../../mirror/copy-failure.ts";
import type { MirrorRejected } from "../../mirror/mirror-result.ts";
import { mirrorRequestOf } from "../../mirror/request-mirrors.ts";
import type { ExecutionStatus } from "../../ports/ports.ts";
import { imagesToMirror } from "../plan.ts";
import { type Copying, type State, surveyAgain } from "../state.ts";
import { shortestPause } from "./shortest-pause.ts";

/** Most copies are done within two minutes. After that one poll a minute, and from ten minutes on one in five. */
const POLL_SECONDS_FIRST = [2, 4, 8, 16, 32] as const;
const POLL_SECONDS = 60;
const LONG_SECONDS = 600;
const POLL_SECONDS_OF_LONG = 300;
const WAIT_SECONDS_MAX = 2 * 3600;

/** Executions that one remediation waits for. */
const ATTEMPTS_MAX = 3;
/** Names that earlier remediations have used up are skipped: the world may have changed since. */
const NAMES_MAX = 40;

export const FIRST_COPY: Copying = { index: 0, attempt: 1, own: 0, polls: 0, waitedSeconds: 0 };

/** A copy is polled within a minute of its start, however long other copies have taken. @param polls of all copies */
export function pauseOfPoll({ polls, waitedSeconds: waited }: Copying, all: number): number {
  return Math.min(pause(polls, waited, shortestPause(all)), WAIT_SECONDS_MAX - waited);
}

function pause(polls: number, waited: number, least: number): number {
  const first = least === 0 ? POLL_SECONDS_FIRST[polls] : undefined;
  if (first !== undefined) return first;
  if (polls === 0) return POLL_SECONDS;
  return Math.max(waited < LONG_SECONDS ? POLL_SECONDS : POLL_SECONDS_OF_LONG, least);
}

/** The state after one poll of the copy that is waited for. */
export function afterPoll(
  state: State,
  { status, isInTarget }: { readonly status?: ExecutionStatus; readonly isInTarget?: boolean },
): State {
  const { copying } = state;
  if (copying === undefined) return state;
  // An execution that was started a moment ago may not be shown yet.
  const isRunning = status === undefined || status.status === "running";
  if (isRunning && copying.waitedSeconds < WAIT_SECONDS_MAX) return state;
  const of = kindOfCopy(state);
  if (isRunning) return failCopy(state, { of, code: "still-running" });
  const { refused, held, limited, repositories } = status;
  if (refused !== undefined)
    return rejectCopy(state, {
      because: refused,
      ...optional("held", held),
      ...optional("limited", limited),
      ...optional("repositories", repositories),
    });
  if (status.status === "succeeded" || isInTarget) return copied(state);
  // It may have met a limit, so it is not tried again at once: the next survey asks the source first.
  const { because } = status;
  if (status.status === "unknown") return failCopy(state, { of, code: "end-unknown", because });
  return nextName(state, { ...copying, failure: { of, code: "ended", status: status.status, because } });
}

/** The next name of the same copy; too many of them, and it counts as failed. */
export function nextName(state: State, { name: _, ...copying }: Copying): State {
  const { failure = { of: kindOfCopy(state), code: "not-started" } } = copying;
  if (copying.attempt === NAMES_MAX || copying.own === ATTEMPTS_MAX) return failCopy(state, failure);
  return { ...state, copying: { ...copying, attempt: copying.attempt + 1 } };
}

/** An image was brought into ECR: the next one is, or the world is surveyed again. */
export function copied(state: State): State {
  const { copying } = state;
  const images = imagesToMirror(state);
  const place = placeIn(state);
  if (copying === undefined || place === undefined) return state;
  const brought = state.brought.includes(place) ? state : { ...state, brought: [...state.brought, place] };
  if (copying.index + 1 < images.length)
    return { ...brought, copying: { ...FIRST_COPY, index: copying.index + 1 } };
  return surveyAgain({ ...brought, copies: state.copies + 1, mirrored: mirroredNow(state) });
}

function failCopy(state: State, failure: CopyFailure): State {
  return rejectCopy(state, { because: formatCopyFailure(failure), failed: true });
}

/** An image could not be brought: the next survey finds another place for it. */
export function rejectCopy(state: State, why: Omit<MirrorRejected, "image" | "place">): State {
  const image = imagesToMirror(state)[state.copying?.index ?? 0]?.image ?? "";
  const rejected = { image, place: placeIn(state) ?? "", ...why };
  return surveyAgain({ ...state, rejected: [...state.rejected, rejected], mirrored: mirroredNow(state) });
}

/** Places that were copied before in this attempt: what says that it is done there is not believed. */
export function wasMirrored(state: State): boolean {
  return state.mirrored.includes(placeIn(state) ?? "");
}

function mirroredNow(state: State): readonly string[] {
  const places = imagesToMirror(state).flatMap(({ substitute }) =>
    substitute ? [candidateKey(substitute.candidate)] : [],
  );
  return [...state.mirrored, ...places];
}

function placeIn(state: State): string | undefined {
  const winner = imagesToMirror(state)[state.copying?.index ?? 0]?.substitute;
  return winner === undefined ? undefined : candidateKey(winner.candidate);
}

function kindOfCopy(state: State): CopyFailure["of"] {
  const image = imagesToMirror(state)[state.copying?.index ?? 0];
  return (image === undefined ? undefined : mirrorRequestOf(image))?.kind ?? "copy";
}
