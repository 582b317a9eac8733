/**
 * Picks what to run in place of images that cannot be pulled.
 *
 * Candidates come in the owner's order, each with what its registry said. The first whose bytes are proved well
 * enough wins; every other one keeps the reason why it lost, so that a plan can always explain itself.
 */

import { type Digest, shortDigest } from "../image/digest.ts";
import { type Platform, printPlatform } from "../image/platform.ts";
import { canonicalName, parseReference, pinned } from "../image/reference.ts";
import type { Candidate, Sighting, Trusted } from "./candidate.ts";
import type { Policy } from "./policy.ts";
import { isEnough, type Proof, proofOf } from "./proof.ts";
import { copyTag } from "./strategies/own-copy.ts";

/** What the survey learned about one image of the task definition. */
export type ImageFacts = {
  /** As the task definition writes it. */
  readonly image: string;
  readonly containers: readonly string[];
  /** Its pull is what failed; the others would fail next. */
  readonly failing: boolean;
  readonly trusted?: Trusted;
  /** Why there is no trusted digest. */
  readonly untrustedBecause?: string;
  /** What another deployment ran under this name: shown, never trusted, for the tag may have moved on purpose. */
  readonly ranBefore?: Digest;
  readonly sightings: readonly Sighting[];
};

export type Winner = {
  readonly candidate: Candidate;
  readonly proof: Proof;
  /** What runs; for a copy still to be made, what is copied. */
  readonly digest: Digest;
  /** What the task definition will say; absent until the copy exists. */
  readonly writes?: string;
  /** The copy to be made first. */
  readonly copy?: { readonly source: string; readonly target: string; readonly platform?: Platform };
};

export type Loser = { readonly candidate: Candidate; readonly because: string };

export type ImagePlan = {
  readonly image: string;
  readonly containers: readonly string[];
  readonly failing: boolean;
  readonly trusted?: Trusted;
  readonly winner?: Winner;
  readonly losers: readonly Loser[];
};

export type Plan =
  | { readonly kind: "substitute"; readonly images: readonly ImagePlan[] }
  | {
      readonly kind: "stand-still";
      readonly because: string;
      readonly images: readonly ImagePlan[];
      readonly remedies: readonly string[];
    };

export type PlanContext = { readonly policy: Policy; readonly platform?: Platform };

/** Plans a substitute for each image. Stands still when an image whose pull failed has none: the rest would not help. */
export function planSubstitution(facts: readonly ImageFacts[], context: PlanContext): Plan {
  const images = facts.map((image) => planImage(image, context));
  const unhealed = images.filter((image) => image.failing && image.winner === undefined);
  if (images.some((image) => image.failing) && unhealed.length === 0) return { kind: "substitute", images };
  const names = unhealed.map(({ image }) => image).join(", ");
  return {
    kind: "stand-still",
    because:
      unhealed.length === 0
        ? "no image of the task definition is one whose pull failed"
        : `no place was found that holds ${names} with enough proof`,
    images,
    remedies: remediesFor(facts, unhealed, context),
  };
}

function planImage(facts: ImageFacts, context: PlanContext): ImagePlan {
  const { image, containers, failing, trusted } = facts;
  const losers: Loser[] = [];
  const base = { image, containers, failing, ...(trusted === undefined ? {} : { trusted }) };
  for (const sighting of facts.sightings) {
    const judged = judge(sighting, facts, context);
    if (typeof judged !== "string") return { ...base, winner: judged, losers };
    losers.push({ candidate: sighting.candidate, because: judged });
  }
  return { ...base, losers };
}

/** The winner that a sighting makes, or the reason against it. */
function judge(
  { candidate, seen }: Sighting,
  facts: ImageFacts,
  { policy, platform }: PlanContext,
): Winner | string {
  if (seen.kind !== "found") return seen.because;

  const { trusted } = facts;
  const proved =
    trusted === undefined
      ? candidate.samePublisher
        ? { proof: "same-publisher" as const, digest: seen.digest }
        : undefined
      : proofOf(seen, trusted);
  if (proved === undefined) {
    return trusted === undefined
      ? `it cannot be compared: ${facts.untrustedBecause ?? "no digest is trusted"}`
      : `it holds other bytes: ${shortDigest(seen.digest)} instead of ${shortDigest(trusted.digest)}`;
  }

  if (candidate.source === undefined) {
    if (!isEnough(proved.proof, policy.leastProof)) return tooWeak(proved.proof, policy);
    return { candidate, ...proved, writes: written(candidate, proved.digest, policy) };
  }
  // A copy of one platform is a child of the index that was proved.
  const single = policy.platforms === "task" && platform !== undefined && seen.isIndex;
  const proof = single ? "same-platform" : proved.proof;
  if (!isEnough(proof, policy.leastProof)) return tooWeak(proof, policy);
  const copy = { source: candidate.source, target: candidate.image, ...(single ? { platform } : {}) };
  return { candidate, proof, digest: proved.digest, copy };
}

function tooWeak(proof: Proof, policy: Policy): string {
  return `its proof is ${proof}, and the policy asks for ${policy.leastProof}`;
}

function written(candidate: Candidate, digest: Digest, policy: Policy): string {
  const reference = parseReference(candidate.image);
  if (policy.pinning === "digest" || reference.tag === undefined)
    return canonicalName(pinned(reference, digest));
  if (candidate.strategy !== "own-copy") return canonicalName({ ...reference });
  return canonicalName({ host: reference.host, path: reference.path, tag: copyTag(reference.tag, digest) });
}

function remediesFor(
  facts: readonly ImageFacts[],
  unhealed: readonly ImagePlan[],
  { policy, platform }: PlanContext,
): readonly string[] {
  const remedies = new Set<string>();
  for (const { image, losers } of unhealed) {
    const known = facts.find((fact) => fact.image === image);
    const seen = known?.sightings.map((sighting) => sighting.seen.kind) ?? [];
    if (losers.some(({ because }) => because.startsWith("its proof is same-publisher"))) {
      remedies.add(
        "accept the proof same-publisher (REPULL_LEAST_PROOF=same-publisher): the publisher keeps both names, no digest could be compared",
      );
    }
    if (seen.includes("rate-limited")) {
      remedies.add(
        `mirror ${image}${platform === undefined ? "" : ` (${printPlatform(platform)})`} from a place with quota left: npx repull mirror`,
      );
    }
    if (seen.includes("denied")) remedies.add(`give Repull's roles access to the registry that refused it`);
    if (policy.strategies.length < 3)
      remedies.add(`allow more strategies (REPULL_STRATEGIES is ${policy.strategies.join(",")})`);
  }
  remedies.add(
    "or wait: a Docker Hub window ends at the latest 6 hours after the limit struck, and ECS goes on trying",
  );
  return [...remedies];
}
