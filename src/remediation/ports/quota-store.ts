/** What has been used of the policy's quotas, counted in one place for all executions. */

/** One window of one quota: an hour or a day. */
export type QuotaPeriod = {
  /** Unique: the quota and the beginning. */
  readonly name: string;
  /** When it is over, in milliseconds since the epoch; some time later it may be forgotten. */
  readonly endsAt: number;
};

export interface QuotaStore {
  /**
   * Takes so much of a window, all of it or nothing, in one atomic write. Who has taken already takes nothing more,
   * however often it asks: an answer that was lost, or a replay, costs no second claim.
   */
  acquire(request: {
    readonly period: QuotaPeriod;
    readonly requester: string;
    readonly amount: number;
    readonly max: number;
  }): Promise<
    | { readonly kind: "granted" }
    /** With what the others have taken. */
    | { readonly kind: "reached"; readonly used: number }
  >;
  /** Whether this claimant is the one to report that the window is used up: the first who asks, each time it asks. */
  claimNotification(window: QuotaPeriod, claimant: string): Promise<boolean>;
  /** How much of a window is taken. */
  used(window: QuotaPeriod): Promise<number>;
}

/** For a person who watches what is done, and for callers without a stack. */
export const UNLIMITED: QuotaStore = {
  acquire: async () => ({ kind: "granted" }),
  claimNotification: async () => false,
  used: async () => 0,
};
