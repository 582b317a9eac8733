/** The event loop's rounds: no time passes by them, and no clock measures them. */

/** Runs something once what has come in this round is read; answers how to call it off. */
export function afterThisRound(run: () => void): () => void {
  const due = setImmediate(run);
  return () => clearImmediate(due);
}
