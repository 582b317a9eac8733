/**
 * Registries as the index asks them: a HEAD at one that counts pulls is taken from a budget first, which a restart does not
 * renew, and a refusal there ends all questions until its window is over.
 */

import { canonicalName, type ImageReference } from "../image/reference.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import {
  HEADS_PER_SECOND,
  type HeadBudget,
  headsAsked,
  headsLeft,
  headsRefused,
  readHeadBudget,
} from "../kubernetes/index/head-budget.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import type { Clock } from "../runtime/clock.ts";
import { createTokenBucket } from "../runtime/token-bucket.ts";
import type { LeaderState } from "./leader-state.ts";

type Heard = { readonly head: Awaited<ReturnType<Registries["headManifest"]>>; readonly at: number };

export type HeadLedger = {
  /** Reads what earlier leaders have asked. */
  load(): Promise<void>;
  /** Whether a HEAD may be asked now. */
  left(): ReturnType<typeof headsLeft>;
  /** The same registries, within the budget. */
  within(registries: Registries): Registries;
  /** What such a registry has answered to this process lately; `head` is undefined where it has no such image. */
  heard(reference: ImageReference, maxAgeMs: number): Heard | undefined;
  /** HEADs that were sent by this process, and refusals. */
  readonly counted: { asked: number; refused: number };
};

/** Taken from the kept budget at once, so that not every HEAD is a write. */
const RESERVED = 20;
const RESERVATION_MS = 360_000;
const HEARD_MAX = 5_000;

export function createHeadLedger(
  state: Pick<LeaderState, "read" | "update">,
  { clock, perHour }: { readonly clock: Clock; readonly perHour: () => number },
): HeadLedger {
  // Nothing is asked before what was asked is known.
  let budget: HeadBudget = headsAsked({ slots: {} }, clock.now(), perHour());
  let reserved = { heads: 0, until: 0 };
  const answers = new Map<string, Heard>();
  const counted = { asked: 0, refused: 0 };
  const pace = createTokenBucket({ burst: 1, perSecond: HEADS_PER_SECOND }, clock);

  const keep = async (change: (budget: HeadBudget) => HeadBudget): Promise<void> => {
    await state.update("heads", (before) => {
      budget = change(readHeadBudget(before, clock.now(), perHour()));
      return JSON.stringify(budget);
    });
  };
  const take = async (): Promise<boolean> => {
    const now = clock.now();
    if (headsLeft(budget, now, perHour()).again === budget.stoppedUntil && budget.stoppedUntil !== undefined)
      return false;
    if (reserved.heads === 0 || now >= reserved.until) {
      const { left } = headsLeft(budget, now, perHour());
      const heads = Math.min(RESERVED, left);
      if (heads === 0) return false;
      await keep((before) => headsAsked(before, now, heads));
      reserved = { heads, until: now + RESERVATION_MS };
    }
    reserved.heads -= 1;
    return true;
  };
  let last: Promise<unknown> = Promise.resolve();
  const takeInTurn = (): Promise<boolean> => {
    const turn = last.then(take, take).catch(() => false);
    last = turn;
    return turn;
  };

  return {
    counted,
    heard(reference, maxAgeMs) {
      const found = answers.get(canonicalName(reference));
      const age = clock.now() - (found?.at ?? 0);
      return age >= 0 && age < maxAgeMs ? found : undefined;
    },
    left: () => {
      const now = clock.now();
      const { left, again } = headsLeft(budget, now, perHour());
      const isStopped = again !== undefined && again === budget.stoppedUntil;
      const unspent = isStopped || now >= reserved.until ? 0 : reserved.heads;
      return { left: left + unspent, ...(again === undefined || unspent > 0 ? {} : { again }) };
    },
    async load() {
      budget = readHeadBudget(await state.read("heads"), clock.now(), perHour());
      reserved = { heads: 0, until: 0 };
    },
    within: (registries) => ({
      ...registries,
      async headManifest(reference, signal) {
        if (!isDockerHubFront(reference.host)) return await registries.headManifest(reference, signal);
        if (!(await takeInTurn()))
          throw new RegistryError(`${reference.host} was not asked: the budget of requests is used up`, {
            kind: "unavailable",
            host: reference.host,
            unanswered: "not-asked",
          });
        await pace.take();
        counted.asked += 1;
        try {
          const head = await registries.headManifest(reference, signal);
          if (answers.size >= HEARD_MAX) answers.clear();
          answers.set(canonicalName(reference), { head, at: clock.now() });
          return head;
        } catch (error) {
          if (error instanceof RegistryError && error.kind === "rate-limited") {
            counted.refused += 1;
            const { retryAfterSeconds, quota } = error;
            const refusal = { retryAfterSeconds, windowSeconds: quota?.windowSeconds };
            // In memory at once, whether it can be kept or not.
            budget = headsRefused(budget, clock.now(), refusal);
            await keep((before) => headsRefused(before, clock.now(), refusal)).catch(() => {});
          }
          throw error;
        }
      },
    }),
  };
}
