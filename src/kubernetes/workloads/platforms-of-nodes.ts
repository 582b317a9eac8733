/**
 * The platforms on which a pod may land: those of all nodes together. Which nodes a pod may choose is the scheduler's word
 * of the moment; an image that lacks one of them would fail there some day.
 */

import { type Platform, printPlatform, readPlatform } from "../../image/platform.ts";
import { membersOf } from "../../runtime/json.ts";

export type NodeFacts = { readonly name: string; readonly platform?: Platform };

/** The build of Windows, which kubelet writes: https://kubernetes.io/docs/reference/labels-annotations-taints/ (read 2026-11) */
const WINDOWS_BUILD = "node.kubernetes.io/windows-build";

/** Reads a node as the API server sends it; undefined where it has no name. */
export function nodeFacts(object: unknown): NodeFacts | undefined {
  const { metadata, status } = membersOf(object);
  const { name, labels } = membersOf(metadata);
  if (typeof name !== "string") return undefined;
  const said = membersOf(labels);
  const { operatingSystem, architecture } = membersOf(membersOf(status).nodeInfo);
  const platform = readPlatform({
    os: operatingSystem || said["kubernetes.io/os"],
    architecture: architecture || said["kubernetes.io/arch"],
    ...(said[WINDOWS_BUILD] === undefined ? {} : { "os.version": said[WINDOWS_BUILD] }),
  });
  return { name, ...(platform === undefined ? {} : { platform }) };
}

export type NeededPlatforms =
  | { readonly kind: "known"; readonly platforms: readonly Platform[] }
  | { readonly kind: "unknown"; readonly because: string };

/** The union over all nodes, sorted; unknown where there is no node, or one does not report it. */
export function platformsOfNodes(nodes: Iterable<NodeFacts>): NeededPlatforms {
  const all = new Map<string, Platform>();
  for (const { name, platform } of nodes) {
    if (platform === undefined)
      return { kind: "unknown", because: `the node ${name} does not say its platform` };
    all.set(printPlatform(platform), platform);
  }
  if (all.size === 0) return { kind: "unknown", because: "the cluster has no node yet" };
  return {
    kind: "known",
    platforms: [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one),
  };
}
