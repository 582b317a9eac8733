/**
 * Whether a pod may be changed, or an image copied, now: the pause, the operator's calendars, and the quota, in this order.
 *
 * The pause is read before every write. What is closed stays closed for a while for those who asked: hundreds of waiting pods
 * must not ask the API server the same thing twice a second.
 */

import { PortError } from "../../assessment/ports.ts";
import { ClusterError } from "../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../cluster/cluster-port.ts";
import { type ClosedCalendar, closedCalendar } from "../../remediation/gates/change-calendar.ts";
import { acquire, formatQuotaExceeded } from "../../remediation/gates/quotas.ts";
import type { ChangeCalendar } from "../../remediation/ports/change-calendar.ts";
import type { QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { reasonOfPause } from "./pause.ts";

export type ClosedGate = {
  readonly kind: "paused" | "calendar" | "quota";
  readonly because: string;
  /** When it is worth asking again. */
  readonly again: number;
  /** When it opens by itself, where that is known. */
  readonly opensAt?: number;
};

export type GatePorts = {
  readonly cluster: Pick<ClusterPort, "get">;
  readonly quotaStore: QuotaStore;
  /** Absent: a calendar cannot be read, and is closed. */
  readonly changeCalendar?: ChangeCalendar;
  readonly clock: Clock & Timer;
  readonly log: Log;
};

export type Gates = {
  /**
   * Undefined where it may be done.
   * @param requester takes one place of the hour, however often it asks; undefined: it has its place
   */
  closed(requester: string | undefined): Promise<ClosedGate | undefined>;
};

const PAUSED_MS = 5_000;
const CALENDAR_MS = 60_000;
const UNREAD_MS = 60_000;

export function createGates(
  ports: GatePorts,
  settings: { readonly policy: () => Policy; readonly namespace: string },
): Gates {
  const { cluster, quotaStore, clock, log } = ports;
  let calendar: { readonly key: string; readonly until: number; readonly closed?: ClosedGate } | undefined;

  // Those who ask while a question is under way get its answer.
  let reading: Promise<string | undefined> | undefined;
  const readPause = (): Promise<string | undefined> => {
    reading ??= reasonOfPause(cluster, settings.namespace).finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const paused = async (): Promise<ClosedGate | undefined> => {
    const because = await readPause();
    return because === undefined ? undefined : { kind: "paused", because, again: clock.now() + PAUSED_MS };
  };

  const closedByCalendar = async (): Promise<ClosedGate | undefined> => {
    const { changeCalendar: calendars } = settings.policy();
    if (calendars.length === 0) return undefined;
    const now = clock.now();
    const key = calendars.join(" ");
    if (calendar?.key === key && now < calendar.until && now >= calendar.until - CALENDAR_MS)
      return calendar.closed;
    const closed = await readCalendars(calendars, ports.changeCalendar, now);
    calendar = { key, until: now + CALENDAR_MS, ...(closed === undefined ? {} : { closed }) };
    return closed;
  };

  const takenUp = async (requester: string | undefined): Promise<ClosedGate | undefined> => {
    if (requester === undefined) return undefined;
    const { quotas } = settings.policy();
    try {
      const reached = await acquire({ quota: "remediationsPerHour", requester }, quotas, {
        quotaStore,
        clock,
      });
      if (reached === undefined) return undefined;
      const { opensAt } = reached;
      // A quota may be raised at any time.
      const again = Math.min(opensAt, clock.now() + UNREAD_MS);
      return { kind: "quota", because: formatQuotaExceeded(reached), again, opensAt };
    } catch (error) {
      if (!(error instanceof ClusterError || error instanceof PortError || error instanceof SyntaxError))
        throw error;
      log.warn("the quota could not be read", { because: error.message });
      const again = clock.now() + UNREAD_MS;
      return { kind: "quota", because: `the quota cannot be read: ${error.message}`, again, opensAt: again };
    }
  };

  return {
    closed: async (requester) => (await paused()) ?? (await closedByCalendar()) ?? (await takenUp(requester)),
  };
}

async function readCalendars(
  calendars: readonly string[],
  changeCalendar: ChangeCalendar | undefined,
  now: number,
): Promise<ClosedGate | undefined> {
  const gate = (because: string, opensAt?: number): ClosedGate => ({
    kind: "calendar",
    because,
    again: now + CALENDAR_MS,
    ...(opensAt === undefined ? {} : { opensAt }),
  });
  if (changeCalendar === undefined)
    return gate("a Change Calendar needs AWS, and the controller runs without");
  try {
    const closed = await closedCalendar(calendars, changeCalendar);
    return closed && gate(becauseOf(closed), closed.opensAt);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return gate(`the Change Calendar cannot be read: ${error.message}`);
  }
}

function becauseOf({ calendars, unread }: ClosedCalendar): string {
  const names = calendars.join(", ");
  return unread === undefined
    ? `a Change Calendar of the policy is closed: ${names}`
    : `a Change Calendar of the policy cannot be read (${names}): ${unread.because}`;
}
