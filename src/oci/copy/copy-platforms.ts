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
import { childrenFor } from "../client/platform-children.ts";
import { type IndexReader, imagesFor, isTold, platformInConfig } from "../client/platform-images.ts";
import type { Manifest } from "../client/registries.ts";
import type { CopiedPlatform, CopyResult } from "./copier.ts";
import { CopyError, onSide } from "./copy-error.ts";
import type { CopyRun } from "./copy-session.ts";
import { presentWhole, type ReadCopy, readWhole, trustedDigest } from "./copy-whole-image.ts";
import { type PartOfIndex, partOfIndex } from "./index-subset.ts";
import { type ImageTree, readManifest } from "./manifest-graph.ts";
import { proofOf } from "./retained-index.ts";

/** More platforms than any image has: what is beyond is a stranger's joke. */
const OFFERED_SHOWN = 20;

/** Reads what is to be copied. Throws CopyError; `platform-absent` where the image is not for one of them. */
export async function readPlatforms(
  run: CopyRun,
  platforms: readonly Platform[],
): Promise<CopyResult | ReadCopy> {
  const trusted = (await trustedDigest(run)) ?? (await digestAtHub(run));
  const single = trusted === undefined ? undefined : await presentSingle(run, trusted);
  if (single !== undefined) return single;
  const kept = trusted === undefined || !run.asksTarget ? undefined : await keptIndex(run, trusted);
  const root = kept ?? (await run.fetchRoot(trusted));
  const index = readManifest(root);
  if (index.kind === "image") {
    await checkPlatform(run, root.digest, index.config, platforms);
    return readWhole(run);
  }

  const copied: CopiedPlatform[] = [];
  const trees: { tree: ImageTree; tag: string | undefined }[] = [];
  const part = run.request.joined === true ? joinedPart(run, root, platforms, index) : undefined;
  const chosen: Chosen[] = [];
  for (const platform of platforms) {
    if (part !== undefined) chosen.push(...joinedChildren(index, platform));
    else chosen.push({ platform, child: await onlyChild(run, root.digest, index, platform) });
  }
  for (const { platform, child } of chosen) {
    const name = printPlatform(platform);
    // The index that joins them has the name.
    const tag =
      part?.index === undefined ? platformTag(run, child.digest, name, platforms.length) : undefined;
    copied.push({ platform: name, digest: child.digest, ...(tag === undefined ? {} : { tag }) });
    if ((await run.presentAs(child.digest, tag)) !== undefined) continue;
    trees.push({ tree: await run.readTree(await run.fetch(child.digest)), tag });
  }
  if (part !== undefined) await checkUntold(run, root.digest, index, platforms);

  const finish = async (): Promise<CopyResult> => {
    const [first] = trees;
    if (first !== undefined) await run.moveBlobs({ root: first.tree.root, blobs: sharedBlobs(trees) });
    // Before the names: whoever finds a name finds the proof as well.
    const proof = kept === undefined ? await keepProof(run, { ...root, mediaType: index.mediaType }) : "kept";
    for (const { tree, tag } of trees) await run.nameAll(tree, tag);
    const joined = part?.index === undefined ? undefined : await nameJoined(run, part.digest, part.index);

    const foreign = trees.flatMap(({ tree }) => tree.foreign);
    const { digest, mediaType } = joined ?? chosen[0]?.child ?? root;
    const alreadyPresent = trees.length === 0 && joined?.isNew !== true;
    const tag = joined === undefined ? copied[0]?.tag : joined.tag;
    const named = { digest, mediaType, sourceDigest: root.digest, tag, alreadyPresent, foreign };
    return { ...run.result(named), platforms: copied, proof };
  };
  return { finish };
}

/** What the platforms are joined to. Throws CopyError where the image is for none of them. */
function joinedPart(run: CopyRun, root: Manifest, platforms: readonly Platform[], index: Index): PartOfIndex {
  const part = partOfIndex(root, platforms);
  if (part !== undefined) return part;
  const [wanted = { os: "any", architecture: "any" }] = platforms;
  throw platformAbsent(run, root.digest, wanted, offeredBy(index));
}

/** Names the index that joins some platforms, where it does not have the name yet. */
async function nameJoined(
  run: CopyRun,
  digest: Digest,
  { bytes, mediaType }: NonNullable<PartOfIndex["index"]>,
): Promise<{ digest: Digest; mediaType: string; tag: string | undefined; isNew: boolean }> {
  const tag = run.tagFor(digest);
  const isNew = (await run.presentAs(digest, tag)) === undefined;
  if (isNew) await run.name({ digest, bytes, size: bytes.byteLength, mediaType }, tag);
  return { digest, mediaType, tag, isNew };
}

/**
 * At Docker Hub a HEAD is free and the index a pull: under its digest the target may have it, left as another platform's
 * proof. Elsewhere the one request costs as much as the other.
 */
async function digestAtHub(run: CopyRun): Promise<Digest | undefined> {
  return run.asksTarget && isDockerHubFront(run.source.host) ? await run.headSource() : undefined;
}

/** An image without an index that is there under its name: its platform was checked when it came. */
async function presentSingle(run: CopyRun, trusted: Digest): Promise<CopyResult | undefined> {
  const tag = run.tagFor(trusted);
  if (!run.asksTarget || tag === undefined) return undefined;
  const held = await run.headTarget(tag);
  if (held?.digest !== trusted || isIndexType(held.mediaType)) return undefined;
  return presentWhole(run, trusted);
}

/** The index that an earlier copy left at the target: then the source is not asked for it. */
async function keptIndex(run: CopyRun, digest: Digest): Promise<Manifest | undefined> {
  const asked = run.target.getBlob(digest, MANIFEST_BYTES_MAX, run.signal);
  try {
    const bytes = await onSide("target", digest, asked);
    if (bytes === undefined) return undefined;
    const { kind, mediaType } = parseManifest(bytes);
    return kind === "index" ? { digest, bytes, size: bytes.byteLength, mediaType } : undefined;
  } catch (error) {
    run.signal.throwIfAborted();
    // Without the proof, the source is asked: nothing is lost but a request.
    if (error instanceof CopyError || error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** Stores the index beside its child. A registry that will not have it costs the proof, not the copy. */
async function keepProof(run: CopyRun, index: Manifest): Promise<"kept" | "refused"> {
  const proof = proofOf(index);
  try {
    for (const blob of proof.blobs) {
      run.remember(blob.digest, blob.bytes);
      await run.moveBeside(blob);
    }
    await run.name(proof.manifest, proof.tag);
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
  const children = childrenFor(index, platform);
  return children.map((child) => ({
    child,
    platform: children.length > 1 && child.platform !== undefined ? child.platform : platform,
  }));
}

/** The one manifest for a platform. Throws CopyError where the image has none, or does not tell which of several. */
async function onlyChild(
  run: CopyRun,
  root: Digest,
  index: Index,
  platform: Platform,
): Promise<Chosen["child"]> {
  const children = childrenFor(index, platform);
  const [only] = children;
  if (only === undefined) throw platformAbsent(run, root, platform, offeredBy(index));
  const isStated = children.every((child) => isTold(child, platform));
  if (isStated && children.length === 1) return only;
  if (!isStated) {
    const reader = readerOf(run, (digest) => run.fetch(digest));
    const { images, isOpen } = await imagesFor(index, platform, reader);
    const [image, ...others] = images;
    if (image === undefined && !isOpen) throw platformAbsent(run, root, platform, offeredBy(index));
    if (image !== undefined && others.length === 0)
      return { digest: image.digest, mediaType: image.image.mediaType };
  }
  const told = children.flatMap((child) => child.platform ?? []);
  const builds = told.slice(0, OFFERED_SHOWN).map(printPlatform);
  const which = builds.length === 0 ? "" : `: name one of ${builds.join(", ")}`;
  const { source } = run;
  const message = `source: ${source.host}/${source.path}@${root} does not tell which of its images is for ${printPlatform(platform)}${which}`;
  throw new CopyError(message, { kind: "platform-ambiguous", side: "source", digest: root });
}

/** Of an index that tells no platform, its images' configs do; they come with the copy, and cost no pull. */
async function checkUntold(
  run: CopyRun,
  root: Digest,
  index: Index,
  platforms: readonly Platform[],
): Promise<void> {
  const untold = platforms.filter((platform) => childrenFor(index, platform).some((one) => !one.platform));
  const reader = readerOf(run, async (digest) => run.fetched(digest));
  for (const platform of untold) {
    const { images, missing, isOpen } = await imagesFor(index, platform, reader);
    if (images.length > 0 || missing.length > 0 || isOpen) return;
  }
  const [wanted] = untold;
  if (wanted !== undefined && untold.length === platforms.length)
    throw platformAbsent(run, root, wanted, offeredBy(index));
}

function readerOf(run: CopyRun, find: (digest: Digest) => Promise<Manifest | undefined>): IndexReader {
  return {
    async manifest(digest) {
      const manifest = await find(digest);
      return manifest === undefined ? undefined : readManifest(manifest);
    },
    async config(digest) {
      const asked = run.source.getBlob(digest, MANIFEST_BYTES_MAX, run.signal);
      const bytes = await onSide("source", digest, asked);
      if (bytes !== undefined) run.remember(digest, bytes);
      return bytes;
    },
  };
}

function offeredBy(index: Index): readonly Platform[] {
  return index.children.filter((one) => !isAttestation(one)).flatMap((one) => one.platform ?? []);
}

/** An image that is no index says in its config what it is for. */
async function checkPlatform(
  run: CopyRun,
  root: Digest,
  { digest }: Descriptor,
  platforms: readonly Platform[],
): Promise<void> {
  const bytes = await onSide("source", digest, run.source.getBlob(digest, MANIFEST_BYTES_MAX, run.signal));
  if (bytes === undefined) {
    const message = `source: ${run.source.host}/${run.source.path} has no config ${digest}`;
    throw new CopyError(message, { kind: "absent", side: "source", digest });
  }
  run.remember(digest, bytes);
  const offered = platformInConfig(bytes);
  const others = platforms.filter((platform) => offered === undefined || !platformMatches(platform, offered));
  // Of several that are to be one image, the image is what it is for.
  const wrong = run.request.joined === true && others.length < platforms.length ? undefined : others[0];
  if (wrong !== undefined) throw platformAbsent(run, root, wrong, offered === undefined ? [] : [offered]);
}

function platformAbsent(
  { source }: CopyRun,
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

/** One tag cannot stand for several platforms: each gets its own. */
function platformTag(run: CopyRun, digest: Digest, platform: string, count: number): string | undefined {
  const tag = run.tagFor(digest);
  if (tag === undefined || count === 1 || run.request.tagFor !== undefined) return tag;
  return `${tag}-${platform.replaceAll(/[()/]+/g, "-")}`;
}

/** Platforms share what they share: one pool over the blobs of all, the biggest first. */
function sharedBlobs(trees: readonly { readonly tree: ImageTree }[]): readonly Descriptor[] {
  const unique = new Map(trees.flatMap(({ tree }) => tree.blobs).map((blob) => [blob.digest, blob]));
  return [...unique.values()].sort((a, b) => b.size - a.size);
}
