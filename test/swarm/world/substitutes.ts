/**
 * Counts what the loop guard has to bound: substitutes of one service, by the executions that deployed them.
 *
 * The attempts of one failing deployment are one execution here, as they are for the product.
 */

const HOURS = 3_600_000;
/** For one failing revision: two in six hours and four in a day; one more where two executions could not see each other yet. */
const OF_SIX_HOURS = 3;
const OF_A_DAY = 5;
/** For whatever revisions: six deploys are answered in six hours, and the one that is being answered. */
const OF_ALL = 9;

type Substitute = { readonly former: string; readonly by: string; readonly at: number };

export function createSubstitutes(onTooMany: (what: string) => void) {
  const made = new Map<string, Substitute[]>();

  return {
    /** @param service its ARN; @param former the failing revision */
    deployed(service: string, former: string, execution: string, now: number): void {
      const by = execution.replace(/-\d+$/, "");
      const all = made.get(service) ?? [];
      made.set(service, all);
      if (all.some((one) => one.by === by && one.former === former)) return;
      all.push({ former, by, at: now });
      const within = (hours: number) => all.filter(({ at }) => now - at < hours * HOURS);
      const same = (hours: number) => within(hours).filter((one) => one.former === former).length;
      const what = `substitutes for ${former} of ${service}`;
      if (same(6) > OF_SIX_HOURS) onTooMany(`${same(6)} ${what} in six hours`);
      if (same(24) > OF_A_DAY) onTooMany(`${same(24)} ${what} in a day`);
      if (within(6).length > OF_ALL) onTooMany(`${within(6).length} substitutes of ${service} in six hours`);
    },
    /** How many a service has had. */
    of: (service: string): number => made.get(service)?.length ?? 0,
  };
}
