/** The object whose label keeps Repull off a workload's pods: the workload itself, or its namespace where it has none to bear. */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import type { Kind } from "../../../cluster/kinds.ts";
import { MODE_LABEL } from "../../../kubernetes/mode.ts";
import type { JsonPatch } from "../../../kubernetes/objects/json-patch.ts";
import type { ClusterSession } from "../../account/cluster/cluster-session.ts";
import type { FoundWorkload } from "../../account/cluster/find-workload.ts";
import { printWorkloadName } from "../../account/cluster/workload-name.ts";

export type ModeTarget = {
  readonly kind: Extract<
    Kind,
    "deployments" | "statefulsets" | "daemonsets" | "jobs" | "cronjobs" | "pods" | "namespaces"
  >;
  readonly namespace?: string;
  readonly name: string;
  /** `deployment web`, as kubectl takes it. */
  readonly words: string;
  /** With a namespace: what else runs there, and is left alone too. */
  readonly others: readonly string[];
};

/** Whose metadata the controller reads. A label there is not in the pod template, and starts no rollout. */
const BEARERS = {
  Deployment: "deployments",
  StatefulSet: "statefulsets",
  DaemonSet: "daemonsets",
  Job: "jobs",
  CronJob: "cronjobs",
  Pod: "pods",
} as const;

export function modeTargetOf({ name, template, inventory }: FoundWorkload): ModeTarget {
  const { namespace, kind } = name;
  const bearer = Object.entries(BEARERS).find(([of]) => of === kind)?.[1];
  if (bearer !== undefined && (template !== undefined || bearer === "pods"))
    return {
      kind: bearer,
      namespace,
      name: name.name,
      words: `${kind.toLowerCase()} ${name.name}`,
      others: [],
    };
  const all = [
    ...inventory.templates.map(printWorkloadName),
    ...inventory.pods.map(({ facts }) =>
      printWorkloadName({ ...facts.workload, namespace: facts.namespace }),
    ),
  ].filter((one) => one.startsWith(`${namespace}/`) && one !== printWorkloadName(name));
  return { kind: "namespaces", name: namespace, words: `namespace ${namespace}`, others: [...new Set(all)] };
}

const TRIES = 4;

/** Sets the label `off`; false where it has it. Throws ClusterError. */
export async function setModeOff(
  { kind, namespace, name }: ModeTarget,
  { cluster }: Pick<ClusterSession, "cluster">,
): Promise<boolean> {
  const at = namespace === undefined ? { name } : { namespace, name };
  for (let left = TRIES; ; left -= 1) {
    const found = await cluster.get(kind, at);
    if (found === undefined) throw new ClusterError(404, "NotFound", `${kind} ${name} is gone`);
    const { labels, resourceVersion = "" } = found.metadata;
    if (labels?.[MODE_LABEL] === "off") return false;
    try {
      await cluster.patch(kind, at, patchFor(labels !== undefined, resourceVersion));
      return true;
    } catch (error) {
      // Another has written it in between, or is about to.
      const isChanged = error instanceof ClusterError && ["Conflict", "Invalid"].includes(error.reason);
      if (!isChanged || left <= 1) throw error;
    }
  }
}

/** Without labels there has to be a list first, which would take another's first label away: hence the test. */
function patchFor(hasLabels: boolean, resourceVersion: string): JsonPatch {
  return [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    ...(hasLabels ? [] : [{ op: "add", path: "/metadata/labels", value: {} } as const]),
    { op: "add", path: `/metadata/labels/${MODE_LABEL.replaceAll("/", "~1")}`, value: "off" },
  ];
}
