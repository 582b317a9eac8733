/** The kinds of objects that Repull asks a cluster about: where the API has each, and what it looks like. */

import type {
  ClusterEvent,
  ClusterObject,
  ConfigMap,
  CronJob,
  ImageIndexObject,
  Lease,
  Node,
  OtherObject,
  Pod,
  PodTemplate,
  Secret,
  Workload,
} from "../kubernetes/objects/objects.ts";

/** Kind → the shape of its objects. The names are those of the API's paths. */
export type Objects = {
  pods: Pod;
  nodes: Node;
  namespaces: ClusterObject;
  deployments: Workload;
  replicasets: Workload;
  statefulsets: Workload;
  daemonsets: Workload;
  jobs: Workload;
  cronjobs: CronJob;
  replicationcontrollers: Workload;
  controllerrevisions: OtherObject;
  podtemplates: PodTemplate;
  imageindexes: ImageIndexObject;
  leases: Lease;
  secrets: Secret;
  configmaps: ConfigMap;
  events: ClusterEvent;
  services: OtherObject;
  customresourcedefinitions: OtherObject;
  mutatingwebhookconfigurations: OtherObject;
  mutatingadmissionpolicies: OtherObject;
  mutatingadmissionpolicybindings: OtherObject;
  validatingadmissionpolicies: OtherObject;
  validatingadmissionpolicybindings: OtherObject;
};

export type Kind = keyof Objects;

type Place = {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
};

const inNamespaces = (group: string, kind: string): Place => ({
  group,
  version: "v1",
  kind,
  isNamespaced: true,
});
const ofCluster = (group: string, kind: string): Place => ({
  group,
  version: "v1",
  kind,
  isNamespaced: false,
});

const ADMISSION = "admissionregistration.k8s.io";

// biome-ignore format: a table is read by its columns
export const KINDS: { readonly [K in Kind]: Place } = {
  pods:                              inNamespaces("", "Pod"),
  nodes:                             ofCluster("", "Node"),
  namespaces:                        ofCluster("", "Namespace"),
  deployments:                       inNamespaces("apps", "Deployment"),
  replicasets:                       inNamespaces("apps", "ReplicaSet"),
  statefulsets:                      inNamespaces("apps", "StatefulSet"),
  daemonsets:                        inNamespaces("apps", "DaemonSet"),
  jobs:                              inNamespaces("batch", "Job"),
  cronjobs:                          inNamespaces("batch", "CronJob"),
  replicationcontrollers:            inNamespaces("", "ReplicationController"),
  controllerrevisions:               inNamespaces("apps", "ControllerRevision"),
  podtemplates:                      inNamespaces("", "PodTemplate"),
  imageindexes:                      ofCluster("repull.dev", "ImageIndex"),
  leases:                            inNamespaces("coordination.k8s.io", "Lease"),
  secrets:                           inNamespaces("", "Secret"),
  configmaps:                        inNamespaces("", "ConfigMap"),
  events:                            inNamespaces("events.k8s.io", "Event"),
  services:                          inNamespaces("", "Service"),
  customresourcedefinitions:         ofCluster("apiextensions.k8s.io", "CustomResourceDefinition"),
  mutatingwebhookconfigurations:     ofCluster(ADMISSION, "MutatingWebhookConfiguration"),
  mutatingadmissionpolicies:         ofCluster(ADMISSION, "MutatingAdmissionPolicy"),
  mutatingadmissionpolicybindings:   ofCluster(ADMISSION, "MutatingAdmissionPolicyBinding"),
  validatingadmissionpolicies:       ofCluster(ADMISSION, "ValidatingAdmissionPolicy"),
  validatingadmissionpolicybindings: ofCluster(ADMISSION, "ValidatingAdmissionPolicyBinding"),
};

/** `v1`, `apps/v1`. */
export function apiVersionOf(kind: Kind): string {
  const { group, version } = KINDS[kind];
  return group === "" ? version : `${group}/${version}`;
}
