/**
 * One copy from its first question to its last name, and the one time that it heals itself.
 *
 * A copy that was begun before ends here: what the target has is not moved, and manifests that are known are not asked for.
 */

import type { Digest } from "../../image/digest.ts";
import { CopyError } from "./copy-error.ts";
import { planPlatformCopy } from "./copy-platforms.ts";
import { copyReferrers, subjectsOf } from "./copy-referrers.ts";
import type { CopySession } from "./copy-session.ts";
import { type PendingCopy, planWholeCopy } from "./copy-whole-image.ts";
import type { CopyResult } from "./types.ts";

/** Reads, moves and names what is not done yet. Throws CopyError; nothing is under way once it has settled. */
export async function copyImage(session: CopySession): Promise<CopyResult> {
  const { request, signal } = session;
  const copy = async (): Promise<CopyResult> => {
    const read = await readCopy(session);
    const copied = "finish" in read ? await read.finish() : read;
    return request.referrers === true ? withReferrers(session, copied) : copied;
  };
  try {
    return await copy().catch((error: unknown) => {
      if (signal.aborted || !isMissingContentError(error)) throw error;
      // The target said that it has something which it has not. Once more, and nothing is taken on its word.
      session.distrustTarget();
      return copy();
    });
  } catch (error) {
    throw signal.aborted ? session.aborted(signal.reason) : error;
  }
}

/** Reads the manifests alone. Answers the copy's result where nothing is left to do. Throws CopyError. */
export async function readAll(session: CopySession): Promise<CopyResult | undefined> {
  try {
    const read = await readCopy(session);
    return "finish" in read ? undefined : read;
  } catch (error) {
    throw session.signal.aborted ? session.aborted(session.signal.reason) : error;
  }
}

/** Reads the manifests of what is asked for, or finds that it is there already. */
function readCopy(session: CopySession): Promise<CopyResult | PendingCopy> {
  const { platforms } = session.request;
  return platforms === undefined ? planWholeCopy(session) : planPlatformCopy(session, platforms);
}

/** The same copy, after what refers to it has come as well. */
async function withReferrers(session: CopySession, copied: CopyResult): Promise<CopyResult> {
  const digests = new Set([copied.digest, ...(copied.platforms ?? []).map(({ digest }) => digest)]);
  const subjects: Digest[] = [];
  for (const digest of digests) subjects.push(...(await subjectsOf(session, digest)));
  const referrers = await copyReferrers(session, [...new Set(subjects)]);
  return { ...copied, ...session.stats(), referrers };
}

/** A manifest refused for want of what the target had said to hold. */
function isMissingContentError(error: unknown): boolean {
  if (!(error instanceof CopyError) || error.side !== "target") return false;
  const codes = error.refusal?.codes ?? [];
  return codes.some((code) =>
    ["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "MANIFEST_INVALID"].includes(code),
  );
}
