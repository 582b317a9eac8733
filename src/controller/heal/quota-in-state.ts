/**
 * The policy's quotas where no stack counts them: in the leader's state, by comparing versions. What cannot be read or
 * written is not granted.
 */

import type { QuotaPeriod, QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { LeaderState } from "../leader-state.ts";

/** Window → who has taken how much of it. */
type Windows = Readonly<
  Record<string, { readonly endsAt: number; readonly taken: Readonly<Record<string, number>> }>
>;

const WINDOWS_MAX = 8;

export function createQuotaInState(state: Pick<LeaderState, "read" | "update">): QuotaStore {
  const takenIn = (windows: Windows, { name }: QuotaPeriod): Readonly<Record<string, number>> =>
    windows[name]?.taken ?? {};
  return {
    async acquire({ period, requester, amount, max }) {
      let reached: number | undefined;
      await state.update("quotas", (before) => {
        const windows = readWindows(before);
        const taken = takenIn(windows, period);
        reached = undefined;
        if (taken[requester] !== undefined) return before ?? "{}";
        const used = Object.values(taken).reduce((sum, one) => sum + one, 0);
        if (used + amount > max) {
          reached = used;
          return before ?? "{}";
        }
        const kept = Object.entries(windows)
          .filter(([name]) => name !== period.name)
          .toSorted(([, a], [, b]) => b.endsAt - a.endsAt)
          .slice(0, WINDOWS_MAX - 1);
        const window = { endsAt: period.endsAt, taken: { ...taken, [requester]: amount } };
        return JSON.stringify({ ...Object.fromEntries(kept), [period.name]: window });
      });
      return reached === undefined ? { kind: "granted" } : { kind: "reached", used: reached };
    },
    // Told as Events and metrics here.
    claimNotification: async () => false,
    used: async (window) => {
      const taken = takenIn(readWindows(await state.read("quotas")), window);
      return Object.values(taken).reduce((sum, one) => sum + one, 0);
    },
  };
}

function readWindows(text: string | undefined): Windows {
  if (text === undefined) return {};
  return JSON.parse(text) as Windows;
}
