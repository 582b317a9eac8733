/**
 * Whether a place holds what the tasks need of an image: their platforms, whole, and at least one layer.
 *
 * An index that names no platforms is read through, with the configs of its images. That costs a manifest for each, so Docker
 * Hub is never asked: there each is a pull, and pulls are what has run out.
 */

import type { Digest } from "../../image/digest.ts";
import { type Platform, platformMatches, printPlatform } from "../../image/platform.ts";
import { type ImageReference, pinToDigest, repositoryName } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { type Index, type ParsedManifest, parseManifest } from "../../oci/client/manifest.ts";
import { platformChildren } from "../../oci/client/platform-children.ts";
import {
  configured,
  type IndexReader,
  isPlatformStated,
  platformImages,
} from "../../oci/client/platform-images.ts";
import type { Registries } from "../../oci/client/registries.ts";
import type { Found, ProbeResult } from "../../substitution/candidate.ts";

type Wanted = {
  readonly trusted?: Digest;
  /** Every platform that the tasks may run on; none: not known. */
  readonly platforms: readonly Platform[];
  readonly isNew?: boolean;
};

const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

const EMPTY: ProbeResult = { kind: "absent", because: "the image there has no layers" };

/** What was found, if it is enough; with the manifest of the one platform that is needed, where there is one. */
export async function withAvailablePlatforms(
  seen: Found,
  place: ImageReference,
  { trusted, platforms, isNew = false }: Wanted,
  registries: Registries,
): Promise<ProbeResult> {
  if (isDockerHubFront(place.host)) return seen;
  const reader = readerOf(place, registries);
  const top = await reader.manifest(seen.digest);
  if (top === undefined) return { kind: "absent", because: `${repositoryName(place)} no longer has it` };
  if (top.kind === "image") {
    if (top.layers.length === 0) return EMPTY;
    if (platforms.length === 0 || !isNew) return seen;
    const own = await configured(top, reader);
    const lacking = own === undefined ? [] : platforms.filter((one) => !platformMatches(one, own));
    if (lacking.length === 0 || own === undefined) return seen;
    return {
      kind: "absent",
      code: "no-platform",
      because: `it is for ${printPlatform(own)} alone, and not for ${lacking.map(printPlatform).join(" or ")}`,
    };
  }
  if (platforms.length === 0) return top.children.length === 0 ? EMPTY : seen;
  const held: { name: string; images: readonly Digest[]; isOpen: boolean }[] = [];
  for (const platform of platforms) {
    const name = printPlatform(platform);
    const { images, missing, isOpen } = await platformImages(top, platform, reader);
    if (missing.length > 0) return { kind: "absent", because: `it lists ${name}, and does not hold it` };
    if (images.some(({ image }) => image.layers.length === 0)) return EMPTY;
    held.push({ name, images: images.map(({ digest }) => digest), isOpen });
  }
  // The very image that was meant may be for fewer machines than the cluster has, or name no platform; any other has to be for all.
  const isMeant =
    seen.digest === trusted && !isNew && held.some(({ images, isOpen }) => images.length > 0 || isOpen);
  const lacking = held.filter(({ images }) => images.length === 0).map(({ name }) => name);
  if (lacking.length > 0 && !isMeant)
    return {
      kind: "absent",
      ...(isNew ? { code: "no-platform" } : {}),
      because: `it has no ${lacking.join(", no ")}`,
    };
  const [
    {
      images: [only, ...others],
    } = { images: [] },
    ...more
  ] = held;
  const isOne = only !== undefined && others.length === 0 && more.length === 0;
  return isOne ? { ...seen, platformDigest: only } : seen;
}

/** The manifest for the one platform that is needed: it does not serve tasks of several platforms, or of several builds. */
export async function manifestForOne(
  place: ImageReference,
  digest: Digest,
  [platform, ...others]: readonly Platform[],
  registries: Registries,
): Promise<{ platformDigest?: Digest }> {
  if (platform === undefined || others.length > 0) return {};
  const reader = readerOf(place, registries);
  const top = await reader.manifest(digest);
  if (top?.kind !== "index") return {};
  const digests = await digestsFor(top, platform, reader);
  const [only] = digests;
  return only === undefined || digests.length > 1 ? {} : { platformDigest: only };
}

async function digestsFor(index: Index, platform: Platform, reader: IndexReader): Promise<readonly Digest[]> {
  const children = platformChildren(index, platform);
  if (children.every((child) => isPlatformStated(child, platform)))
    return children.map((child) => child.digest);
  return (await platformImages(index, platform, reader)).images.map((image) => image.digest);
}

/** Asks the place for each manifest once. */
function readerOf(place: ImageReference, registries: Registries): IndexReader {
  const known = new Map<Digest, ParsedManifest>();
  return {
    async manifest(digest) {
      const manifest = known.get(digest) ?? (await read(place, digest, registries));
      if (manifest !== undefined) known.set(digest, manifest);
      return manifest;
    },
    config: (digest) => registries.getBlob(place, digest, CONFIG_BYTES_MAX),
  };
}

async function read(
  place: ImageReference,
  digest: Digest,
  registries: Registries,
): Promise<ParsedManifest | undefined> {
  const manifest = await registries.getManifest(pinToDigest(place, digest));
  return manifest === undefined ? undefined : parseManifest(manifest.bytes, manifest.mediaType);
}
