/** What a scan reads of a Kubernetes cluster, each object in the few members that count. Nothing is written. */

import type { IndexRow } from "../kubernetes/image-index.ts";
import type { Mode } from "../kubernetes/mode.ts";
import type { WorkloadModes } from "../kubernetes/workload-modes.ts";
import type { PodFacts } from "../kubernetes/workloads/pod-facts.ts";

export type ScannedPod = {
  readonly facts: PodFacts;
  /** It shows a secret to registries. */
  readonly hasPullSecrets: boolean;
  /** Its containers have ended for good. */
  readonly isDone: boolean;
};

/** A Deployment, StatefulSet, DaemonSet, Job or CronJob. */
export type ScannedTemplate = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly images: readonly { readonly image: string; readonly container: string }[];
  readonly hasPullSecrets: boolean;
  /** Pods that it wants; absent: one on each node. */
  readonly wants?: number;
  /** Of a CronJob, where it is not suspended. */
  readonly schedule?: string;
  /** Of a Job: the CronJob that it is of, as whose its pods count. */
  readonly cronJob?: string;
  /** Of its own metadata. */
  readonly modeLabel?: string;
};

export type ClusterInventory = {
  /** How reports call it: the context. */
  readonly name: string;
  readonly pods: readonly ScannedPod[];
  readonly templates: readonly ScannedTemplate[];
  readonly nodes: readonly { readonly name: string; readonly externalAddress?: string }[];
  /** Namespace → its mode label. */
  readonly modeLabels: ReadonlyMap<string, string>;
  /** Workloads whose label lowers their mode. */
  readonly workloadModes: WorkloadModes;
  /** Where Repull runs. */
  readonly namespace: string;
  /** The chart's mode; undefined: Repull is not installed. */
  readonly mode?: Mode;
  readonly rows: ReadonlyMap<string, IndexRow>;
  /** What could not be read, and why. */
  readonly gaps: readonly string[];
};
