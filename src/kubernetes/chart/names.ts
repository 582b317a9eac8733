/** What the chart's objects are called, and the conditions that several of them share. */

import { type Members, put, type Test } from "./marks.ts";

export const NAMESPACE = put("Release.Namespace");
/** One installation in a cluster: the objects without a namespace have this name too. */
export const NAME = "repull";
export const WEBHOOK = "repull-webhook";
/** Filled by the controller or by cert-manager; the chart makes it without data. */
export const CERTIFICATE_SECRET = "repull-tls";
export const POLICY_CONFIG_MAP = "repull-policy";
export const STATE_CONFIG_MAP = "repull-state";
export const COPIES_CONFIG_MAP = "repull-copies";
export const WRITES_CONFIG_MAP = "repull-writes";

/** The account whose writes the API server fences. */
export const CONTROLLER_ACCOUNT = `system:serviceaccount:${NAMESPACE}:${NAME}`;

/** From here on the API server can swap images itself: MutatingAdmissionPolicy is v1, and on. */
const POLICIES_SINCE: Test = { kubernetesFrom: "1.36" };
const IS_AUTO: Test = { is: "Values.admission", oneOf: ["auto"] };

export const USES_POLICY: Test = {
  any: [{ is: "Values.admission", oneOf: ["policy", "both"] }, { all: [IS_AUTO, POLICIES_SINCE] }],
};
export const USES_WEBHOOK: Test = {
  any: [{ is: "Values.admission", oneOf: ["webhook", "both"] }, { all: [IS_AUTO, { not: POLICIES_SINCE }] }],
};
export const REMEDIATES: Test = { is: "Values.mode", oneOf: ["remediate"] };
/** The controller reports to the account's clean-up which images are in use. */
export const REPORTS_IMAGES: Test = { all: [{ set: "Values.aws.enabled" }, { set: "Values.aws.cluster" }] };
export const OWN_CERTIFICATES: Test = {
  all: [USES_WEBHOOK, { is: "Values.certificates.from", oneOf: ["controller"] }],
};
export const OTHERS_CERTIFICATES: Test = {
  all: [USES_WEBHOOK, { is: "Values.certificates.from", oneOf: ["cert-manager"] }],
};

type Component = "controller" | "webhook";

/** What a selector selects by. It can never change, so nothing of a version is in it. */
export function selectorOf(component: Component): Members {
  return { "app.kubernetes.io/name": NAME, "app.kubernetes.io/component": component };
}

const LABELS: Members = {
  "app.kubernetes.io/name": NAME,
  "app.kubernetes.io/version": put("Chart.AppVersion"),
};

export function inNamespace(name: string, component?: Component): Members {
  return { ...clusterWide(name, component), namespace: NAMESPACE };
}

export function clusterWide(name: string, component?: Component): Members {
  const more = component === undefined ? {} : { "app.kubernetes.io/component": component };
  return { name, labels: { ...LABELS, ...more } };
}

/** An object of another folder's making, with the chart's labels. It is plain data, whatever its type says. */
export function labelled(object: object & { readonly metadata: object }): Members {
  const { metadata } = object;
  const own = "labels" in metadata ? (metadata.labels as Members) : {};
  return { ...(object as Members), metadata: { ...(metadata as Members), labels: { ...LABELS, ...own } } };
}
