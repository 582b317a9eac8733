/** The promises that a run is judged by, and how a broken one is reported. */

export const INVARIANTS = [
  "same-bytes",
  "nothing-lost",
  "not-overwritten",
  "never-worse",
  "adopted",
  "opted-out",
  "bounded",
  "recorded",
  "no-secret",
  "healed",
  "one-execution",
  "copied-once",
  "approved",
  "capped",
  "once",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: Invariant;
  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}
