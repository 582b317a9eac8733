/**
 * Which manifests of an index a host of a platform may take.
 *
 * An index may say too little: several builds of Windows while the host's build is unknown, or no platform of a child at
 * all. Then several manifests are possible, and the host chooses which one runs, so leaving one out may leave out that
 * one. The order of a choice is containerd's (core/images/image.go, Manifest): what is stated comes first.
 */

import { normalizePlatform, type Platform, platformMatches, windowsBuild } from "../../image/platform.ts";
import { type Descriptor, type Index, isAttestation } from "./manifest.ts";

/**
 * The children that are stated for the platform, else one that names no variant, else all of which nothing is stated:
 * indexes inside the index among them. More than one: it is not known which of them.
 */
export function platformChildren(index: Index, platform: Platform): readonly Descriptor[] {
  const offered = index.children.filter((child) => !isAttestation(child));
  const stated = offered.filter((child) => child.platform !== undefined);
  const exact = narrowed(stated, platform);
  if (exact.length > 0) return exact;
  // arm64/v9 where only arm64 is offered: every later variant runs what names none.
  const { variant, ...plain } = normalizePlatform(platform);
  const others = variant === undefined || plain.architecture === "arm" ? [] : narrowed(stated, plain);
  return others.length > 0 ? others : once(offered.filter((child) => child.platform === undefined));
}

/** Of several that match, the first; of Windows those of the host's build, or all where that is not known. */
function narrowed(stated: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const matching = stated.filter((child) => child.platform && platformMatches(platform, child.platform));
  if (normalizePlatform(platform).os !== "windows") return matching.slice(0, 1);
  const build = windowsBuild(platform);
  const ofBuild = matching.filter((child) => child.platform && windowsBuild(child.platform) === build);
  if (build === undefined || ofBuild.length === 0) return once(matching);
  return ofBuild.toSorted((one, other) => revisionOf(other) - revisionOf(one)).slice(0, 1);
}

/** The month's update: of one build, hosts take the latest. */
function revisionOf({ platform }: Descriptor): number {
  return Number(platform?.osVersion?.split(".")[3] ?? 0);
}

function once(children: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(children.map((child) => [child.digest, child])).values()];
}
