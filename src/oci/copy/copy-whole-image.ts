/** Copies a whole image: the index with all its platforms, or the one manifest that it is. */

import type { Digest } from "../../image/digest.ts";
import type { CopySession } from "./copy-session.ts";
import { readManifest } from "./manifest-graph.ts";
import type { CopyResult } from "./types.ts";

/** A copy whose manifests are read: all that is left is to move its blobs and to name it. */
export type PendingCopy = {
  finish(): Promise<CopyResult>;
};

/**
 * Reads what is to be copied, or finds that it is there. Throws CopyError. What is there already costs one question to
 * the source at most, and that one free.
 */
export async function planWholeCopy(session: CopySession): Promise<CopyResult | PendingCopy> {
  const trusted = await resolveSourceDigest(session);
  const present = trusted === undefined ? undefined : await alreadyPresent(session, trusted);
  if (present !== undefined) return present;
  const root = await session.fetchRoot(trusted);
  const { digest } = root;
  const { mediaType } = readManifest(root);
  const tag = session.tagFor(digest);
  const tree = await session.readGraph(root);
  const { foreign } = tree;
  return {
    finish: async () => {
      await session.moveBlobs(tree);
      await session.pushManifests(tree, tag);
      return session.result({ digest, sourceDigest: digest, mediaType, tag, alreadyPresent: false, foreign });
    },
  };
}

/** The account of a manifest that the target has under its name already, or has now got the name for. */
export async function alreadyPresent(session: CopySession, digest: Digest): Promise<CopyResult | undefined> {
  const tag = session.tagFor(digest);
  const mediaType = await session.ensureTagged(digest, tag);
  if (mediaType === undefined) return undefined;
  return session.result({ digest, sourceDigest: digest, mediaType, tag, alreadyPresent: true });
}

/**
 * The digest of the source's name, where it is needed before the manifest is fetched: when the target does not have the
 * tag yet, there is nothing to compare with.
 */
export async function resolveSourceDigest(session: CopySession): Promise<Digest | undefined> {
  const { source, target, tagFor } = session.request;
  if (source.digest !== undefined || !session.asksTarget) return source.digest;
  const isNew = tagFor === undefined && (target.tag === undefined || !(await session.headTarget(target.tag)));
  return isNew ? undefined : session.headSource();
}
