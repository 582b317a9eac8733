/**
 * The MutatingAdmissionPolicy that puts proved images into pods inside the API server: `answerFor` in CEL, over the index.
 *
 * Kubernetes 1.36 and later. Nothing of ours is on the request's path. Render it only where the mode is `remediate`: CEL
 * cannot warn. What it was found to need (kube-apiserver 1.36.3, pkg/admission/plugin/policy/mutating, read and tried 2026-11):
 *
 * - CEL has no clock. The API server writes the time of this request into `metadata.managedFields` before admission, so the
 *   newest time there is now, or later if the client made one up: a row then has expired. No times there, nothing is changed.
 * - An expression that fails, or makes a patch that does not apply, is skipped by `failurePolicy: Ignore`.
 * - A policy that a match condition left out is not called again when a webhook injects a container. It has no match
 *   conditions for that reason, and because each of them would be evaluated for each index object.
 * - It runs once for each index object, each time on the pod as the last one left it; and again after a change.
 *
 * Every parameter is text that is put in as it is: the Helm chart puts its own placeholders in.
 */

import { INDEX_API, INDEX_LABEL } from "../image-index.ts";
import { MODE_LABEL } from "../mode.ts";
import { swapPatch, VARIABLES } from "./swap-images-cel.ts";
import { NO_MIRROR_POD, notWrittenBy, OWNED_BY_KUBERNETES, outsideOf, podRules } from "./which-pods.ts";

const NAME = "repull-images";

/** @param account the controller's user name; what it writes is its own decision @param namespace where Repull runs */
export function swapImagesPolicy({ account, namespace }: { account: string; namespace: string }) {
  const { group, version, kind } = INDEX_API;
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicy",
    metadata: { name: NAME },
    spec: {
      failurePolicy: "Ignore",
      reinvocationPolicy: "IfNeeded",
      paramKind: { apiVersion: `${group}/${version}`, kind },
      matchConstraints: {
        matchPolicy: "Equivalent",
        namespaceSelector: { matchExpressions: [outsideOf(namespace), IN_REMEDIATE] },
        objectSelector: { matchExpressions: [IN_REMEDIATE] },
        resourceRules: podRules(),
      },
      variables: VARIABLES,
      mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: swapPatch(isOpenTo(account)) } }],
    },
  };
}

/** Not match conditions: each would be evaluated for each index object, before the one look that ends most evaluations. */
function isOpenTo(account: string): string {
  const isRemediated = `object.metadata.?labels[?"${MODE_LABEL}"].orValue("remediate") == "remediate"`;
  const all = [NO_MIRROR_POD, OWNED_BY_KUBERNETES, notWrittenBy(account)].map(({ expression }) => expression);
  return [...all, isRemediated, HAS_NO_LOWERED_WORKLOAD].map((expression) => `(${expression})`).join("\n&& ");
}

/** `modeOfWorkload` (workload-modes.ts) in CEL: nothing in the index lowers the mode of what made the pod. */
const HAS_NO_LOWERED_WORKLOAD = [
  "size(params.spec.?modes.orValue({})) == 0",
  '|| !("*" in params.spec.modes || request.namespace in params.spec.modes',
  "  || object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false)",
  '    && ((request.namespace + "/" + o.kind + "/" + o.name) in params.spec.modes',
  '      || o.kind == "ReplicaSet" && object.metadata.?labels[?"pod-template-hash"].hasValue()',
  '        && o.name.endsWith("-" + object.metadata.labels["pod-template-hash"])',
  '        && (request.namespace + "/Deployment/" + o.name.substring(0, size(o.name) - size(object.metadata.labels["pod-template-hash"]) - 1)) in params.spec.modes',
  '      || o.kind == "Job" && o.name.matches("^.+-[0-9]+$")',
  '        && (request.namespace + "/CronJob/" + o.name.substring(0, o.name.lastIndexOf("-"))) in params.spec.modes',
  '      || o.kind == "Job" && (request.namespace + "/Job") in params.spec.modes && !o.name.matches("^.+-[0-9]+$"))))',
].join("\n");

/** Binds the policy to every object of the index. */
export function swapImagesBinding() {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicyBinding",
    metadata: { name: NAME },
    spec: {
      policyName: NAME,
      paramRef: {
        selector: { matchLabels: { [INDEX_LABEL.key]: INDEX_LABEL.value } },
        parameterNotFoundAction: "Allow",
      },
    },
  };
}

/** Spares the evaluation where a label says so. An unknown word is for the expressions: a selector cannot say "none or this". */
const IN_REMEDIATE = { key: MODE_LABEL, operator: "NotIn", values: ["off", "observe"] };
