/** The registries from which the nodes of this cluster have pulled: proof that network, rights and login are there. */

import { registryOf } from "../../image/registry-hosts.ts";
import type { PodFacts } from "../workloads/pod-facts.ts";
import { hostOf } from "./row-of.ts";

/** Dockershim's successor writes it before the name. https://github.com/Mirantis/cri-dockerd (read 2026-11) */
const PREFIX = /^[a-z-]+:\/\//;

export function pulledRegistries(pods: Iterable<PodFacts>): ReadonlySet<string> {
  const names = { byNode: new Set<string>(), byPod: new Set<string>() };
  for (const { containers, hasPullSecrets } of pods)
    for (const { pulled, hasStarted } of containers)
      if (hasStarted && pulled !== undefined) (hasPullSecrets ? names.byPod : names.byNode).add(pulled);
  const hosts = (all: Iterable<string>): readonly string[] =>
    [...all].map((name) => hostOf(name.replace(PREFIX, ""))).filter((host) => host !== "");
  // A private registry may have taken the pod's own login, which other pods do not have.
  const open = hosts(names.byPod).filter((host) => registryOf(host).kind !== "ecr");
  return new Set([...hosts(names.byNode), ...open]);
}
