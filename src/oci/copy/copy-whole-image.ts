/** Copies a whole image: the index with all its platforms, or the one manifest that it is. */

import type { Digest } from "../../image/digest.ts";
import type { CopyResult } from "./copier.ts";
import type { CopyRun } from "./copy-session.ts";
import { readManifest } from "./manifest-graph.ts";

/** A copy whose manifests are read: all that is left is to move its blobs and to name it. */
export type ReadCopy = {
  finish(): Promise<CopyResult>;
};

/**
 * Reads what is to be copied, or finds that it is there. Throws CopyError. What is there already costs one question to
 * the source at most, and that one free.
 */
export async function readWhole(run: CopyRun): Promise<CopyResult | ReadCopy> {
  const trusted = await trustedDigest(run);
  const present = trusted === undefined ? undefined : await presentWhole(run, trusted);
  if (present !== undefined) return present;
  const root = await run.fetchRoot(trusted);
  const { digest } = root;
  const { mediaType } = readManifest(root);
  const tag = run.tagFor(digest);
  const tree = await run.readTree(root);
  const { foreign } = tree;
  return {
    finish: async () => {
      await run.moveBlobs(tree);
      await run.nameAll(tree, tag);
      return run.result({ digest, sourceDigest: digest, mediaType, tag, alreadyPresent: false, foreign });
    },
  };
}

/** The account of a manifest that the target has under its name already, or has now got the name for. */
export async function presentWhole(run: CopyRun, digest: Digest): Promise<CopyResult | undefined> {
  const tag = run.tagFor(digest);
  const mediaType = await run.presentAs(digest, tag);
  if (mediaType === undefined) return undefined;
  return run.result({ digest, sourceDigest: digest, mediaType, tag, alreadyPresent: true });
}

/**
 * The digest that the source's name stands for, where that is worth knowing before the manifest is fetched:
 * a tag that the target does not have yet says that there is nothing to compare with.
 */
export async function trustedDigest(run: CopyRun): Promise<Digest | undefined> {
  const { source, target, tagFor } = run.request;
  if (source.digest !== undefined || !run.asksTarget) return source.digest;
  const isNew = tagFor === undefined && (target.tag === undefined || !(await run.headTarget(target.tag)));
  return isNew ? undefined : run.headSource();
}
