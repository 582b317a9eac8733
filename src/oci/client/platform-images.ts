/**
 * Reads which images an index has for a platform, where the index alone does not say it.
 *
 * It follows indexes inside the index, and reads the configs of images of which nothing, or no Windows version, is stated.
 * Each manifest is a request, and at Docker Hub a pull: ask it only where that is free, or was decided before.
 */

import type { Digest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, platformMatches, readPlatform, windowsBuild } from "../../image/platform.ts";
import type { Descriptor, Index, ParsedManifest } from "./manifest.ts";
import { isIndexType } from "./media-types.ts";
import { platformChildren } from "./platform-children.ts";

export type ImageManifest = Extract<ParsedManifest, { kind: "image" }>;

export type IndexReader = {
  /** Undefined where it is not there. */
  manifest(digest: Digest): Promise<ParsedManifest | undefined>;
  /** Undefined where it is not there, or may not be asked for. */
  config(digest: Digest): Promise<Uint8Array | undefined>;
};

export type PlatformImages = {
  readonly images: readonly { readonly digest: Digest; readonly image: ImageManifest }[];
  /** Listed for the platform, and not there. */
  readonly missing: readonly Digest[];
  /** Something could not be read, or was too much to read: there may be more images. */
  readonly isOpen: boolean;
};

/** Nothing honest is deeper, or has more indexes inside it, or more manifests for one platform that do not name it. */
const DEPTH_MAX = 3;
const INDEXES_MAX = 16;
const CHILDREN_MAX = 1024;
const READ_MAX = 64;

/** The images of an index that run on a platform. Throws what the reader throws, but InvalidInput. */
export async function platformImages(
  index: Index,
  platform: Platform,
  reader: IndexReader,
): Promise<PlatformImages> {
  const images = new Map<Digest, ImageManifest>();
  const missing: Digest[] = [];
  let isOpen = false;
  const chosen = nestedChildren(index, (one) => platformChildren(one, platform), reader.manifest);
  let count = 0;
  try {
    for await (const child of chosen) {
      if (++count > READ_MAX) throw new InvalidInput("manifests", `at most ${READ_MAX} for one platform`);
      const manifest = await reader.manifest(child.digest);
      if (manifest === undefined) missing.push(child.digest);
      if (manifest?.kind !== "image") continue;
      const stated = isPlatformStated(child, platform) ? child.platform : await configured(manifest, reader);
      isOpen ||= stated === undefined;
      if (stated !== undefined && platformMatches(platform, stated)) images.set(child.digest, manifest);
    }
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    isOpen = true;
  }
  return { images: [...images].map(([digest, image]) => ({ digest, image })), missing, isOpen };
}

/**
 * What of an index is chosen, and of every index inside it, each once; the outer one's first. Throws InvalidInput where
 * there is more of it than anything honest has: nothing is left out in silence.
 */
export async function* nestedChildren(
  index: Index,
  choose: (index: Index) => readonly Descriptor[],
  read: (digest: Digest) => Promise<ParsedManifest | undefined>,
): AsyncGenerator<Descriptor> {
  const seen = new Set<Digest>();
  let due: readonly Index[] = [index];
  let indexes = 0;
  for (let depth = 1; due.length > 0; depth += 1) {
    if (depth > DEPTH_MAX)
      throw new InvalidInput("manifests", `at most ${DEPTH_MAX} indexes inside one another`);
    const inner: Index[] = [];
    for (const child of due.flatMap(choose)) {
      if (seen.has(child.digest)) continue;
      seen.add(child.digest);
      if (seen.size > CHILDREN_MAX) throw new InvalidInput("manifests", `at most ${CHILDREN_MAX} in all`);
      yield child;
      if (!isIndexType(child.mediaType)) continue;
      if (++indexes > INDEXES_MAX)
        throw new InvalidInput("manifests", `at most ${INDEXES_MAX} indexes in all`);
      const manifest = await read(child.digest);
      if (manifest?.kind === "index") inner.push(manifest);
    }
    due = inner;
  }
}

/** Whether the index states all that decides: of Windows, the build as well where the host's is known. */
export function isPlatformStated({ mediaType, platform: stated }: Descriptor, wanted: Platform): boolean {
  if (stated === undefined || isIndexType(mediaType)) return false;
  return windowsBuild(wanted) === undefined || windowsBuild(stated) !== undefined;
}

export async function configured(image: ImageManifest, reader: IndexReader): Promise<Platform | undefined> {
  const bytes = await reader.config(image.config.digest);
  return bytes === undefined ? undefined : platformInConfig(bytes);
}

/** The platform that an image's config names. */
export function platformInConfig(config: Uint8Array): Platform | undefined {
  try {
    return readPlatform(JSON.parse(new TextDecoder().decode(config)));
  } catch {
    return undefined;
  }
}
