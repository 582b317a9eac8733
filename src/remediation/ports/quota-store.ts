/** What has been used of the owner's caps, counted in one place for all executions. */

/** One window of one cap: an hour or a day. */
export type CapWindow = {
  /** Unique: the cap and the beginning. */
  readonly name: string;
  /** When it is over, in milliseconds since the epoch; some time later it may be forgotten. */
  readonly endsAt: number;
};

export interface Caps {
  /**
   * Takes so much of a window, all of it or nothing, in one atomic write. Who has taken already takes nothing more,
   * however often it asks: an answer that was lost, or a replay, costs no second claim.
   */
  claim(request: {
    readonly window: CapWindow;
    readonly claimant: string;
    readonly amount: number;
    readonly max: number;
  }): Promise<
    | { readonly kind: "granted" }
    /** With what the others have taken. */
    | { readonly kind: "reached"; readonly used: number }
  >;
  /** Whether this claimant is the one to tell that the window is used up: the first who asks, each time it asks. */
  tellsOfIt(window: CapWindow, claimant: string): Promise<boolean>;
  /** How much of a window is taken. */
  used(window: CapWindow): Promise<number>;
}

/** For a person who watches what is done, and for whoever has no stack. */
export const NO_CAPS: Caps = {
  claim: async () => ({ kind: "granted" }),
  tellsOfIt: async () => false,
  used: async () => 0,
};
