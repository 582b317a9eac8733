/** What has become of pods that were changed, by what the API server shows of them. */

import type { StuckContainer } from "../../kubernetes/heal/stuck-pods.ts";
import type { PodFacts } from "../../kubernetes/workloads/pod-facts.ts";

/** Whether it bears a change of ours: one that was sent without an answer may have been lost. */
export function isOurs(pod: PodFacts | undefined, written: string): boolean {
  return pod?.containers.some((one) => one.written === written && one.note !== undefined) === true;
}

/** Whether its containers of this image run, or have what they need to. */
export function hasStarted(pod: PodFacts | undefined, written: string): boolean {
  const concerned = pod?.containers.filter((container) => container.written === written) ?? [];
  return concerned.every((container) => container.hasStarted || container.pulled !== undefined);
}

/** What has been written last for pods of one group, and which of them have it, or may have it. */
export type Watched = {
  use?: string;
  provedBy?: string;
  at: number;
  readonly pods: Set<string>;
};

export function watchPod(
  group: Watched,
  { uid }: Pick<PodFacts, "uid">,
  use: string,
  provedBy: string,
  at: number,
): void {
  Object.assign(group, { use, provedBy, at });
  group.pods.add(uid);
}

/**
 * A leader before this one has patched it, if kubelet still reports the limit that the image before met: what becomes of it is
 * for this leader to report.
 */
export function watchPatchedBefore(
  group: Watched,
  { kind, pod, container, failure }: StuckContainer,
  at: number,
): void {
  const { note, image } = container;
  if (kind !== "pending" || note === undefined || failure.confidence !== "certain") return;
  if (!group.pods.has(pod.uid)) watchPod(group, pod, image, note.proof, at);
}
