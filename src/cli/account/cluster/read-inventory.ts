/** Reads a cluster for a scan: each object is reduced as it comes, because a cluster has thousands of pods. */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import type { Kind } from "../../../cluster/kinds.ts";
import { listReduced } from "../../../cluster/list-reduced.ts";
import { MODE_LABEL } from "../../../kubernetes/mode.ts";
import { podImages, templateOf } from "../../../kubernetes/pod-images.ts";
import { cronJobOf, loweredModes, modeLabelIn } from "../../../kubernetes/workload-modes.ts";
import { hasPullSecrets, podFacts } from "../../../kubernetes/workloads/pod-facts.ts";
import { membersOf } from "../../../runtime/json.ts";
import type { ClusterInventory, ScannedPod, ScannedTemplate } from "../../../scan/cluster-inventory.ts";
import type { ClusterSession } from "./cluster-session.ts";

const TEMPLATES = ["deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"] as const;

/** Throws ClusterError where not even the pods can be listed. */
export async function readInventory(session: ClusterSession): Promise<ClusterInventory> {
  const { cluster, name, namespace, mode, rows } = session;
  const gaps = [...session.gaps];
  const orGap = async <T>(kind: Kind, read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      gaps.push(`${kind}: ${error.message}`);
      return [];
    }
  };
  const pods = (await listReduced(cluster, "pods", scannedPod)).flatMap((pod) => pod ?? []);
  const templates: ScannedTemplate[] = [];
  for (const kind of TEMPLATES) {
    const found = await orGap(kind, () => listReduced(cluster, kind, scannedTemplate));
    templates.push(...found.flatMap((template) => template ?? []));
  }
  const nodes = await orGap("nodes", () => listReduced(cluster, "nodes", scannedNode));
  const labels = await orGap("namespaces", () =>
    listReduced(
      cluster,
      "namespaces",
      ({ metadata }) => [metadata.name ?? "", metadata.labels?.[MODE_LABEL]] as const,
    ),
  );
  return {
    name,
    pods,
    templates,
    nodes,
    namespace,
    rows,
    gaps,
    workloadModes: loweredModes(templates),
    modeLabels: new Map(labels.flatMap(([of, label]) => (label === undefined ? [] : [[of, label] as const]))),
    ...(mode === undefined ? {} : { mode }),
  };
}

function scannedPod(object: unknown): ScannedPod | undefined {
  const facts = podFacts(object);
  if (facts === undefined) return undefined;
  const { spec, status } = membersOf(object);
  const { phase } = membersOf(status);
  return {
    facts,
    hasPullSecrets: hasPullSecrets(spec),
    isDone: phase === "Succeeded" || phase === "Failed",
  };
}

function scannedTemplate(object: unknown): ScannedTemplate | undefined {
  const template = templateOf(object);
  const { kind, metadata, spec } = membersOf(object);
  const { namespace, name, ownerReferences } = membersOf(metadata);
  if (template === undefined || typeof namespace !== "string" || typeof name !== "string") return undefined;
  const modeLabel = modeLabelIn(metadata);
  const own = kind === "CronJob" ? membersOf(membersOf(membersOf(spec).jobTemplate).spec) : membersOf(spec);
  const { replicas, parallelism } = own;
  const { suspend, schedule } = membersOf(spec);
  const wants = typeof replicas === "number" ? replicas : typeof parallelism === "number" ? parallelism : 1;
  const cronJob = cronJobOf(kind, ownerReferences);
  return {
    kind: String(kind),
    namespace,
    name,
    images: podImages(template.spec).map(({ image, container }) => ({ image, container })),
    hasPullSecrets: hasPullSecrets(template.spec),
    ...(kind === "DaemonSet" ? {} : { wants }),
    ...(typeof schedule === "string" && suspend !== true ? { schedule } : {}),
    ...(modeLabel === undefined ? {} : { modeLabel }),
    ...(cronJob === undefined ? {} : { cronJob }),
  };
}

function scannedNode(object: unknown): ClusterInventory["nodes"][number] {
  const { metadata, status } = membersOf(object);
  const { addresses } = membersOf(status);
  const external = (Array.isArray(addresses) ? addresses.map(membersOf) : []).find(
    ({ type }) => type === "ExternalIP",
  );
  return {
    name: String(membersOf(metadata).name),
    ...(typeof external?.address === "string" ? { externalAddress: external.address } : {}),
  };
}
