/** What the function is asked: by `repull mirrors prune` for a dry run or a run that writes; by its schedule to write. */

export const MIRRORS_DETAIL_TYPE = "Mirrors Pruned";

export type PruneRequest = { readonly dryRun: boolean };

/** Anything that does not say otherwise in so many words is a dry run. */
export function isDryRunIn(event: unknown): boolean {
  return !(typeof event === "object" && event !== null && "dryRun" in event && event.dryRun === false);
}
