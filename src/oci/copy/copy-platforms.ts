/** Copies chosen platforms of an image: each becomes its own manifest, and the index stays as its proof. */

import type { Digest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, platformMatches, printPlatform } from "../../image/platform.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import {
  type Descriptor,
  type Index,
  isAttestation,
  MANIFEST_BYTES_MAX,
  parseManifest,
} from "../client/manifest.ts";
import { isIndexType } from "../client/media-types.ts";
import { platformChildren } from "../client/platform-children.ts";
import {
  type IndexReader,
  isPlatformStated,
  platformImages,
  platformInConfig,
} from "../client/platform-images.ts";
import type { Manifest } from "../client/types.ts";
import { CopyError, withSide } from "./copy-error.ts";
import type { CopySession } from "./copy-session.ts";
import { alreadyPresent, type PendingCopy, planWholeCopy, resolveSourceDigest } from "./copy-whole-image.ts";
import { type IndexSubset, indexSubset } from "./index-subset.ts";
import { type ManifestGraph, readManifest } from "./manifest-graph.ts";
import { retainIndex } from "./retained-index.ts";
import type { CopiedPlatform, CopyResult } from "./types.ts";

/** More platforms than any image has: what is beyond is a stranger's joke. */
const OFFERED_SHOWN = 20;

/** Reads what is to be copied. Throws CopyError; `platform-absent` where the image is not for one of them. */
export async function planPlatformCopy(
  session: CopySession,
  platforms: readonly Platform[],
): Promise<CopyResult | PendingCopy> {
  const trusted = (await resolveSourceDigest(session)) ?? (await digestAtHub(session));
  const single = trusted === undefined ? undefined : await presentSingle(session, trusted);
  if (single !== undefined) return single;
  const kept =
    trusted === undefined || !session.asksTarget ? undefined : await readRetainedIndex(session, trusted);
  const root = kept ?? (await session.fetchRoot(trusted));
  const index = readManifest(root);
  if (index.kind === "image") {
    await checkPlatform(session, root.digest, index.config, platforms);
    return planWholeCopy(session);
  }

  const copied: CopiedPlatform[] = [];
  const trees: { tree: ManifestGraph; tag: string | undefined }[] = [];
  const part = session.request.asIndex === true ? joinedPart(session, root, platforms, index) : undefined;
  const chosen: Chosen[] = [];
  for (const platform of platforms) {
    if (part !== undefined) chosen.push(...joinedChildren(index, platform));
    else chosen.push({ platform, child: await onlyChild(session, root.digest, index, platform) });
  }
  for (const { platform, child } of chosen) {
    const name = printPlatform(platform);
    // The index that joins them has the name.
    const tag =
      part?.index === undefined ? platformTag(session, child.digest, name, platforms.length) : undefined;
    copied.push({ platform: name, digest: child.digest, ...(tag === undefined ? {} : { tag }) });
    if ((await session.ensureTagged(child.digest, tag)) !== undefined) continue;
    trees.push({ tree: await session.readGraph(await session.fetch(child.digest)), tag });
  }
  if (part !== undefined) await checkUntold(session, root.digest, index, platforms);

  const finish = async (): Promise<CopyResult> => {
    const [first] = trees;
    if (first !== undefined) await session.moveBlobs({ root: first.tree.root, blobs: sharedBlobs(trees) });
    // Before the names: a reader that finds a name also finds the proof.
    const proof =
      kept === undefined ? await pushRetainedIndex(session, { ...root, mediaType: index.mediaType }) : "kept";
    for (const { tree, tag } of trees) await session.pushManifests(tree, tag);
    const joined = part?.index === undefined ? undefined : await nameJoined(session, part.digest, part.index);

    const foreign = trees.flatMap(({ tree }) => tree.foreign);
    const { digest, mediaType } = joined ?? chosen[0]?.child ?? root;
    const alreadyPresent = trees.length === 0 && joined?.isNew !== true;
    const tag = joined === undefined ? copied[0]?.tag : joined.tag;
    const named = { digest, mediaType, sourceDigest: root.digest, tag, alreadyPresent, foreign };
    return { ...session.result(named), platforms: copied, proof };
  };
  return { finish };
}

/** What the platforms are joined to. Throws CopyError where the image is for none of them. */
function joinedPart(
  session: CopySession,
  root: Manifest,
  platforms: readonly Platform[],
  index: Index,
): IndexSubset {
  const part = indexSubset(root, platforms);
  if (part !== undefined) return part;
  const [wanted = { os: "any", architecture: "any" }] = platforms;
  throw platformAbsent(session, root.digest, wanted, offeredBy(index));
}

/** Names the index that joins some platforms, where it does not have the name yet. */
async function nameJoined(
  session: CopySession,
  digest: Digest,
  { bytes, mediaType }: NonNullable<IndexSubset["index"]>,
): Promise<{ digest: Digest; mediaType: string; tag: string | undefined; isNew: boolean }> {
  const tag = session.tagFor(digest);
  const isNew = (await session.ensureTagged(digest, tag)) === undefined;
  if (isNew) await session.pushManifest({ digest, bytes, size: bytes.byteLength, mediaType }, tag);
  return { digest, mediaType, tag, isNew };
}

/**
 * At Docker Hub a HEAD is free and the index a pull: under its digest the target may have it, left as another platform's
 * proof. Elsewhere the one request costs as much as the other.
 */
async function digestAtHub(session: CopySession): Promise<Digest | undefined> {
  return session.asksTarget && isDockerHubFront(session.source.host) ? await session.headSource() : undefined;
}

/** An image without an index that is there under its name: its platform was checked when it came. */
async function presentSingle(session: CopySession, trusted: Digest): Promise<CopyResult | undefined> {
  const tag = session.tagFor(trusted);
  if (!session.asksTarget || tag === undefined) return undefined;
  const existing = await session.headTarget(tag);
  if (existing?.digest !== trusted || isIndexType(existing.mediaType)) return undefined;
  return alreadyPresent(session, trusted);
}

/** The index that an earlier copy left at the target: then the source is not asked for it. */
async function readRetainedIndex(session: CopySession, digest: Digest): Promise<Manifest | undefined> {
  const asked = session.target.getBlob(digest, MANIFEST_BYTES_MAX, session.signal);
  try {
    const bytes = await withSide("target", digest, asked);
    if (bytes === undefined) return undefined;
    const { kind, mediaType } = parseManifest(bytes);
    return kind === "index" ? { digest, bytes, size: bytes.byteLength, mediaType } : undefined;
  } catch (error) {
    session.signal.throwIfAborted();
    // Without the proof, the source is asked: nothing is lost but a request.
    if (error instanceof CopyError || error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** Stores the index next to its child. A registry that will not have it costs the proof, not the copy. */
async function pushRetainedIndex(session: CopySession, index: Manifest): Promise<"kept" | "refused"> {
  const proof = retainIndex(index);
  try {
    for (const blob of proof.blobs) {
      session.remember(blob.digest, blob.bytes);
      await session.pushAuxiliaryBlob(blob);
    }
    await session.pushManifest(proof.manifest, proof.tag);
    return "kept";
  } catch (error) {
    const refusals = ["malformed", "denied", "absent", "tag-taken"];
    if (error instanceof CopyError && refusals.includes(error.kind)) return "refused";
    throw error;
  }
}

type Chosen = { readonly platform: Platform; readonly child: Pick<Descriptor, "digest" | "mediaType"> };

/** All that the index has for a platform: of several builds of Windows, each under its own name. */
function joinedChildren(index: Index, platform: Platform): readonly Chosen[] {
  const children = platformChildren(index, platform);
  return children.map((child) => ({
    child,
    platform: children.length > 1 && child.platform !== undefined ? child.platform : platform,
  }));
}

/** The one manifest for a platform. Throws CopyError where the image has none, or does not say which of several. */
async function onlyChild(
  session: CopySession,
  root: Digest,
  index: Index,
  platform: Platform,
): Promise<Chosen["child"]> {
  const children = platformChildren(index, platform);
  const [only] = children;
  if (only === undefined) throw platformAbsent(session, root, platform, offeredBy(index));
  const isStated = children.every((child) => isPlatformStated(child, platform));
  if (isStated && children.length === 1) return only;
  if (!isStated) {
    const reader = readerOf(session, (digest) => session.fetch(digest));
    const { images, isOpen } = await platformImages(index, platform, reader);
    const [image, ...others] = images;
    if (image === undefined && !isOpen) throw platformAbsent(session, root, platform, offeredBy(index));
    if (image !== undefined && others.length === 0)
      return { digest: image.digest, mediaType: image.image.mediaType };
  }
  const told = children.flatMap((child) => child.platform ?? []);
  const builds = told.slice(0, OFFERED_SHOWN).map(printPlatform);
  const which = builds.length === 0 ? "" : `: name one of ${builds.join(", ")}`;
  const { source } = session;
  const message = `source: ${source.host}/${source.path}@${root} does not say which of its images is for ${printPlatform(platform)}${which}`;
  throw new CopyError(message, { kind: "platform-ambiguous", side: "source", digest: root });
}

/** Where an index names no platform, its images' configs do; they come with the copy, and cost no pull. */
async function checkUntold(
  session: CopySession,
  root: Digest,
  index: Index,
  platforms: readonly Platform[],
): Promise<void> {
  const untold = platforms.filter((platform) =>
    platformChildren(index, platform).some((one) => !one.platform),
  );
  const reader = readerOf(session, async (digest) => session.fetched(digest));
  for (const platform of untold) {
    const { images, missing, isOpen } = await platformImages(index, platform, reader);
    if (images.length > 0 || missing.length > 0 || isOpen) return;
  }
  const [wanted] = untold;
  if (wanted !== undefined && untold.length === platforms.length)
    throw platformAbsent(session, root, wanted, offeredBy(index));
}

function readerOf(
  session: CopySession,
  find: (digest: Digest) => Promise<Manifest | undefined>,
): IndexReader {
  return {
    async manifest(digest) {
      const manifest = await find(digest);
      return manifest === undefined ? undefined : readManifest(manifest);
    },
    async config(digest) {
      const asked = session.source.getBlob(digest, MANIFEST_BYTES_MAX, session.signal);
      const bytes = await withSide("source", digest, asked);
      if (bytes !== undefined) session.remember(digest, bytes);
      return bytes;
    },
  };
}

function offeredBy(index: Index): readonly Platform[] {
  return index.children.filter((one) => !isAttestation(one)).flatMap((one) => one.platform ?? []);
}

/** An image that is not an index says in its config what it is for. */
async function checkPlatform(
  session: CopySession,
  root: Digest,
  { digest }: Descriptor,
  platforms: readonly Platform[],
): Promise<void> {
  const bytes = await withSide(
    "source",
    digest,
    session.source.getBlob(digest, MANIFEST_BYTES_MAX, session.signal),
  );
  if (bytes === undefined) {
    const message = `source: ${session.source.host}/${session.source.path} has no config ${digest}`;
    throw new CopyError(message, { kind: "absent", side: "source", digest });
  }
  session.remember(digest, bytes);
  const offered = platformInConfig(bytes);
  const others = platforms.filter((platform) => offered === undefined || !platformMatches(platform, offered));
  // Of several that are to be one image, the image is what it is for.
  const wrong = session.request.asIndex === true && others.length < platforms.length ? undefined : others[0];
  if (wrong !== undefined) throw platformAbsent(session, root, wrong, offered === undefined ? [] : [offered]);
}

function platformAbsent(
  { source }: CopySession,
  digest: Digest,
  platform: Platform,
  offered: readonly Platform[],
): CopyError {
  const names = offered.slice(0, OFFERED_SHOWN).map(printPlatform);
  const more = offered.length > OFFERED_SHOWN ? ` and ${offered.length - OFFERED_SHOWN} more` : "";
  const has = offered.length === 0 ? "it names none" : `it has ${names.join(", ")}${more}`;
  const message = `source: ${source.host}/${source.path}@${digest} is not for ${printPlatform(platform)}; ${has}`;
  return new CopyError(message, { kind: "platform-absent", side: "source", digest });
}

/** One tag cannot name several platforms: each gets its own. */
function platformTag(
  session: CopySession,
  digest: Digest,
  platform: string,
  count: number,
): string | undefined {
  const tag = session.tagFor(digest);
  if (tag === undefined || count === 1 || session.request.tagFor !== undefined) return tag;
  return `${tag}-${platform.replaceAll(/[()/]+/g, "-")}`;
}

/** Platforms share what they share: one pool over the blobs of all, the biggest first. */
function sharedBlobs(trees: readonly { readonly tree: ManifestGraph }[]): readonly Descriptor[] {
  const unique = new Map(trees.flatMap(({ tree }) => tree.blobs).map((blob) => [blob.digest, blob]));
  return [...unique.values()].sort((a, b) => b.size - a.size);
}
