/**
 * How often a registry that counts is asked ahead of any failure: so many HEADs in any hour, so many in a second, and none
 * after a refusal until its window is over. Healing lives from the same address, and must find it unspent.
 *
 * The state is small JSON, which outlives the process: a controller that restarts does not begin a new hour.
 */

export type HeadBudget = {
  /** HEADs in each slot of six minutes, by its number since the epoch. */
  readonly slots: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch: nothing is asked before. */
  readonly stoppedUntil?: number;
};

export const EMPTY_BUDGET: HeadBudget = { slots: {} };
export const HEADS_PER_SECOND = 10;

const SLOT_MS = 360_000;
const HOUR_MS = 3_600_000;
/** Docker Hub's window: https://docs.docker.com/docker-hub/usage/ (read 2026-11). */
const WINDOW_SECONDS = 21_600;

/** How many may be asked now, and, if none may, when to look again. */
export function headsLeft(
  budget: HeadBudget,
  now: number,
  perHour: number,
): { readonly left: number; readonly again?: number } {
  const { stoppedUntil = 0 } = budget;
  // A clock that was set back must not make the stop longer than a window.
  if (now < stoppedUntil && stoppedUntil - now <= WINDOW_SECONDS * 1000)
    return { left: 0, again: stoppedUntil };
  const counted = slotsOfLastHour(budget, now);
  const used = counted.reduce((sum, [, heads]) => sum + heads, 0);
  if (used < perHour) return { left: perHour - used };
  const oldest = Math.min(...counted.map(([slot]) => slot));
  return { left: 0, again: (oldest + 1) * SLOT_MS + HOUR_MS };
}

/** The budget after so many HEADs. */
export function headsAsked(budget: HeadBudget, now: number, heads: number): HeadBudget {
  const slot = Math.floor(now / SLOT_MS);
  const kept = Object.fromEntries(slotsOfLastHour(budget, now)) as Record<string, number>;
  const { stoppedUntil } = budget;
  return {
    slots: { ...kept, [slot]: (kept[slot] ?? 0) + heads },
    ...(stoppedUntil === undefined || stoppedUntil <= now ? {} : { stoppedUntil }),
  };
}

/** The budget after a refusal: nothing until the registry said to come back, or its window is over. */
export function headsRefused(
  budget: HeadBudget,
  now: number,
  refusal: { readonly retryAfterSeconds?: number | undefined; readonly windowSeconds?: number | undefined },
): HeadBudget {
  const seconds = refusal.retryAfterSeconds ?? refusal.windowSeconds ?? WINDOW_SECONDS;
  const until = now + Math.min(Math.max(seconds, 60), WINDOW_SECONDS) * 1000;
  return { slots: budget.slots, stoppedUntil: Math.max(until, budget.stoppedUntil ?? 0) };
}

/** Reads what was kept; any other form counts as a whole hour that is used up, never as a fresh one. */
export function readHeadBudget(text: string | undefined, now: number, perHour: number): HeadBudget {
  if (text === undefined) return EMPTY_BUDGET;
  try {
    const { slots, stoppedUntil } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const isRead =
      typeof slots === "object" &&
      slots !== null &&
      Object.entries(slots).every(
        ([slot, heads]) => /^\d+$/.test(slot) && Number.isInteger(heads) && heads >= 0,
      );
    if (isRead)
      return {
        slots: slots as Record<string, number>,
        ...(typeof stoppedUntil === "number" ? { stoppedUntil } : {}),
      };
  } catch {
    // Below.
  }
  return headsAsked(EMPTY_BUDGET, now, perHour);
}

/** Slots of a time to come count too: a clock that was set back must not give an hour anew. */
function slotsOfLastHour({ slots }: HeadBudget, now: number): readonly (readonly [number, number])[] {
  return Object.entries(slots)
    .map(([slot, heads]) => [Number(slot), heads] as const)
    .filter(([slot]) => (slot + 1) * SLOT_MS > now - HOUR_MS && slot * SLOT_MS < now + HOUR_MS);
}
