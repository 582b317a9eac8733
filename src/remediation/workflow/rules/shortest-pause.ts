/**
 * How long a remediation pauses at least between two looks at what it waits for, by how many looks it has spent.
 *
 * Lambda ends an execution at 3,000 operations, and a look is two: a step and a wait. One that waits for an hour looks every
 * minute; one that waits for a day, for quotas and slow copies, has to look less and less often.
 */

/** Up to so many looks, so many seconds. */
const TIERS = [
  { looks: 100, seconds: 0 },
  { looks: 200, seconds: 300 },
] as const;
const LAST_SECONDS = 1800;

/** In seconds; 0 where there is no need to hold back. */
export function shortestPause(polls: number): number {
  return TIERS.find((tier) => polls < tier.looks)?.seconds ?? LAST_SECONDS;
}
