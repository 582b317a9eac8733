/**
 * The answer to one request of the API server: bytes in, bytes out. Whatever goes wrong on our side, the pod is admitted as it
 * is; only what is not an AdmissionReview at all has no answer, and then the API server admits the pod by its failure policy.
 */

import { patchOf } from "../kubernetes/admission/admission-patch.ts";
import { admissionReviewOf, readAdmissionReview } from "../kubernetes/admission/admission-review.ts";
import { type Admission, admitPod, type ImageDecision } from "../kubernetes/admission/admit-pod.ts";
import { auditAnnotationsOf, warningsOf } from "../kubernetes/admission/format-admission.ts";
import { IMAGES_MAX, podImages } from "../kubernetes/pod-images.ts";
import type { RequestResult } from "./webhook-metrics.ts";

export type Answer = {
  /** The AdmissionReview; absent where the request had no uid to answer to. */
  readonly document?: string;
  readonly result: RequestResult;
  readonly decisions: readonly ImageDecision[];
};

/** Looks at the pod. @param admission made when the request is read, for its time */
export function answerReview(body: string, admission: () => Admission): Answer {
  let uid: string | undefined;
  try {
    const document: unknown = JSON.parse(body);
    const request = readAdmissionReview(document);
    if (request === undefined) return unseen("invalid", uidIn(body));
    uid = request.uid;
    // To look at more would let other pods wait.
    if (podImages(request.pod.spec).length > IMAGES_MAX) return unseen("shed", uid);
    const decisions = admitPod(request, admission());
    const patch = patchOf(request, decisions);
    const answer =
      patch === undefined
        ? undefined
        : { patch, warnings: warningsOf(decisions), auditAnnotations: auditAnnotationsOf(decisions) };
    return {
      document: JSON.stringify(admissionReviewOf(uid, answer)),
      result: patch === undefined ? "fault" : "answered",
      decisions: patch === undefined ? [] : decisions,
    };
  } catch {
    return unseen("fault", uid ?? uidIn(body));
  }
}

/** Admits the pod without looking at it. */
export function unseen(result: Exclude<RequestResult, "answered">, uid: string | undefined): Answer {
  return {
    ...(uid === undefined ? {} : { document: JSON.stringify(admissionReviewOf(uid)) }),
    result,
    decisions: [],
  };
}

/** The uid of a request that is not parsed: the API server writes it first of all, before anything of the pod's. */
export function uidIn(body: string): string | undefined {
  return /^\s*\{[^{}]*"request":\{"uid":"([0-9a-fA-F-]{1,64})"/.exec(body.slice(0, 1_000))?.[1];
}
