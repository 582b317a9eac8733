/** The request for a copy of the bytes that a tag names now: from ECR Public where it has them, else from the tag's own registry. */

import type { Digest } from "../../image/digest.ts";
import { canonicalName, type ImageReference, pinToDigest } from "../../image/reference.ts";
import type { CopyAheadReason, MirrorRequest } from "../../remediation/mirror/request-mirrors.ts";
import { ecrPublicMirrors } from "../../substitution/ecr-public-mirrors.ts";
import { type Heads, headSource } from "../source-states.ts";

export type WantedCopy = {
  readonly source: ImageReference;
  readonly digest: Digest;
  /** Host, repository and the tag of the source. */
  readonly target: ImageReference;
  /** Undefined: all that the image has. */
  readonly platforms: readonly string[] | undefined;
  readonly wantedBy: CopyAheadReason;
};

/** By digest, ECR Public is the same bytes without Docker Hub's limit. */
export async function requestCopy(
  { source, digest, target, platforms, wantedBy }: WantedCopy,
  { headManifest }: Heads,
): Promise<MirrorRequest> {
  let from = pinToDigest(source, digest);
  for (const { twin } of ecrPublicMirrors(source)) {
    const there = pinToDigest(twin, digest);
    const head = await headSource(there, headManifest);
    if (head.kind !== "found" || head.digest !== digest) continue;
    from = there;
    break;
  }
  return {
    kind: "copy",
    source: canonicalName(from),
    target: canonicalName(target),
    digest,
    ...(platforms === undefined ? {} : { platforms }),
    ahead: true,
    wantedBy,
  };
}
