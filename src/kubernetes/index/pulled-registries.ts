/** The registries from which the nodes of this cluster have pulled: proof that network, rights and login are there. */

import type { PodFacts } from "../workloads/pod-facts.ts";
import { hostOf } from "./row-of.ts";

/** Dockershim's successor writes it before the name. https://github.com/Mirantis/cri-dockerd (read 2026-11) */
const PREFIX = /^[a-z-]+:\/\//;

export function pulledRegistries(pods: Iterable<PodFacts>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { containers } of pods)
    for (const { pulled, hasStarted } of containers)
      if (hasStarted && pulled !== undefined) names.add(pulled);
  return new Set([...names].map((name) => hostOf(name.replace(PREFIX, ""))).filter((host) => host !== ""));
}
