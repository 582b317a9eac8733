/** The parts of a controller, wired: one cluster, one environment for assessments, one policy. Nothing is asked before it runs. */

import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { Mode } from "../kubernetes/mode.ts";
import type { QuotaStore } from "../remediation/ports/quota-store.ts";
import type { Outcome } from "../remediation/report/outcome.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { ClusterEnvironment } from "./assess-images.ts";
import { followCluster } from "./cluster-view.ts";
import { createEvents } from "./events.ts";
import { createHeadLedger } from "./head-ledger.ts";
import { createHealer } from "./heal/heal-pods.ts";
import { createProver } from "./heal/prove.ts";
import { createQuotaInState } from "./heal/quota-in-state.ts";
import { createIndexObjects } from "./index-objects.ts";
import { createIndexKeeper } from "./keep-index.ts";
import { createLeader } from "./leader.ts";
import { createLeaderState } from "./leader-state.ts";
import { createMetrics } from "./metrics.ts";
import type { RunningParts } from "./run-controller.ts";

export type ControllerPorts = {
  readonly cluster: ClusterPort;
  /** Asked before each round: what it knows of an account may change. */
  readonly environment: () => Promise<ClusterEnvironment>;
  /** Absent: counted in the leader's state. */
  readonly quotaStore?: QuotaStore;
  readonly publish: (outcome: Outcome) => Promise<void>;
  readonly clock: Clock & Timer;
  readonly log: Log;
};

export type ControllerSettings = {
  readonly namespace: string;
  readonly mode: Mode;
  readonly policy: () => Policy;
  readonly allowedRegistries?: readonly string[] | undefined;
  /** Unique for each process. */
  readonly identity: string;
};

const LEASE_NAME = "repull";

/** @param signal ends the following of the cluster */
export function createController(
  ports: ControllerPorts,
  settings: ControllerSettings,
  signal: AbortSignal,
): RunningParts {
  const { cluster, environment, publish, clock, log } = ports;
  const { namespace, identity, policy, allowedRegistries } = settings;
  const metrics = createMetrics();
  const leader = createLeader(cluster, { name: LEASE_NAME, namespace, identity, clock });
  const state = createLeaderState(cluster, namespace);
  const ledger = createHeadLedger(state, { clock, perHour: () => policy().kubernetes.requestsPerHour });
  const view = followCluster(cluster, signal);
  const tellOwner = createEvents(cluster, { clock, log, identity });
  const keeper = createIndexKeeper(
    {
      ...{ view, objects: createIndexObjects(cluster), ledger, leader, state },
      ...{ environment, tellOwner, metrics, clock, log },
    },
    { policy, allowedRegistries, identity },
  );
  const allowed = (host: string): boolean => allowedRegistries?.includes(host) ?? true;
  const healer = createHealer(
    {
      ...{ cluster, view, leader, tellOwner, publish, metrics, clock, log },
      prove: createProver({ view, environment, ledger, rows: keeper.rows, policy, allowed }),
      quotaStore: ports.quotaStore ?? createQuotaInState(state),
    },
    { policy, mode: settings.mode, namespace },
  );
  return { view, leader, keeper, healer, metrics, clock, log };
}
