/**
 * The controller's life: it campaigns for the Lease, keeps the index and heals while it leads, and stops at once when it does
 * not. The loops are apart, because a silent registry must not keep a pod from being healed.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { type ClusterView, NOT_READ_YET } from "./cluster-view.ts";
import type { Healer } from "./heal/heal-pods.ts";
import type { IndexKeeper } from "./keep-index.ts";
import { type Leader, RENEW_EVERY_SECONDS } from "./leader.ts";
import type { ControllerMetrics } from "./metrics.ts";

export type Duty = {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  /** Also of a process that does not lead. */
  readonly always?: boolean;
  /** Not before the cluster is known. */
  readonly needsView?: boolean;
};

export type RunningParts = {
  readonly view: ClusterView;
  readonly leader: Leader;
  readonly keeper: IndexKeeper;
  readonly healer: Healer;
  /** What the leader does besides. */
  readonly duties?: readonly Duty[];
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Log;
};

const INDEX_EVERY_MS = 2_000;
/** A new leader waits for its view of the cluster. */
const BEGINNING_MS = 200;
const HEAL_EVERY_MS = 500;
const IDLE_MS = 15_000;
const FOLLOWER_MS = 500;

/** Ends when the signal aborts. A bug comes out; what a cluster refuses is logged, and tried again. */
export async function runController(
  { view, leader, keeper, healer, duties = [], metrics, clock, log }: RunningParts,
  signal: AbortSignal,
): Promise<void> {
  const isReady = (): boolean => leader.isLeading() && view.missing().size === 0;
  const loop = async (
    every: number | (() => number),
    name: string,
    run: () => Promise<void>,
  ): Promise<void> => {
    while (!signal.aborted) {
      try {
        await run();
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        log.warn("the cluster refused", { during: name, reason: error.reason, because: error.message });
      }
      await clock.sleep(typeof every === "number" ? every : every(), signal).catch(() => {});
    }
  };

  let begun = false;
  let passedAt = Number.NEGATIVE_INFINITY;
  let seen = -1;
  const index = async (): Promise<void> => {
    if (!isReady()) {
      if (!leader.isLeading()) begun = false;
      return;
    }
    if (!begun) {
      await keeper.begin();
      await healer.begin();
      begun = true;
      seen = -1;
    }
    const idle = clock.now() - passedAt;
    if (seen === view.changes() && idle >= 0 && idle < IDLE_MS) return;
    seen = view.changes();
    await keeper.pass();
    passedAt = clock.now();
  };
  /** A new leader does its duty at once, and then at its times. */
  const dutyOf = ({ everyMs, run, always = false, needsView = false }: Duty): (() => Promise<void>) => {
    let doneAt = Number.NEGATIVE_INFINITY;
    return async () => {
      const age = clock.now() - doneAt;
      if (!always && (!leader.isLeading() || (age >= 0 && age < everyMs))) return;
      if (needsView && !isReady()) return;
      doneAt = clock.now();
      await run();
    };
  };
  let told: ReadonlyMap<string, string> = new Map();
  /** A controller that cannot read, or has no Lease that it may write, does nothing: why is said once, until it is another reason. */
  const tellTrouble = (): void => {
    const trouble = leader.trouble();
    const troubles = new Map<string, string>([
      ...(trouble === undefined ? [] : [["leases", trouble.message] as const]),
      ...[...view.missing()].filter(([, because]) => because !== NOT_READ_YET),
    ]);
    const news = [...troubles].filter(([kind, because]) => told.get(kind) !== because);
    for (const because of new Set(news.map(([, one]) => one))) {
      const kinds = news.flatMap(([kind, one]) => (one === because ? [kind] : []));
      log.warn("the cluster refused", { during: "campaign", kinds, because });
    }
    told = troubles;
  };
  const campaign = async (): Promise<void> => {
    const isLeading = await leader.campaign();
    metrics.leading.set(isLeading ? 1 : 0);
    tellTrouble();
  };

  await Promise.all([
    loop(RENEW_EVERY_SECONDS * 1000, "campaign", campaign),
    loop(() => (begun ? INDEX_EVERY_MS : BEGINNING_MS), "index", index),
    loop(HEAL_EVERY_MS, "heal", async () => {
      if (isReady() && begun) await healer.pass();
    }),
    ...duties.map((duty) => loop(duty.always ? duty.everyMs : FOLLOWER_MS, duty.name, dutyOf(duty))),
  ]);
  await leader.resign();
}
