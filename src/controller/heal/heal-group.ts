/** The pods of one revision that wait for one image: what is known of them, and what has been said. */

import type { HealProof } from "../../kubernetes/heal/decide-heal.ts";
import type { PodFacts } from "../../kubernetes/workloads/pod-facts.ts";
import type { HealSubject } from "./heal-outcome.ts";
import type { OpenHeal } from "./open-heals.ts";
import { isOurs, type Watched } from "./watched-pods.ts";

export type Group = Watched & {
  readonly stuck: HealSubject;
  proof?: HealProof;
  /** Ends that have been reported. */
  readonly told: Set<string>;
  /** It has its place in the hour. */
  isCounted: boolean;
  /** A gate is closed until then. */
  closedUntil: number;
  /** Keys of the copies that have ended. */
  readonly copiesEnded: Set<string>;
  /** Why a copy was not made. */
  notCopied?: string;
};

export function newGroup(stuck: HealSubject, at: number): Group {
  return {
    stuck,
    at,
    pods: new Set(),
    told: new Set(),
    copiesEnded: new Set(),
    isCounted: false,
    closedUntil: Number.NEGATIVE_INFINITY,
  };
}

/** What an earlier leader has begun, with the pods that bear its change, whether they run by now or not. */
export function groupOf({ subject, use, proof, trusted, at }: OpenHeal, pods: Iterable<PodFacts>): Group {
  const { pod, container } = subject;
  const ours = [...pods].filter((one) => one.revision === pod.revision && isOurs(one, container.written));
  const nothing = { usable: [], codes: [], isPassing: false };
  return {
    ...newGroup(subject, at),
    use,
    provedBy: proof,
    pods: new Set(ours.map(({ uid }) => uid)),
    proof: trusted === undefined ? nothing : { ...nothing, trusted },
  };
}

/** What the next leader has to know of it. */
export function openHealOf(
  { pod, container, failure }: HealSubject,
  { proof, at }: Pick<Group, "proof" | "at">,
  use: string,
  level: string,
): OpenHeal {
  const { namespace, workload, revision } = pod;
  return {
    subject: {
      pod: { namespace, workload, revision },
      container: { container: container.container, written: container.written },
      failure,
    },
    use,
    proof: level,
    trusted: proof?.trusted,
    at,
  };
}
