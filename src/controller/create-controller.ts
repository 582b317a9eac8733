/** The parts of a controller, wired: one cluster, one environment for assessments, one policy. Nothing is asked before it runs. */

import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { Mode } from "../kubernetes/mode.ts";
import { isAllowedBy } from "../kubernetes/policies/allowed-images.ts";
import type { ChangeCalendar } from "../remediation/ports/change-calendar.ts";
import type { QuotaStore } from "../remediation/ports/quota-store.ts";
import type { Outcome } from "../remediation/report/outcome.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { ClusterEnvironment } from "./assess-images.ts";
import { type ClusterView, followCluster } from "./cluster-view.ts";
import type { Copies } from "./copies/copies.ts";
import { createCopyRefresher, REFRESH_EVERY_MS, type RefreshTarget } from "./copies/refresh-copies.ts";
import { createImageReporter, type ImageReportTarget, REPORT_EVERY_MS } from "./copies/report-images.ts";
import { createEvents, type UidOf } from "./events.ts";
import { createHeadLedger } from "./head-ledger.ts";
import { createGates } from "./heal/gates.ts";
import { createHealer } from "./heal/heal-pods.ts";
import { createOpenHeals } from "./heal/open-heals.ts";
import { createProver } from "./heal/prove.ts";
import { createQuotaInState } from "./heal/quota-in-state.ts";
import { createIndexObjects } from "./index-objects.ts";
import { createIndexKeeper } from "./keep-index.ts";
import { createLeader } from "./leader.ts";
import { createLeaderState } from "./leader-state.ts";
import { createMetrics } from "./metrics.ts";
import type { Duty, RunningParts } from "./run-controller.ts";
import { createSlipReporter } from "./slipped-through.ts";

export type ControllerPorts = {
  readonly cluster: ClusterPort;
  /** Asked before each round: what it knows of an account may change. */
  readonly environment: () => Promise<ClusterEnvironment>;
  /** Absent: counted in the leader's state. */
  readonly quotaStore?: QuotaStore;
  /** Absent: nothing is copied. @param quotaStore where the bytes of the day are counted @param mayBegin whether this process leads */
  readonly copiesWith?: (quotaStore: QuotaStore, mayBegin?: () => boolean) => Copies;
  /** Absent: a calendar of the policy counts as closed. */
  readonly changeCalendar?: ChangeCalendar;
  readonly publish: (outcome: Outcome) => Promise<void>;
  /** Where the images in use are reported; absent: nowhere. */
  readonly reportImages?: ImageReportTarget;
  /** The account whose copies are refreshed; absent: none are. */
  readonly refresh?: RefreshTarget;
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
const SLIPS_EVERY_MS = 15_000;

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
  const tellOwner = createEvents(cluster, { clock, log, identity, uidOf: uidsIn(view) });
  const keeper = createIndexKeeper(
    {
      view,
      objects: createIndexObjects(cluster),
      ledger,
      leader,
      state,
      environment,
      tellOwner,
      metrics,
      clock,
      log,
    },
    { policy, allowedRegistries, identity },
  );
  const allowed = (image: string): boolean => isAllowedBy(allowedRegistries, image);
  const quotaStore = ports.quotaStore ?? createQuotaInState(state);
  const copies = ports.copiesWith?.(quotaStore, leader.isLeading);
  const gatePorts = { cluster, quotaStore, clock, log };
  const healer = createHealer(
    {
      cluster,
      view,
      leader,
      tellOwner,
      publish,
      metrics,
      clock,
      log,
      prover: createProver({
        view,
        environment,
        ledger,
        policy,
        allowed,
        rows: keeper.rows,
        copies: copies !== undefined,
      }),
      ...(copies === undefined ? {} : { copies }),
      gates: createGates(
        ports.changeCalendar === undefined
          ? gatePorts
          : { ...gatePorts, changeCalendar: ports.changeCalendar },
        { policy, namespace },
      ),
      openHeals: createOpenHeals(state),
      onPlace: keeper.renew,
    },
    { policy, mode: settings.mode, namespace },
  );
  const slips = createSlipReporter(
    { view, rows: keeper.rows, tellOwner, metrics, clock },
    { policy, mode: settings.mode, namespace },
  );
  const duties: Duty[] = [{ name: "slips", everyMs: SLIPS_EVERY_MS, run: slips.pass }];
  if (ports.reportImages !== undefined) {
    const reporter = createImageReporter(
      { cluster, view, rows: keeper.rows, metrics, clock, log },
      ports.reportImages,
    );
    duties.push({ name: "report images", everyMs: REPORT_EVERY_MS, run: reporter.pass });
  }
  if (ports.refresh !== undefined) {
    const refresher = createCopyRefresher(
      {
        cluster,
        view,
        leader,
        ledger,
        environment,
        tellOwner,
        metrics,
        clock,
        log,
        ...(copies === undefined ? {} : { executions: copies.executions }),
      },
      { policy, mode: settings.mode, namespace, identity, allowed },
      ports.refresh,
    );
    duties.push({ name: "refresh copies", everyMs: REFRESH_EVERY_MS, run: refresher.pass, needsView: true });
  }
  return { duties, view, leader, keeper, healer, metrics, clock, log };
}

/** The uid of a workload that a pod names without it: `kubectl describe` finds events by the uid. */
function uidsIn({ templates }: Pick<ClusterView, "templates">): UidOf {
  return (namespace, { kind, name }) => {
    for (const one of templates.values())
      if (one.kind === kind && one.name === name && one.namespace === namespace) return one.uid;
    return undefined;
  };
}
