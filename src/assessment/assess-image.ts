/**
 * Finds what may stand in for an image: which bytes its name means and who says so, which places hold them and how that
 * is proved, whether those who would pull them get them, and what follows.
 *
 * Reads only. What it is asked for it knows by the environment; ECS's survey, a scan, a check of files and an admission
 * webhook's index get the same answer for the same image.
 */

import { type Digest, shortDigest } from "../image/digest.ts";
import { ecrHost } from "../image/ecr-hosts.ts";
import type { ProbedCandidate, Untrusted } from "../substitution/candidate.ts";
import { matchesImage } from "../substitution/glob.ts";
import { judgeCandidate, planSubstitution, type Rejection } from "../substitution/plan.ts";
import type { ImageFacts, Plan, PlanContext, Substitute } from "../substitution/plan-types.ts";
import { cachedUpstream } from "./cached-upstream.ts";
import { type Preflight, preflightOf } from "./checks.ts";
import type { AskedImage, Environment } from "./environment.ts";
import { offersOf } from "./offers.ts";
import { probeOffers } from "./probe-offers.ts";
import type { Belief } from "./trust/testimony.ts";
import { textVeto } from "./trust/text-veto.ts";
import { trustedDigest } from "./trust/trusted-digest.ts";

export type ImageAssessment = {
  /** What was read, as JSON and small. */
  readonly facts: Omit<ImageFacts, "containers" | "failing" | "ranBefore">;
  /** In the order of the policy's strategies. */
  readonly candidates: readonly AssessedCandidate[];
  /** Of this image alone: the first candidate that is proved well enough, or why there is none and what would help. */
  readonly plan: Plan;
};

export type AssessedCandidate = ProbedCandidate & {
  /** Absent where the place does not have it, or it was not asked for (`environment.preflight`). */
  readonly preflight?: Preflight;
} & ({ readonly substitute: Substitute } | { readonly rejection: Rejection });

/** Throws PortError where asking again may help; whatever a registry answers is a part of the assessment. */
export async function assessImage(asked: AskedImage, environment: Environment): Promise<ImageAssessment> {
  const facts = await readFacts(asked, environment);
  const { policy, limit, again } = environment;
  const platforms = knownPlatforms(environment);
  const context: PlanContext = { policy, platforms, limit, ...(again === undefined ? {} : { again }) };
  return {
    facts,
    candidates: facts.probedCandidates.map((one) => ({
      ...one,
      ...(environment.preflight === undefined || one.checks === undefined
        ? {}
        : { preflight: preflightOf(one.checks) }),
      ...verdict(judgeCandidate(one, facts, context)),
    })),
    plan: planSubstitution([{ ...facts, containers: [], failing: true }], context),
  };
}

function verdict(judged: Substitute | Rejection): { substitute: Substitute } | { rejection: Rejection } {
  return "because" in judged ? { rejection: judged } : { substitute: judged };
}

async function readFacts(asked: AskedImage, environment: Environment): Promise<ImageAssessment["facts"]> {
  const { image, reference, namedManifests = [] } = asked;
  const { policy, limit } = environment;
  const upstream = asked.upstream ?? upstreamOf(asked, environment);
  const belief = await believed(asked, upstream, environment);
  const trusted =
    "trusted" in belief ? { trusted: belief.trusted.digest, isNew: belief.trusted.from === "operator" } : {};
  const platforms = knownPlatforms(environment);
  const offers = offersOf(upstream ?? reference, limit, {
    policy,
    isDockerHub: asked.isDockerHub ?? false,
    signedIn: asked.signedIn ?? false,
    ...accountOf(environment),
    ...trusted,
  });
  const context = {
    ...trusted,
    platforms,
    asksAhead: environment.asksAhead ?? false,
    accountLimitReached: limit.limitedAs === "account",
    mayCopyPrivate: policy.registries.privateImages.some((pattern) => matchesImage(pattern, reference)),
  };
  const candidates = offers.flatMap((offer) => ("candidates" in offer ? offer.candidates : []));
  const probedCandidates = await probeOffers(candidates, context, environment);
  const veto =
    "trusted" in belief
      ? await textVeto(
          { reference, trusted: belief.trusted },
          namedManifests,
          { probedCandidates, platforms },
          environment.registries,
        )
      : {};
  return {
    image,
    ...belief,
    ...veto,
    ...(veto.vetoedBy === undefined ? {} : { untrusted: otherManifest(veto.vetoedBy) }),
    probedCandidates,
    notApplicable: offers.filter((offer) => "because" in offer),
  };
}

async function believed(
  asked: AskedImage,
  upstream: AskedImage["reference"] | undefined,
  environment: Environment,
): Promise<Belief> {
  if (asked.trusted !== undefined) return { trusted: asked.trusted };
  const named = { reference: asked.reference, ...(upstream === undefined ? {} : { upstream }) };
  return await trustedDigest(named, environment.witnesses?.(asked) ?? [], environment);
}

/** The upstream image of a name in our own pull-through cache: when its upstream met the limit, its bytes are looked for under that name. */
function upstreamOf(
  { reference }: AskedImage,
  { limit, account }: Environment,
): AskedImage["reference"] | undefined {
  if (limit.mayBeUpstreams !== true || account === undefined) return undefined;
  return cachedUpstream(reference, account.rules, account.location);
}

function accountOf({ account }: Environment) {
  if (account === undefined) return {};
  const { location, rules } = account;
  return { account: { ecrHost: ecrHost(location.account, location.region), rules } };
}

function knownPlatforms({ platforms }: Environment) {
  return platforms.kind === "known" ? platforms.platforms : [];
}

function otherManifest(digest: Digest): Untrusted {
  return {
    code: "other-manifest-in-text",
    because: `the failing text names the manifest ${shortDigest(digest)}, which has other content`,
  };
}
