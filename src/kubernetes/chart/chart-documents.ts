/** Every document of the chart, a list for each file of its `templates/`. */

import type { Json } from "../../runtime/json.ts";
import { imageIndexCrd } from "../policies/image-index-crd.ts";
import { ADMISSION_DOCUMENTS } from "./admission-documents.ts";
import { CERTIFICATE_DOCUMENTS } from "./certificate-documents.ts";
import { fill, type Scope } from "./fill.ts";
import { type Node, put, when } from "./marks.ts";
import {
  COPIES_CONFIG_MAP,
  inNamespace,
  labelled,
  POLICY_CONFIG_MAP,
  STATE_CONFIG_MAP,
  WRITES_CONFIG_MAP,
} from "./names.ts";
import { POD_DOCUMENTS } from "./pod-documents.ts";
import { RIGHTS_DOCUMENTS } from "./rights-documents.ts";

const crd = imageIndexCrd();
/** In the templates, because Helm never upgrades what is in `crds/`; kept, because with it every row would go. */
const CRD_DOCUMENTS: readonly Node[] = [
  when(
    { set: "Values.crd.install" },
    labelled({ ...crd, metadata: { ...crd.metadata, annotations: { "helm.sh/resource-policy": "keep" } } }),
  ),
];

const SETTINGS_DOCUMENTS: readonly Node[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: inNamespace(POLICY_CONFIG_MAP),
    data: { "policy.json": `${put("Values.policy", "json")}\n` },
  },
  // Without data: what the controller notes there, no upgrade takes away.
  { apiVersion: "v1", kind: "ConfigMap", metadata: inNamespace(STATE_CONFIG_MAP) },
  { apiVersion: "v1", kind: "ConfigMap", metadata: inNamespace(COPIES_CONFIG_MAP) },
  // A pause is another key, which no upgrade knows and so none lifts.
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: inNamespace(WRITES_CONFIG_MAP),
    data: { writes: "allowed" },
  },
];

export const CHART_DOCUMENTS: Readonly<Record<string, readonly Node[]>> = {
  "admission.yaml": ADMISSION_DOCUMENTS,
  "certificates.yaml": CERTIFICATE_DOCUMENTS,
  "crd.yaml": CRD_DOCUMENTS,
  "pods.yaml": POD_DOCUMENTS,
  "rights.yaml": RIGHTS_DOCUMENTS,
  "settings.yaml": SETTINGS_DOCUMENTS,
};

/** The kinds that others rest on, as Helm orders them: https://github.com/helm/helm/blob/main/pkg/release/v1/util/kind_sorter.go */
const FIRST = [
  "PodDisruptionBudget",
  "ServiceAccount",
  "Secret",
  "ConfigMap",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "Service",
  "Deployment",
];

/** The objects that an installation with these values has, those first that others rest on. */
export function chartObjects(scope: Scope): readonly Json[] {
  const objects = Object.values(CHART_DOCUMENTS)
    .flat()
    .map((document) => fill(document, scope))
    .filter((object) => object !== undefined);
  return objects.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf(object: Json): number {
  const kind = typeof object === "object" && object !== null && "kind" in object ? String(object.kind) : "";
  const place = FIRST.indexOf(kind);
  return place < 0 ? FIRST.length : place;
}
