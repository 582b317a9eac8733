/** Which pods policy, webhook and fence look at, in the API server's words. */

/** Namespaces that Repull never changes a pod of: a cluster's own, which may be what repairs the cluster. */
export const SYSTEM_NAMESPACES = ["kube-system", "kube-node-lease"] as const;

/** A selector of every namespace but the cluster's own and ours. */
export function outsideOf(namespace: string) {
  return {
    key: "kubernetes.io/metadata.name",
    operator: "NotIn",
    values: [...SYSTEM_NAMESPACES, namespace],
  };
}

/**
 * Pods, and the subresource by which `kubectl debug` adds a container. A static pod is never seen; its mirror is, and kubelet
 * refuses one that was changed (https://github.com/enix/kube-image-keeper/issues/560).
 */
export function podRules() {
  const rule = { apiGroups: [""], apiVersions: ["v1"], scope: "Namespaced" };
  return [
    { ...rule, operations: ["CREATE", "UPDATE"], resources: ["pods"] },
    { ...rule, operations: ["UPDATE"], resources: ["pods/ephemeralcontainers"] },
  ];
}

export const NO_MIRROR_POD = {
  name: "no-mirror-pod",
  expression: `!("kubernetes.io/config.mirror" in object.metadata.?annotations.orValue({}))`,
};

/** Operators that compare their pods with what they made start them again and again when an image differs. */
export const OWNED_BY_KUBERNETES = {
  name: "no-foreign-owner",
  expression: [
    "object.metadata.?ownerReferences.orValue([]).all(o,",
    'o.apiVersion.startsWith("apps/") || o.apiVersion.startsWith("batch/")',
    '|| (o.apiVersion == "v1" && o.kind == "ReplicationController"))',
  ].join(" "),
};

/** What the controller writes into a stuck pod is decided already. */
export function notWrittenBy(account: string) {
  return { name: "not-ours", expression: `request.userInfo.username != "${account}"` };
}
