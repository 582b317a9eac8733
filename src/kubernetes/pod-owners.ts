/**
 * Whether a pod is of Kubernetes' own controllers, or of none.
 *
 * An operator that compares its pods with what it made of them starts them again and again when an image differs: CloudNativePG,
 * Strimzi and others do (https://github.com/cloudnative-pg/cloudnative-pg/issues/6344). Such pods are reported, not changed.
 */

/** @param owners a pod's `metadata.ownerReferences` */
export function isOwnedByKubernetes(
  owners: readonly { readonly apiVersion: string; readonly kind: string }[],
): boolean {
  return owners.every(
    ({ apiVersion, kind }) =>
      apiVersion.startsWith("apps/") ||
      apiVersion.startsWith("batch/") ||
      (apiVersion === "v1" && kind === "ReplicationController"),
  );
}
