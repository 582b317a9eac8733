/** A workload of a cluster with its pods. Throws InvalidInput where there is none of that name. */

import { InvalidInput } from "../../../image/invalid-input.ts";
import type { Mode } from "../../../kubernetes/mode.ts";
import { modeOf } from "../../../kubernetes/mode.ts";
import { modeOfWorkload } from "../../../kubernetes/workload-modes.ts";
import type { ClusterInventory, ScannedPod, ScannedTemplate } from "../../../scan/cluster-inventory.ts";
import { suggest } from "../../../text/suggest.ts";
import type { ClusterSession } from "./cluster-session.ts";
import { readInventory } from "./read-inventory.ts";
import { printWorkloadName, type WorkloadName } from "./workload-name.ts";

export type FoundWorkload = {
  readonly name: WorkloadName;
  readonly template?: ScannedTemplate;
  readonly pods: readonly ScannedPod[];
  readonly inventory: ClusterInventory;
  /** What labels, chart and policy allow together; of a workload without pods by its own and its namespace's. */
  readonly mode: Mode;
};

export async function findWorkload(wanted: WorkloadName, session: ClusterSession): Promise<FoundWorkload> {
  const inventory = await readInventory(session);
  const isWanted = (one: WorkloadName): boolean => printWorkloadName(one) === printWorkloadName(wanted);
  const template = inventory.templates.find(isWanted);
  // A CronJob's pods are its Jobs', whose names show it only while they are those of a schedule.
  const jobs = inventory.templates.filter(
    ({ namespace, cronJob }) =>
      cronJob !== undefined && isWanted({ namespace, kind: "CronJob", name: cronJob }),
  );
  const names = new Set([wanted, ...jobs].map(printWorkloadName));
  const pods = inventory.pods.filter(({ facts }) =>
    names.has(printWorkloadName({ ...facts.workload, namespace: facts.namespace })),
  );
  if (template === undefined && pods.length === 0) {
    const known = [
      ...inventory.templates.map(printWorkloadName),
      ...inventory.pods.map(({ facts }) =>
        printWorkloadName({ ...facts.workload, namespace: facts.namespace }),
      ),
    ];
    const likely = suggest(printWorkloadName(wanted), known);
    const perhaps = likely === undefined ? "" : `, perhaps ${likely}`;
    throw new InvalidInput(
      "NAME",
      `a workload of the cluster: there is no ${printWorkloadName(wanted)}${perhaps}`,
    );
  }
  const chart = session.mode ?? "observe";
  const ceiling = session.policy.mode === "remediate" ? chart : modeOf(chart, "observe");
  const labels = [
    inventory.modeLabels.get(wanted.namespace),
    modeOfWorkload(inventory.workloadModes, wanted.namespace, wanted),
  ];
  return {
    name: wanted,
    pods,
    inventory,
    mode: modeOf(ceiling, ...labels, ...pods.slice(0, 1).map(({ facts }) => facts.modeLabel)),
    ...(template === undefined ? {} : { template }),
  };
}
