/** Whether a service that follows a tag is to run what the tag names now, and why not. Pure: a table of facts and codes. */

import type { Digest } from "../../image/digest.ts";
import type { SourceHead } from "../source-states.ts";

/** What the deployment in place runs of an image: a digest, or why that is not known. */
export type Running = { readonly digest: Digest } | { readonly because: string };

export type ImageFacts = {
  /** What the tag names now. */
  readonly head: SourceHead;
  /** The digest that the operator has named with the image; absent: whatever is shown. */
  readonly wanted?: Digest | undefined;
  readonly running: Running;
};

/**
 * `current`: it runs those bytes; `moved-again`: the tag names other bytes than the operator has seen; `running-unknown`: what
 * would be replaced, and gone back to, is not known.
 */
export type ImageCode = "current" | "moved-again" | "source-gone" | "source-unread" | "running-unknown";

export type ImageDecision =
  | { readonly kind: "order"; readonly digest: Digest; readonly runs: Digest }
  | { readonly kind: "left"; readonly code: ImageCode; readonly because: string };

export function decideImage(source: string, { head, wanted, running }: ImageFacts): ImageDecision {
  if (head.kind === "gone") return left("source-gone", `${source} is not at its registry any more`);
  if (head.kind === "unknown")
    return left("source-unread", `what ${source} names now could not be read: ${head.because}`);
  const { digest } = head;
  if (wanted !== undefined && wanted !== digest)
    return left("moved-again", `${source} names ${digest} now, and ${wanted} was asked for`);
  if (!("digest" in running)) return left("running-unknown", running.because);
  if (running.digest === digest) return left("current", `it runs what ${source} names`);
  return { kind: "order", digest, runs: running.digest };
}

function left(code: ImageCode, because: string): ImageDecision {
  return { kind: "left", code, because };
}
