/**
 * The accounts and their rights. They follow the mode: an installation that observes cannot patch a pod.
 *
 * No right on Secrets in the cluster: one Role, one Secret by its name. An object of a fixed name is made by the chart, so that
 * nothing needs the right to create Secrets or ConfigMaps, which cannot be limited to a name.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources (read 2026-11)
 */

import { type Members, type Node, put, when } from "./marks.ts";
import {
  CERTIFICATE_SECRET,
  COPIES_CONFIG_MAP,
  clusterWide,
  inNamespace,
  NAME,
  NAMESPACE,
  OWN_CERTIFICATES,
  REMEDIATES,
  REPORTS_IMAGES,
  STATE_CONFIG_MAP,
  USES_WEBHOOK,
  WEBHOOK,
  WRITES_CONFIG_MAP,
} from "./names.ts";

/** A list, and then each change of it. */
const FOLLOW = ["list", "watch"];
const RBAC = "rbac.authorization.k8s.io/v1";

function rule(
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  names?: readonly string[],
): Members {
  return { apiGroups: [group], resources, ...(names === undefined ? {} : { resourceNames: names }), verbs };
}

const CONTROLLER_RULES: readonly Node[] = [
  rule("", ["pods", "nodes", "namespaces"], FOLLOW),
  rule("apps", ["deployments", "statefulsets", "daemonsets"], FOLLOW),
  rule("batch", ["jobs", "cronjobs"], FOLLOW),
  rule("repull.dev", ["imageindexes"], ["list", "create", "update", "delete"]),
  rule("events.k8s.io", ["events"], ["create"]),
  // What a workload may go back to, and other owners of pods: read for a report of the images in use.
  when(REPORTS_IMAGES, rule("apps", ["replicasets", "controllerrevisions"], ["list"])),
  when(REPORTS_IMAGES, rule("apiextensions.k8s.io", ["customresourcedefinitions"], ["list"])),
  when(REPORTS_IMAGES, rule("", ["replicationcontrollers", "podtemplates"], ["list"])),
  when(REMEDIATES, rule("", ["pods"], ["patch"])),
  when(
    OWN_CERTIFICATES,
    rule("admissionregistration.k8s.io", ["mutatingwebhookconfigurations"], ["get", "patch"], [NAME]),
  ),
];

/** It answers from the index alone. */
const WEBHOOK_RULES: readonly Node[] = [rule("repull.dev", ["imageindexes"], FOLLOW)];

const OWN_NAMESPACE_RULES: readonly Node[] = [
  rule("coordination.k8s.io", ["leases"], ["create"]),
  rule("coordination.k8s.io", ["leases"], ["get", "update"], [NAME]),
  rule("", ["configmaps"], ["get", "update"], [STATE_CONFIG_MAP, COPIES_CONFIG_MAP]),
  rule("", ["configmaps"], ["get"], [WRITES_CONFIG_MAP]),
];

export const RIGHTS_DOCUMENTS: readonly Node[] = [
  account(NAME, { annotations: put("Values.serviceAccount.annotations") }),
  { apiVersion: RBAC, kind: "ClusterRole", metadata: clusterWide(NAME), rules: CONTROLLER_RULES },
  binding("Cluster", NAME, NAME),
  { apiVersion: RBAC, kind: "Role", metadata: inNamespace(NAME), rules: OWN_NAMESPACE_RULES },
  binding("", NAME, NAME),
  when(OWN_CERTIFICATES, {
    apiVersion: RBAC,
    kind: "Role",
    metadata: inNamespace(CERTIFICATE_SECRET),
    rules: [rule("", ["secrets"], ["get", "update"], [CERTIFICATE_SECRET])],
  }),
  when(OWN_CERTIFICATES, binding("", CERTIFICATE_SECRET, NAME)),
  when(USES_WEBHOOK, account(WEBHOOK, {})),
  when(USES_WEBHOOK, {
    apiVersion: RBAC,
    kind: "ClusterRole",
    metadata: clusterWide(WEBHOOK),
    rules: WEBHOOK_RULES,
  }),
  when(USES_WEBHOOK, binding("Cluster", WEBHOOK, WEBHOOK)),
];

function account(name: string, more: Members): Members {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...inNamespace(name), ...more } };
}

function binding(scope: "Cluster" | "", name: string, to: string): Members {
  return {
    apiVersion: RBAC,
    kind: `${scope}RoleBinding`,
    metadata: scope === "" ? inNamespace(name) : clusterWide(name),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: `${scope}Role`, name },
    subjects: [{ kind: "ServiceAccount", name: to, namespace: NAMESPACE }],
  };
}
