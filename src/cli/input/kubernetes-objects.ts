/**
 * What kubectl answers with `-o json`: the messages of a pod's waiting containers, and of events.
 *
 * A pod: `status.containerStatuses[].state.waiting` (kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1);
 * an event has its message in `message`, one of events.k8s.io/v1 in `note` (read 2026-11).
 */

import { classify, isPullFailureText } from "../../pull-failure/classify.ts";
import { isMembers, type Members } from "../../runtime/json.ts";
import type { DocumentEntry } from "./document-entry.ts";

/** The error texts in an object of Kubernetes; undefined where the document is not one. */
export function kubernetesTexts(document: Members, where: string): readonly DocumentEntry[] | undefined {
  if (typeof document.apiVersion !== "string" || typeof document.kind !== "string") return undefined;
  const texts = textsIn(document, where);
  // The kubelet says again that it waits, without the cause.
  const withCause = texts.filter((entry) => entry.kind === "text" && classify(entry.text).kind !== "other");
  if (texts.length > 0) return withCause.length > 0 ? withCause : texts;
  const because = `no pull fails in this ${document.kind}: pass the pod, or what kubectl get events -o json answers`;
  return [{ kind: "unreadable", where, because }];
}

function textsIn(document: Members, where: string): readonly DocumentEntry[] {
  if (Array.isArray(document.items)) {
    return document.items
      .filter(isMembers)
      .flatMap((item, index) =>
        textsIn({ kind: itemKind(document.kind), ...item }, `${where}.items[${index}]`),
      );
  }
  if (document.kind === "Event") return textOf(document.message ?? document.note, undefined, where);
  return document.kind === "Pod" ? waitingIn(document.status, where) : [];
}

/** A list of one kind leaves it out of its items. */
function itemKind(list: unknown): string {
  return String(list).replace(/List$/, "");
}

function waitingIn(status: unknown, where: string): readonly DocumentEntry[] {
  if (!isMembers(status)) return [];
  return ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"].flatMap((key) => {
    const containers = status[key];
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((container, index) => {
      const state = isMembers(container) ? container.state : undefined;
      const waiting = isMembers(state) ? state.waiting : undefined;
      if (!isMembers(container) || !isMembers(waiting)) return [];
      return textOf(waiting.message, container.image, `${where}.status.${key}[${index}]`);
    });
  });
}

function textOf(message: unknown, image: unknown, where: string): readonly DocumentEntry[] {
  if (typeof message !== "string" || !isPullFailureText(message)) return [];
  return [{ kind: "text", where, text: message, ...(typeof image === "string" ? { image } : {}) }];
}
