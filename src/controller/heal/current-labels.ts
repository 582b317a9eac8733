/**
 * What the labels of a pod, its namespace and its workload say of the mode at this moment.
 *
 * To prove an image may take half a minute at a silent registry, and a pass has many: who has labelled a workload meanwhile,
 * and was promised that it is left alone, must not see its pods changed.
 */

import { loweredModes, modeOfWorkload, type WorkloadModes } from "../../kubernetes/workload-modes.ts";
import type { PodFacts } from "../../kubernetes/workloads/pod-facts.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ClusterView } from "../cluster-view.ts";

/** Thousands of waiting pods ask about thousands of workloads. */
const READ_EVERY_MS = 250;

export function createLabels(
  view: Pick<ClusterView, "pods" | "templates" | "namespaces" | "changes">,
  clock: Pick<Clock, "now">,
): (pod: PodFacts) => readonly (string | undefined)[] {
  let modes: WorkloadModes = new Map();
  let seen = -1;
  let at = Number.NEGATIVE_INFINITY;
  return ({ uid, namespace, workload }) => {
    const age = clock.now() - at;
    if (seen !== view.changes() && (age < 0 || age >= READ_EVERY_MS)) {
      modes = loweredModes(view.templates.values());
      seen = view.changes();
      at = clock.now();
    }
    return [
      view.namespaces.get(namespace)?.modeLabel,
      modeOfWorkload(modes, namespace, workload),
      view.pods.get(uid)?.modeLabel,
    ];
  };
}
