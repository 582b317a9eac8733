/**
 * How the API server is configured to call our webhook.
 *
 * An AdmissionReview does not carry the labels of the pod's namespace, but the API server selects by them, always fresh: so there
 * are three entries, by what the label `repull.dev/mode` says, and the path says which one called. Nothing is asked of a pod
 * that could become true later: an entry whose match condition left a pod out is not called again when another webhook injects
 * a container (k8s.io/apiserver v0.36.3, webhook/mutating/dispatcher.go).
 *
 * Every parameter is text that is put in as it is. `caBundle` is left out: the certificates' keeper writes it.
 */

import { MODE_LABEL } from "../mode.ts";
import { NO_MIRROR_POD, outsideOf, podRules } from "./which-pods.ts";

/** Paths of the webhook: pods of namespaces that lower no mode, and of those that say `observe` or an unknown word. */
export const WEBHOOK_PATHS = { pods: "/pods", observed: "/pods/observe" } as const;

/** `mutatingwebhookconfigurations/repull`. Configurations run in the order of their names; this one comes after istio and linkerd. */
export function webhookConfiguration({ namespace, serviceName }: { namespace: string; serviceName: string }) {
  const entry = (name: string, path: string, modeOfNamespace: readonly object[]) => ({
    name,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Ignore",
    // The least that there is; ours answers within 200 ms or not at all.
    timeoutSeconds: 1,
    matchPolicy: "Equivalent",
    reinvocationPolicy: "IfNeeded",
    clientConfig: { service: { namespace, name: serviceName, path, port: 443 } },
    namespaceSelector: { matchExpressions: [outsideOf(namespace), ...modeOfNamespace] },
    objectSelector: { matchExpressions: [{ key: MODE_LABEL, operator: "NotIn", values: ["off"] }] },
    matchConditions: [NO_MIRROR_POD],
    rules: podRules(),
  });
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "repull" },
    webhooks: [
      entry("pods.repull.dev", WEBHOOK_PATHS.pods, [{ key: MODE_LABEL, operator: "DoesNotExist" }]),
      entry("remediated-pods.repull.dev", WEBHOOK_PATHS.pods, [
        { key: MODE_LABEL, operator: "In", values: ["remediate"] },
      ]),
      entry("observed-pods.repull.dev", WEBHOOK_PATHS.observed, [
        { key: MODE_LABEL, operator: "Exists" },
        { key: MODE_LABEL, operator: "NotIn", values: ["remediate", "off"] },
      ]),
    ],
  };
}
