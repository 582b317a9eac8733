/**
 * Objects of a cluster, as far as Repull reads them.
 *
 * What is read is kept whole: members that are not named here are there all the same, and go back to the server with a
 * replace. https://kubernetes.io/docs/reference/kubernetes-api/ (1.36, read 2026-11)
 */

type Metadata = {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
};

type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
};

/** What every object has. The server leaves `apiVersion` and `kind` out of a list's items; the port puts them back. */
export type ClusterObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
};

type Container = {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly restartPolicy?: string;
};

type PodVolume = {
  readonly name: string;
  readonly image?: { readonly reference?: string; readonly pullPolicy?: string };
};

type PodSpec = {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly hostNetwork?: boolean;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly PodVolume[];
};

export type ContainerStatus = {
  readonly name: string;
  readonly image?: string;
  /** `repository@sha256:…` as the node's runtime has it; empty until the image is there. */
  readonly imageID?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number };
  };
};

export type Pod = ClusterObject & {
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly Condition[];
  };
};

type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
};

export type Node = ClusterObject & {
  readonly spec?: { readonly providerID?: string; readonly unschedulable?: boolean };
  readonly status?: {
    readonly nodeInfo?: {
      readonly architecture?: string;
      readonly operatingSystem?: string;
      readonly osImage?: string;
      readonly containerRuntimeVersion?: string;
      readonly kubeletVersion?: string;
    };
    readonly conditions?: readonly Condition[];
  };
};

type Template = {
  readonly metadata?: Metadata;
  readonly spec?: PodSpec;
};

/** Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job. */
export type Workload = ClusterObject & {
  readonly spec?: { readonly replicas?: number; readonly template?: Template };
};

export type CronJob = ClusterObject & {
  readonly spec?: {
    readonly suspend?: boolean;
    readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
  };
};

export type PodTemplate = ClusterObject & { readonly template?: Template };

/** `spec.rows` is read by `readRows` of the image index, which does not believe what it reads. */
export type ImageIndexObject = ClusterObject & {
  readonly spec: { readonly rows: unknown; readonly modes?: unknown };
};

/** coordination.k8s.io/v1; the times have microseconds: `2026-11-29T08:00:00.000000Z`. */
export type Lease = ClusterObject & {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
};

/** `data` is base64. */
export type Secret = ClusterObject & {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
};

export type ConfigMap = ClusterObject & { readonly data?: Readonly<Record<string, string>> };

/** events.k8s.io/v1. The server wants `eventTime`, `reportingController`, `reportingInstance`, `action`, `reason` and `type`. */
export type ClusterEvent = ClusterObject & {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: "Normal" | "Warning";
  /** At most 1,024 bytes. */
  readonly note?: string;
  readonly regarding?: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly fieldPath?: string;
  };
};

/** Objects that are handed on or compared as they are: definitions, webhook configurations, policies and their bindings. */
export type OtherObject = ClusterObject & { readonly spec?: unknown; readonly [member: string]: unknown };
