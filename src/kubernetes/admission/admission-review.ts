/**
 * AdmissionReview v1: what the API server asks a webhook, and the only answer that this one gives, which is yes.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request (read 2026-11); what the
 * server checks of an answer is in k8s.io/apiserver v0.36.3, pkg/admission/plugin/webhook/request/admissionreview.go.
 */

import { membersOf } from "../../runtime/json.ts";
import { controllerOf, workloadOf } from "../workloads/owners.ts";

export type AdmissionRequest = {
  readonly uid: string;
  readonly operation: string;
  readonly subResource?: string;
  readonly namespace: string;
  readonly username: string;
  readonly pod: PodObject;
  /** The pod before an UPDATE. */
  readonly oldPod?: PodObject;
};

export type PodObject = {
  readonly labels: Readonly<Record<string, string>>;
  /** Absent where the object has none: a patch has to add them first. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owners: readonly { readonly apiVersion: string; readonly kind: string }[];
  /** What made it, as people name it: the Deployment, where a ReplicaSet did; absent for a pod that was made by hand. */
  readonly workload?: { readonly kind: string; readonly name: string };
  readonly spec: unknown;
};

/** An operation of RFC 6902. Never a `test`: one that does not hold refuses the pod. */
export type AdmissionChange =
  | { readonly op: "add"; readonly path: string; readonly value: string | Readonly<Record<string, never>> }
  | { readonly op: "replace"; readonly path: string; readonly value: string }
  | { readonly op: "remove"; readonly path: string };

export type AdmissionAnswer = {
  readonly patch: readonly AdmissionChange[];
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
};

/** What is asked; undefined where it is not an AdmissionReview of a pod. */
export function readAdmissionReview(document: unknown): AdmissionRequest | undefined {
  const { kind, apiVersion, request } = membersOf(document);
  if (kind !== "AdmissionReview" || apiVersion !== "admission.k8s.io/v1") return undefined;
  const { uid, operation, subResource, namespace, userInfo, object, oldObject } = membersOf(request);
  if (typeof uid !== "string" || uid === "" || typeof operation !== "string") return undefined;
  if (membersOf(object).kind !== "Pod") return undefined;
  const isUpdate = membersOf(oldObject).kind === "Pod";
  return {
    uid,
    operation,
    ...(typeof subResource === "string" && subResource !== "" ? { subResource } : {}),
    namespace: typeof namespace === "string" ? namespace : "",
    username: String(membersOf(userInfo).username ?? ""),
    pod: podOf(object),
    ...(isUpdate ? { oldPod: podOf(oldObject) } : {}),
  };
}

/** The document that answers: allowed, with a patch only where there is one. An empty patch would be an error. */
export function admissionReviewOf(uid: string, answer?: AdmissionAnswer): unknown {
  const { patch = [], warnings = [], auditAnnotations = {} } = answer ?? {};
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: true,
      ...(patch.length === 0
        ? {}
        : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(Object.keys(auditAnnotations).length === 0 ? {} : { auditAnnotations }),
    },
  };
}

function podOf(object: unknown): PodObject {
  const { metadata, spec } = membersOf(object);
  const { labels, annotations, ownerReferences } = membersOf(metadata);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.map(membersOf) : [];
  const owner = controllerOf(ownerReferences);
  const known = textsOf(labels);
  return {
    labels: known,
    ...(owner === undefined
      ? {}
      : { workload: workloadOf(owner, known["pod-template-hash"], { name: "", uid: "" }) }),
    ...(typeof annotations === "object" && annotations !== null ? { annotations: textsOf(annotations) } : {}),
    owners: owners.map(({ apiVersion, kind }) => ({ apiVersion: String(apiVersion), kind: String(kind) })),
    spec,
  };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(membersOf(value)).filter(([, text]) => typeof text === "string");
  // No prototype: a key of the pod's is looked up in it.
  return Object.assign(Object.create(null), Object.fromEntries(texts));
}
