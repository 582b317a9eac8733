/**
 * Who made a pod, and whether its image may be changed.
 *
 * Operators of their own kinds (databases, message queues) compare their pods with what they asked for, and restart what
 * differs: their pods are reported and left alone, unless the policy names them (scope.owners). The controllers of Kubernetes
 * itself compare nothing after the pod is made.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ (read 2026-11)
 */

import { matchesGlob, type Scope } from "../../substitution/glob.ts";

export type Owner = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
};

/** The workload that people know, for events and reports: `Deployment/web`, where the pod's own owner is a ReplicaSet. */
export type Workload = Omit<Owner, "uid"> & { readonly uid?: string };

/** An object's name has 253 letters. The API server does not check what a pod's author writes of an owner. */
const TEXT_LENGTH_MAX = 320;

/** The controller among a pod's owner references; undefined for a pod that was made by hand. */
export function controllerOf(references: unknown): Owner | undefined {
  if (!Array.isArray(references)) return undefined;
  const found: unknown = references.find(
    (one) => (one as { controller?: unknown } | null)?.controller === true,
  );
  if (typeof found !== "object" || found === null) return undefined;
  const { apiVersion, kind, name, uid } = found as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string")
    return undefined;
  return {
    apiVersion: bounded(apiVersion),
    kind: bounded(kind),
    name: bounded(name),
    uid: typeof uid === "string" ? bounded(uid) : "",
  };
}

/** A copy: V8 keeps the whole of a text as long as a part of it. */
function bounded(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return text;
  return Buffer.from(text.slice(0, TEXT_LENGTH_MAX)).toString();
}

/**
 * The workload of a pod: a Deployment names its ReplicaSets after itself and the hash of the template, which their pods bear
 * as a label. (k8s.io/kubernetes pkg/controller/deployment/sync.go, read 2026-11)
 */
export function workloadOf(
  owner: Owner | undefined,
  podTemplateHash: string | undefined,
  pod: { readonly name: string; readonly uid: string },
): Workload {
  if (owner === undefined) return { apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid };
  const suffix = `-${podTemplateHash}`;
  const isOfDeployment =
    owner.kind === "ReplicaSet" &&
    owner.apiVersion.startsWith("apps/") &&
    podTemplateHash !== undefined &&
    owner.name.endsWith(suffix) &&
    owner.name.length > suffix.length;
  return isOfDeployment
    ? { apiVersion: owner.apiVersion, kind: "Deployment", name: owner.name.slice(0, -suffix.length) }
    : owner;
}

/** `apps/ReplicaSet`, `batch/Job`, `core/ReplicationController`: how scope.owners names a kind. */
export function ownerName({ apiVersion, kind }: Pick<Owner, "apiVersion" | "kind">): string {
  const slash = apiVersion.indexOf("/");
  return `${slash < 0 ? "core" : apiVersion.slice(0, slash)}/${kind}`;
}

/** Whether the policy lets pods of this owner be changed; a pod without an owner is its author's alone. */
export function isOwnerInScope(owner: Owner | undefined, { include, exclude }: Scope): boolean {
  if (owner === undefined) return true;
  const matches = (pattern: string): boolean => matchesGlob(pattern, ownerName(owner));
  return include.some(matches) && !exclude.some(matches);
}
