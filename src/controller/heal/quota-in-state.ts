/**
 * The policy's quotas where no stack counts them: in the leader's state, by comparing versions. What cannot be read or
 * written is not granted.
 */

import type { QuotaPeriod, QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { LeaderState } from "../leader-state.ts";

type Window = {
  readonly endsAt: number;
  readonly taken: Readonly<Record<string, number>>;
  /** Who reports that it is used up. */
  readonly toldBy?: string;
};
type Windows = Readonly<Record<string, Window>>;
type Request = Parameters<QuotaStore["acquire"]>[0];
type Answer = Awaited<ReturnType<QuotaStore["acquire"]>>;
type Claim = {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

const WINDOWS_MAX = 8;

export function createQuotaInState(state: Pick<LeaderState, "read" | "update">): QuotaStore {
  let waiting: Claim[] = [];
  let isWriting = false;
  /** A storm's workloads ask within a moment: what waits while one write is under way is written by the next together. */
  const writeWaiting = async (): Promise<void> => {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) {
      const claims = waiting;
      waiting = [];
      try {
        let answers: readonly Answer[] = [];
        await state.update("quotas", (before) => {
          const taken = takeAll(claims, before);
          answers = taken.answers;
          return taken.text;
        });
        for (const [at, { resolve }] of claims.entries()) resolve(answers[at] as Answer);
      } catch (error) {
        for (const { reject } of claims) reject(error);
      }
    }
    isWriting = false;
  };

  return {
    acquire: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        void writeWaiting();
      }),
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

/** Takes what each asks for, in their order. */
function takeAll(
  claims: readonly Pick<Claim, "request">[],
  before: string | undefined,
): { readonly text: string; readonly answers: readonly Answer[] } {
  let text = before ?? "{}";
  const answers = claims.map(({ request }): Answer => {
    const { period, requester, amount, max } = request;
    const windows = readWindows(text);
    const window = windowIn(windows, period);
    if (window.taken[requester] !== undefined) return { kind: "granted" };
    const used = usedOf(window);
    if (used + amount > max) return { kind: "reached", used };
    const taken = { ...window.taken, [requester]: amount };
    text = withWindow(windows, period.name, { ...window, taken });
    return { kind: "granted" };
  });
  return { text, answers };
}

function windowIn(windows: Windows, { name, endsAt }: QuotaPeriod): Window {
  return windows[name] ?? { endsAt, taken: {} };
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
