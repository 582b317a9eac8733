/**
 * Containers that wait for an image, by what kubelet says of them now.
 *
 * Their state is read, not the events: it is there after a restart of ours, and kubelet never aggregates it. Only a container
 * that has never run is looked at; a patch of another one would restart it.
 * (k8s.io/kubernetes pkg/kubelet/images/image_manager.go, read 2026-11)
 */

import { repositoryName, tryParseReference } from "../../image/reference.ts";
import { classify } from "../../pull-failure/classify.ts";
import type { Classification, PullFailureKind } from "../../pull-failure/types.ts";
import type { ContainerFacts, PodFacts } from "../workloads/pod-facts.ts";

export type StuckContainer = {
  readonly pod: PodFacts;
  readonly container: ContainerFacts;
  readonly failure: Classification;
  /**
   * `limit`: a registry's limit, which is certain. `missing`: its registry no longer has the image. `substitute-failed`: what
   * waits is an image of ours. `pending`: our image is in the pod, and kubelet still reports the one before.
   */
  readonly kind: "limit" | "missing" | "substitute-failed" | "pending";
};

const WAITING: readonly string[] = ["ErrImagePull", "ImagePullBackOff"];
const LIMITS: readonly PullFailureKind[] = [
  "docker-hub-pull-limit",
  "docker-hub-abuse-limit",
  "registry-limit",
];
/** What may be patched in a pod: not an ephemeral container, nor a volume. */
const PATCHED: readonly ContainerFacts["kind"][] = ["container", "init", "sidecar"];

/** The containers of a pod that Repull could help. @param read the classifier; thousands of pods say the same few things */
export function stuckContainers(
  pod: PodFacts,
  read: (message: string, image: string) => Classification = classify,
): readonly StuckContainer[] {
  if (pod.isMirror || pod.isEnding) return [];
  return pod.containers.flatMap((container): StuckContainer[] => {
    const { waiting, hasStarted, kind } = container;
    if (waiting === undefined || hasStarted || !PATCHED.includes(kind)) return [];
    if (!WAITING.includes(waiting.reason)) return [];
    const failure = read(waiting.message, container.written);
    const stuck = kindOf(container, waiting.message, failure);
    return stuck === undefined ? [] : [{ pod, container, failure, kind: stuck }];
  });
}

function kindOf(
  { note, image }: ContainerFacts,
  message: string,
  { kind, confidence }: Classification,
): StuckContainer["kind"] | undefined {
  if (note !== undefined) return isAbout(image, message) ? "substitute-failed" : "pending";
  if (confidence !== "certain") return undefined;
  if (LIMITS.includes(kind)) return "limit";
  return kind === "not-found" ? "missing" : undefined;
}

/**
 * Whether kubelet speaks of this image: by the name as it is written, or by the repository and the digest apart, as CRI-O does.
 * The digest alone says nothing: the words about the image before ours often have the same one, since containerd is refused at
 * the manifest that a tag means.
 */
function isAbout(image: string, message: string): boolean {
  if (names(message, image)) return true;
  const reference = tryParseReference(image);
  if (reference?.digest === undefined || !message.includes(reference.digest)) return false;
  return names(message, repositoryName(reference));
}

/** Whether the name is there as a whole, and is not the end or the beginning of a longer one. */
function names(message: string, name: string): boolean {
  const literal = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?:^|//|[^\\w./:@-])${literal}(?![\\w/-]|\\.\\w)`).test(message);
}
