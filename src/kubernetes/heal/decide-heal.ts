/**
 * What to do about a container that waits for its image: the rules, from top to bottom; the first that answers decides. Pure.
 *
 * The places are tried in the order of the policy, each once; then a copy is made, where one may be; the last is the image as it
 * was written, at the digest that was meant. What is not written now is reported: in the mode `observe`, when writes are paused, or
 * when a quota is reached.
 */

import type { Digest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Usable } from "../index/row-of.ts";
import { hostOf } from "../index/row-of.ts";
import type { Mode } from "../mode.ts";
import type { StuckContainer } from "./stuck-pods.ts";

export type HealFacts = {
  /** What label, namespace, chart and policy allow together. */
  readonly mode: Mode;
  readonly isOwnerInScope: boolean;
  readonly isInScope: boolean;
  /** What is proved; undefined: not asked yet. */
  readonly proof?: HealProof;
  /** Images that this container has had from us. */
  readonly tried: readonly string[];
  /** Keys of the copies that have ended, whichever way: what they have brought is among the usable places. */
  readonly copiesEnded: ReadonlySet<string>;
};

/** What has to be brought into this account's ECR before pods can name it. */
export type NeededCopy = {
  /** The same for every pod that needs this copy. */
  readonly key: string;
  /** What pods get once it is there. */
  readonly use: string;
  readonly proof: string;
  readonly request: CopyRequest;
};

/** As the `mirror` function takes it. */
export type CopyRequest = {
  readonly kind: "copy" | "fill-cache";
  readonly target: string;
  readonly digest: Digest;
  readonly source?: string;
  readonly platforms?: readonly string[];
  readonly anonymous?: boolean;
};

export type HealProof = {
  readonly usable: readonly Usable[];
  /** What could be copied, the best source first; absent: nothing is copied here. */
  readonly copies?: readonly NeededCopy[];
  readonly trusted?: { readonly digest: Digest; readonly from: string; readonly askedAt: string };
  /** Why nothing is proved. */
  readonly codes: readonly string[];
  /** The answer may be another in a while. */
  readonly isPassing: boolean;
};

export type HealCode =
  | "opted-out"
  | "excluded-by-policy"
  | "deployed-by-others"
  | "trust-unreadable"
  | "no-proof"
  | "substitutes-failed";

export type HealAction =
  | { readonly kind: "prove" }
  | {
      readonly kind: "patch";
      readonly use: string;
      readonly proof: string;
      /** The image as it was written: no other place is left. */
      readonly isLast: boolean;
      /** Reported, not written. */
      readonly isObserved: boolean;
    }
  | { readonly kind: "copy"; readonly copy: NeededCopy; readonly isObserved: boolean }
  | { readonly kind: "end"; readonly code: HealCode }
  /** kubelet has not looked at our image yet, or what was asked did not answer. */
  | { readonly kind: "wait" };

export function decideHeal(stuck: StuckContainer, facts: HealFacts): HealAction {
  const { kind, container } = stuck;
  const { mode, isOwnerInScope, isInScope, proof, tried, copiesEnded } = facts;
  if (kind === "pending") return { kind: "wait" };
  if (mode === "off") return { kind: "end", code: "opted-out" };
  if (!isInScope) return { kind: "end", code: "excluded-by-policy" };
  if (!isOwnerInScope) return { kind: "end", code: "deployed-by-others" };
  if (proof === undefined) return { kind: "prove" };
  const isObserved = mode !== "remediate";
  const next = candidatesOf(stuck, proof).find(({ use }) => use !== container.image && !tried.includes(use));
  if (next !== undefined) return { kind: "patch", ...next, isObserved };
  // What is missing at its registry cannot be copied from there.
  const copies = kind === "missing" ? [] : (proof.copies ?? []);
  const copy = copies.find(({ key }) => !copiesEnded.has(key));
  if (copy !== undefined) return { kind: "copy", copy, isObserved };
  const last = lastCandidate(stuck, proof);
  if (last !== undefined && !tried.includes(last)) {
    const written = proof.trusted === undefined ? "same-reference" : "same-index";
    return { kind: "patch", use: last, proof: written, isLast: true, isObserved };
  }
  if (kind === "substitute-failed") return { kind: "end", code: "substitutes-failed" };
  if (proof.isPassing) return { kind: "wait" };
  return { kind: "end", code: proof.codes.includes("trust-unreadable") ? "trust-unreadable" : "no-proof" };
}

function candidatesOf(
  { kind }: StuckContainer,
  { usable, trusted }: HealProof,
): readonly { readonly use: string; readonly proof: string; readonly isLast: false }[] {
  return usable
    .filter(
      ({ use, proof }) =>
        kind !== "missing" || (isOwnCopy(use) && trusted !== undefined && isByDigest(proof)),
    )
    .map(({ use, proof }) => ({ use, proof, isLast: false as const }));
}

/** In place of an image that is gone, only a copy of ours counts: others may be gone for a reason too. */
function isOwnCopy(use: string): boolean {
  return registryOf(hostOf(use)).kind === "ecr";
}

function isByDigest(proof: string): boolean {
  return proof === "same-index" || proof === "same-platform";
}

/** Only for a container that has an image of ours: one that was not changed has its own already. */
function lastCandidate({ container }: StuckContainer, { trusted }: HealProof): string | undefined {
  const { note, written, image } = container;
  if (note === undefined || trusted === undefined) return undefined;
  const last = tryParseReference(written)?.digest === undefined ? `${written}@${trusted.digest}` : written;
  return last === image || tryParseReference(last) === undefined ? undefined : last;
}
