/**
 * Picks what to run in place of images that cannot be pulled.
 *
 * Candidates come in the policy's order, each with what its registry said. The first whose bytes are proved well
 * enough wins; every other one keeps the reason why it lost, so that a plan can always explain itself.
 */

import { type Digest, shortDigest } from "../image/digest.ts";
import { canonicalName, parseReference, pinToDigest } from "../image/reference.ts";
import {
  type Candidate,
  type Check,
  type Found,
  isBarred,
  type ProbedCandidate,
  type Trusted,
  type Untrusted,
} from "./candidate.ts";
import { missingImage } from "./missing-image.ts";
import type {
  ImageFacts,
  ImagePlan,
  NoSubstituteCode,
  Plan,
  PlanContext,
  RejectedCandidate,
  Substitute,
} from "./plan-types.ts";
import type { Policy } from "./policy/policy.ts";
import { meets, type ProofLevel, proofOf } from "./proof.ts";
import { remediesFor } from "./remedies/remedies.ts";

/**
 * What a whole image may cost in pulls: Docker's own have up to ten platforms, and each is a pull (docs.docker.com, usage
 * of Docker Hub, read 2026-11). Where fewer are left, what is needed of them comes first.
 */
const WHOLE_IMAGE_PULLS = 12;

/** Plans a substitute for each image. Plans none when an image whose pull failed has none: the rest would not help. */
export function planSubstitution(facts: readonly ImageFacts[], context: PlanContext): Plan {
  const images = facts.map((image) => planImage(image, context));
  const unhealed = images.filter((image) => image.failing && image.substitute === undefined);
  if (images.some((image) => image.failing) && unhealed.length === 0) {
    return { kind: "substitute", images, policy: context.policy };
  }
  const barred = unhealed.find(({ untrusted }) => isBarred(untrusted));
  const names = unhealed.map(({ image }) => image).join(", ");
  return {
    kind: "no-substitute",
    code: codeOf(barred?.untrusted),
    because:
      unhealed.length === 0
        ? "no image of the task definition is one whose pull failed"
        : barred !== undefined
          ? `the expected digest of ${barred.image} is not known: ${barred.untrusted?.because}`
          : `no verified copy of ${names} was found${reportMissing(facts, unhealed)}`,
    images,
    remedies: remediesFor(facts, unhealed, context),
    policy: context.policy,
  };
}

/** Whatever limit was met: an image that its registry no longer has does not come back when the limit ends. */
function reportMissing(facts: readonly ImageFacts[], unhealed: readonly ImagePlan[]): string {
  const gone = facts.flatMap((fact) =>
    unhealed.some(({ image }) => image === fact.image) ? (missingImage(fact) ?? []) : [],
  );
  return gone.map(({ host, name }) => `; ${host} no longer has ${name}`).join("");
}

function codeOf(untrusted: Untrusted | undefined): NoSubstituteCode {
  return untrusted?.code === "trust-unreadable" || untrusted?.code === "other-manifest-in-text"
    ? untrusted.code
    : "no-proof";
}

function planImage(facts: ImageFacts, context: PlanContext): ImagePlan {
  const { image, containers, failing, trusted, untrusted, vetoedBy, notCompared, notApplicable, ordered } =
    facts;
  const losers: RejectedCandidate[] = [];
  const base = {
    image,
    containers,
    failing,
    ...(trusted && { trusted }),
    ...(untrusted && { untrusted }),
    ...(vetoedBy && { vetoedBy }),
    ...(notCompared && { notCompared }),
    ...(notApplicable === undefined ? {} : { notApplicable }),
    ...(ordered && { ordered }),
  };
  for (const sighting of facts.probedCandidates) {
    const judged = judgeCandidate(sighting, facts, context);
    if ("candidate" in judged) return { ...base, substitute: judged, rejected: losers };
    const checks = sighting.checks === undefined ? {} : { checks: sighting.checks };
    losers.push({ candidate: sighting.candidate, ...judged, ...checks });
  }
  return { ...base, rejected: losers };
}

export type Rejection = Omit<RejectedCandidate, "candidate" | "checks">;

/** What of an image decides whether a candidate may take its place. */
type JudgedFacts = Pick<ImageFacts, "image" | "trusted" | "untrusted" | "probedCandidates">;

/** The substitute that a probed candidate makes, or the reason against it. */
export function judgeCandidate(
  sighting: ProbedCandidate,
  facts: JudgedFacts,
  { policy, platforms = [] }: PlanContext,
): Substitute | Rejection {
  const { candidate, seen, checks = [] } = sighting;
  const { trusted, untrusted } = facts;
  if (isBarred(untrusted)) return { code: untrusted.code, because: untrusted.because };
  if ("because" in seen) {
    const { kind, code = kind, because, repositories } = seen;
    return { code, because, ...(repositories === undefined ? {} : { repositories }) };
  }
  const failed = checks.find(({ result }) => result === "failed");
  if (failed !== undefined) return { code: "check-failed", because: failed.because };
  const secret = checks.find(({ what }) => what === "secret");
  if (secret?.result === "not checked" && !policy.registries.allowUnverifiedSecretAccess) {
    return {
      code: "secret-unchecked",
      because: `it could not be checked that the tasks' role can read the secret (${secret.because}); the policy key registries.allowUnverifiedSecretAccess allows it unchecked`,
    };
  }
  if (seen.kind === "kept") return kept(candidate, facts, checks);
  if (seen.kind === "fetchable") {
    if (trusted === undefined) return cannotBeCompared(facts);
    // ECR is asked for the digest, so nothing else can come.
    const warm = {
      target: candidate.image,
      upstream: candidate.pullThroughRule?.upstream ?? candidate.image,
      ...(platforms.length === 0 ? {} : { platforms }),
    };
    return { candidate, proof: "same-index", digest: trusted.digest, importIntoCache: warm, checks };
  }

  const proved = provedBy(sighting, seen, trusted);
  if (proved === undefined) {
    return trusted === undefined
      ? cannotBeCompared(facts)
      : {
          code: "other-content",
          because: `it has other content: digest ${shortDigest(seen.digest)} instead of ${shortDigest(trusted.digest)}`,
        };
  }
  // The operator's mapping of exactly this image needs no minimum level: it is the decision itself.
  const enough = (proof: ProofLevel) => proof === "operator-override" || meets(proof, policy.minimumProof);

  if (candidate.source === undefined) {
    if (!enough(proved.proof)) return tooWeak(proved.proof, policy);
    const writes = canonicalName(pinToDigest(parseReference(candidate.image), proved.digest));
    return { candidate, ...proved, writes, checks };
  }
  // What is copied of some platforms, the index that was proved lists.
  const { pullsLeft = WHOLE_IMAGE_PULLS } = seen;
  const isScarce = pullsLeft === "unknown" || pullsLeft < WHOLE_IMAGE_PULLS;
  const wantsPart =
    policy.mirrors.platforms === "task" || (isScarce && meets("same-platform", policy.minimumProof));
  const isPart = wantsPart && platforms.length > 0 && seen.isIndex;
  const proof = isPart ? "same-platform" : proved.proof;
  if (!enough(proof)) return tooWeak(proof, policy);
  if (isArchivedThere(candidate, isPart, facts))
    return { code: "archived", because: "the same copy is there already, archived: it must be restored" };
  const copy = {
    source: candidate.source,
    target: candidate.image,
    ...(isPart ? { platforms } : {}),
    ...(candidate.anonymous ? { anonymous: true as const } : {}),
  };
  const quota = seen.quota === undefined ? {} : { quota: seen.quota };
  return { candidate, proof, digest: proved.digest, copy, ...quota, checks };
}

/** Whether what would be copied is archived at the very place: ECR has it then, and it cannot be pulled. */
function isArchivedThere(
  { image }: Candidate,
  isPart: boolean,
  { trusted, probedCandidates }: JudgedFacts,
): boolean {
  return probedCandidates.some(
    ({ candidate, seen }) =>
      candidate.source === undefined &&
      candidate.image === image &&
      seen.kind === "archived" &&
      (seen.archived ?? []).some((digest) => (digest === trusted?.digest) !== isPart),
  );
}

/**
 * The image from its own registry, with an account. A new deployment resolves a tag anew, and it may have moved: where
 * the trusted digest is known, it is written.
 */
function kept(candidate: Candidate, facts: JudgedFacts, checks: readonly Check[]): Substitute {
  const { image, trusted } = facts;
  const reference = parseReference(image);
  const stays = trusted === undefined || reference.digest !== undefined;
  if (stays) return { candidate, proof: "same-reference", writes: image, checks };
  const writes = canonicalName(pinToDigest(reference, trusted.digest));
  return { candidate, proof: "same-index", digest: trusted.digest, writes, checks };
}

function provedBy(
  { candidate }: ProbedCandidate,
  found: Found,
  trusted: Trusted | undefined,
): { proof: ProofLevel; digest: Digest } | undefined {
  const compared = trusted === undefined ? undefined : proofOf(found, trusted);
  if (compared !== undefined) return compared;
  if (candidate.operatorOverride) return { proof: "operator-override", digest: found.digest };
  return trusted === undefined && candidate.samePublisher
    ? { proof: "same-publisher", digest: found.digest }
    : undefined;
}

function cannotBeCompared({ untrusted }: JudgedFacts): Rejection {
  return {
    code: untrusted?.code ?? "no-digest",
    because: `it cannot be compared: ${untrusted?.because ?? "the expected digest is not known"}`,
  };
}

function tooWeak(proof: ProofLevel, policy: Policy): Rejection {
  const because = `its proof is ${proof}; the policy requires at least ${policy.minimumProof} (minimumProof)`;
  return { code: "weak-proof", because, proof };
}
