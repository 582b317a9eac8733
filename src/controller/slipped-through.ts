/**
 * Reports which pods admission should have changed and did not: as a metric by reason, and as an Event of the workload where the
 * proof was there in time, because then a webhook or a policy is not reached.
 *
 * What a pod was found as stays so: a proof that is renewed would make every older pod one that came before it.
 */

import type { IndexRow } from "../kubernetes/image-index.ts";
import { isPodInScope } from "../kubernetes/index/images-in-use.ts";
import { type Mode, modeOf } from "../kubernetes/mode.ts";
import { boundedModes, indexModes, modeOfWorkload } from "../kubernetes/workload-modes.ts";
import type { PodFacts } from "../kubernetes/workloads/pod-facts.ts";
import {
  SLIP_REASONS,
  type Slip,
  type SlipReason,
  slipsOf,
} from "../kubernetes/workloads/slipped-through.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { TellOwner } from "./events.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { useScopeOf } from "./settings.ts";

export type SlipPorts = {
  readonly view: ClusterView;
  readonly rows: () => ReadonlyMap<string, IndexRow>;
  readonly tellOwner: TellOwner;
  readonly metrics: Pick<ControllerMetrics, "slipped">;
  readonly clock: Pick<Clock, "now">;
};

export type SlipSettings = {
  readonly policy: () => Policy;
  readonly mode: Mode;
  readonly namespace: string;
};

const EVENTS_OF_A_PASS = 20;

export function createSlipReporter(
  { view, rows, tellOwner, metrics, clock }: SlipPorts,
  { policy, mode, namespace }: SlipSettings,
): { pass(): Promise<void> } {
  let found = new Map<string, SlipReason>();

  const current = (): readonly Slip[] => {
    const scope = useScopeOf(policy());
    const ceiling = policy().mode === "remediate" ? mode : modeOf(mode, "observe");
    // As admission sees them: of very many workloads the index says less than their labels.
    const modes = new Map(Object.entries(boundedModes(indexModes(view.templates.values()))));
    const context = {
      rows: rows(),
      modeOf: (pod: PodFacts) =>
        modeOf(
          ceiling,
          view.namespaces.get(pod.namespace)?.modeLabel,
          modeOfWorkload(modes, pod.namespace, pod.workload),
          pod.modeLabel,
        ),
      now: clock.now(),
    };
    return [...view.pods.values()]
      .filter((pod) => pod.namespace !== namespace && isPodInScope(pod, scope))
      .flatMap((pod) => slipsOf(pod, context));
  };

  return {
    async pass() {
      if (view.missing().size > 0) return;
      const known = new Map<string, SlipReason>();
      const counts = new Map<SlipReason, Set<string>>();
      const fresh: Slip[] = [];
      for (const slip of current()) {
        const key = `${slip.pod.uid}/${slip.container}`;
        const before = found.get(key);
        const reason = before ?? slip.reason;
        known.set(key, reason);
        if (before === undefined && reason === "not-asked") fresh.push(slip);
        const pods = counts.get(reason) ?? new Set<string>();
        counts.set(reason, pods.add(slip.pod.uid));
      }
      found = known;
      metrics.slipped.reset();
      for (const reason of Object.keys(SLIP_REASONS) as SlipReason[])
        metrics.slipped.set({ reason }, counts.get(reason)?.size ?? 0);
      for (const { pod, image, use } of fresh.slice(0, EVENTS_OF_A_PASS))
        await tellOwner({
          namespace: pod.namespace,
          workload: pod.workload,
          type: "Warning",
          reason: "ImageNotSwapped",
          action: "Admitting",
          note: `A new pod runs ${image}, and ${use} was proved: admission did not change it. repull doctor --kube-context says why.`,
        });
    },
  };
}
