/** What mode, policy and scope let be done for a waiting container, before anything is asked for it. */

import { tryParseReference } from "../../image/reference.ts";
import type { HealFacts } from "../../kubernetes/heal/decide-heal.ts";
import type { StuckContainer } from "../../kubernetes/heal/stuck-pods.ts";
import { isNamespaceInScope } from "../../kubernetes/index/images-in-use.ts";
import { type Mode, modeOf } from "../../kubernetes/mode.ts";
import { isOwnerInScope } from "../../kubernetes/workloads/owners.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { useScopeOf } from "../settings.ts";

export type HealSettings = {
  readonly policy: () => Policy;
  /** The most that may be done. */
  readonly mode: Mode;
  readonly namespace: string;
};

/** @param labels what the labels of the pod now, its namespace and its workload say of the mode */
export function standingOf(
  { pod, container }: Pick<StuckContainer, "pod" | "container">,
  labels: readonly (string | undefined)[],
  settings: HealSettings,
): Pick<HealFacts, "mode" | "isOwnerInScope" | "isInScope"> {
  const policy = settings.policy();
  const ceiling = policy.mode === "remediate" ? settings.mode : modeOf(settings.mode, "observe");
  const reference = tryParseReference(container.written);
  const { images } = policy.scope;
  const matches = (pattern: string): boolean => reference !== undefined && matchesImage(pattern, reference);
  return {
    mode: modeOf(ceiling, ...labels, pod.modeLabel),
    isOwnerInScope: isOwnerInScope(pod.owner, policy.scope.owners),
    isInScope:
      pod.namespace !== settings.namespace &&
      isNamespaceInScope(pod.namespace, useScopeOf(policy)) &&
      images.include.some(matches) &&
      !images.exclude.some(matches),
  };
}
