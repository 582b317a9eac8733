/**
 * The policy's quotas where no stack counts them: in the leader's state, by comparing versions. What cannot be read or
 * written is not granted.
 */

import type { QuotaPeriod, QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { LeaderState } from "../leader-state.ts";

type Window = {
  readonly endsAt: number;
  readonly taken: Readonly<Record<string, number>>;
  /** Who tells that it is used up. */
  readonly toldBy?: string;
};
type Windows = Readonly<Record<string, Window>>;

const WINDOWS_MAX = 8;

export function createQuotaInState(state: Pick<LeaderState, "read" | "update">): QuotaStore {
  const windowIn = (windows: Windows, { name, endsAt }: QuotaPeriod): Window =>
    windows[name] ?? { endsAt, taken: {} };
  return {
    async acquire({ period, requester, amount, max }) {
      let reached: number | undefined;
      await state.update("quotas", (before) => {
        const windows = readWindows(before);
        const window = windowIn(windows, period);
        reached = undefined;
        if (window.taken[requester] !== undefined) return before ?? "{}";
        const used = usedOf(window);
        if (used + amount > max) {
          reached = used;
          return before ?? "{}";
        }
        const taken = { ...window.taken, [requester]: amount };
        return withWindow(windows, period.name, { ...window, taken });
      });
      return reached === undefined ? { kind: "granted" } : { kind: "reached", used: reached };
    },
    async claimNotification(period, claimant) {
      let toldBy = claimant;
      await state.update("quotas", (before) => {
        const windows = readWindows(before);
        const window = windowIn(windows, period);
        toldBy = window.toldBy ?? claimant;
        return withWindow(windows, period.name, { ...window, toldBy });
      });
      return toldBy === claimant;
    },
    used: async (period) => usedOf(windowIn(readWindows(await state.read("quotas")), period)),
  };
}

/** The newest windows alone are kept. */
function withWindow(windows: Windows, name: string, window: Window): string {
  const others = Object.entries(windows)
    .filter(([other]) => other !== name)
    .toSorted(([, a], [, b]) => b.endsAt - a.endsAt)
    .slice(0, WINDOWS_MAX - 1);
  return JSON.stringify({ ...Object.fromEntries(others), [name]: window });
}

function usedOf({ taken }: Window): number {
  return Object.values(taken).reduce((sum, one) => sum + one, 0);
}

function readWindows(text: string | undefined): Windows {
  if (text === undefined) return {};
  return JSON.parse(text) as Windows;
}
