/**
 * What is known of one image: the digest that is trusted, and what each place where it may be says.
 *
 * Who is trusted stands in `assessment/trust/trusted-digest.ts`; what an earlier deployment ran is shown and never trusted, for the tag
 * may have moved on purpose.
 */

import { probeCandidate } from "../../assessment/probe/probe-candidate.ts";
import type { ProbeContext } from "../../assessment/probe/probe-context.ts";
import { textVeto } from "../../assessment/trust/text-veto.ts";
import { trustedDigest } from "../../assessment/trust/trusted-digest.ts";
import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { type Digest, shortDigest } from "../../image/digest.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { printPlatform } from "../../image/platform.ts";
import { type ImageReference, repositoryOf } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import { notApplicableReason } from "../../substitution/applicable-limits.ts";
import {
  type Candidate,
  type Check,
  candidateKey,
  type NotApplicable,
  type ProbedCandidate,
  type ProbeResult,
  type Untrusted,
} from "../../substitution/candidate.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { ImageFacts } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { candidatesOf } from "../../substitution/strategies/candidates-of.ts";
import type { StrategyContext } from "../../substitution/strategy.ts";
import type { MirrorRejected } from "../mirror/mirror-result.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { preflight } from "./probe/preflight.ts";
import type { PullIdentity } from "./probe/pull-identity.ts";
import type { TaskPlatforms } from "./task-platforms.ts";
import { digestsIn, type witnessesOf } from "./trust/ecs-witnesses.ts";
import type { MeantDigests } from "./types.ts";

/** What the survey knows of the failing deployment when it comes to its images. */
export type ImageSurveyContext = {
  readonly failure: PullFailure;
  /** Absent for a task that no service started. */
  readonly service?: Service;
  readonly platforms: TaskPlatforms;
  /** The service's running tasks, of every deployment. */
  readonly running: readonly Task[];
  readonly policy: Policy;
  /** Places that this execution has tried in vain. */
  readonly failedPlaces: readonly string[];
  /** Places from which no copy could be had. */
  readonly mirrorRejections: readonly MirrorRejected[];
  readonly rules: StrategyContext["rules"];
  readonly puller: PullIdentity;
  /** What was meant, by image, where an earlier survey of this remediation has decided it. */
  readonly meant: MeantDigests;
  readonly witnessesOf: ReturnType<typeof witnessesOf>;
};

export type NamedImage = {
  readonly image: string;
  readonly reference: ImageReference;
  readonly containers: readonly string[];
  readonly failing: boolean;
  /** What its name in a pull-through cache stands for: its bytes are looked for under that name. */
  readonly upstream?: ImageReference;
  /** Its containers show an account of their own. */
  readonly signedIn: boolean;
};

const PLACES_AT_ONCE = 4;

/** Asks for one image's trusted digest, then for every place that the policy's strategies name. */
export async function surveyImage(
  named: NamedImage,
  scene: ImageSurveyContext,
  ports: Ports,
): Promise<ImageFacts> {
  const { image, reference, upstream = reference, containers, failing, signedIn } = named;
  const { policy, platforms, rules } = scene;
  const before = scene.meant[image];
  const belief =
    before === undefined ? await trustedDigest(named, scene.witnessesOf(named), ports) : { trusted: before };
  const trusted = "trusted" in belief ? { trusted: belief.trusted.digest } : {};
  const [{ classification: limit }] = scene.failure.failures;
  const context = {
    // The text that told of the limit is Docker Hub's own, under whichever name.
    isDockerHub: failing && limit.registry === DOCKER_HUB_HOST,
    ecrHost: ecrHost(ports.location.account, ports.location.region),
    policy,
    rules,
    signedIn,
    ...trusted,
  };
  const lookContext = {
    ...trusted,
    platforms: platforms.kind === "known" ? platforms.platforms : [],
    accountLimitReached: scene.failure.failures[0].classification.limitedAs === "account",
    mayCopyPrivate: policy.registries.privateImages.some((pattern) => matchesImage(pattern, reference)),
  };
  const candidates: Candidate[] = [];
  const notApplicable: NotApplicable[] = [];
  for (const strategy of policy.strategies) {
    const no = notApplicableReason(strategy, limit);
    const offered = no ?? candidatesOf(strategy, upstream, context);
    if ("because" in offered) notApplicable.push({ strategy, ...offered });
    else candidates.push(...offered);
  }
  const probedCandidates: ProbedCandidate[] = [];
  await forEachConcurrently([...candidates.entries()], PLACES_AT_ONCE, async ([index, candidate]) => {
    probedCandidates[index] = await probe(candidate, lookContext, scene, ports);
  });
  const veto =
    "trusted" in belief
      ? await textVeto(
          { reference, trusted: belief.trusted },
          scene.failure.manifests ?? [],
          { probedCandidates, platforms: lookContext.platforms },
          ports.registries,
        )
      : {};
  const ofOthers = scene.running.filter((task) => task.taskDefinitionArn !== scene.failure.taskDefinitionArn);
  const ranBefore = digestsIn(ofOthers, named)[0];
  return {
    image,
    containers,
    failing,
    ...belief,
    ...veto,
    ...(veto.vetoedBy === undefined ? {} : { untrusted: otherManifest(veto.vetoedBy) }),
    ...(ranBefore === undefined ? {} : { ranBefore }),
    probedCandidates: probedCandidates,
    notApplicable,
  };
}

/** What a place says, and whether the tasks could use what it has. */
async function probe(
  candidate: Candidate,
  context: ProbeContext,
  scene: ImageSurveyContext,
  ports: Ports,
): Promise<ProbedCandidate> {
  const seen = failedBefore(candidate, scene) ?? (await probeCandidate(candidate, context, ports));
  if ("because" in seen) return { candidate, seen };
  const rule = seen.kind === "fetchable" ? await ruleCheck(candidate, ports) : undefined;
  const checks = [
    ...(rule === undefined ? [] : [rule]),
    ...(await preflight(candidate, scene.puller, ports)),
    platformCheck(seen, scene.platforms),
  ];
  return { candidate, seen, checks };
}

/** Whether the rule's secret is good, as far as ECR tells beforehand; filling the cache is the proof. */
async function ruleCheck({ pullThroughRule }: Candidate, { ecr }: Ports): Promise<Check | undefined> {
  if (pullThroughRule === undefined) return undefined;
  try {
    const { isValid, because } = await ecr.validateRule(pullThroughRule.rule);
    return { what: "rule", result: isValid ? "passed" : "failed", because };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === "throttled") throw error;
    return { what: "rule", result: "not checked", because: error.message };
  }
}

/** A place without the platform is not found at all; here is said how it is known that it has it. */
function platformCheck(
  seen: Exclude<ProbeResult, { readonly because: string }>,
  needed: TaskPlatforms,
): Check {
  const check = (result: Check["result"], because: string): Check => ({ what: "platform", result, because });
  if (needed.kind === "unknown") return check("not checked", `${needed.because}: only whole images will do`);
  const names = needed.platforms.map(printPlatform).join(" and ");
  return seen.kind === "found" && (seen.platformDigest ?? seen.childOf) !== undefined
    ? check("passed", `it has ${names}`)
    : check("passed", `it is the very image that the tasks ask for, ${names} or not`);
}

/** A copy that failed says nothing against its place: a registry's bad minute is longer than all tries of one copy. */
function unusable({
  limited,
  failed,
  held,
}: MirrorRejected): "rate-limited" | "unreachable" | "denied" | "unknown" {
  // A quota of the owner's says nothing of the place.
  if (held !== undefined) return "unknown";
  if (limited) return "rate-limited";
  return failed ? "unreachable" : "denied";
}

/** A place that holds the bytes is no help where a task could not pull from it, or we could not copy. */
function failedBefore(
  candidate: Candidate,
  { failedPlaces, mirrorRejections }: ImageSurveyContext,
): ProbeResult | undefined {
  const no = mirrorRejections.find(({ place }) => place === candidateKey(candidate));
  if (no !== undefined) {
    const { because, repositories } = no;
    const fill = repositories === undefined ? {} : { code: "cache-not-fillable" as const, repositories };
    return { kind: unusable(no), because, ...fill };
  }
  const repository = repositoryOf(candidate.image);
  if (!failedPlaces.some((place) => repositoryOf(place) === repository)) return undefined;
  return { kind: "denied", because: "a task tried to pull it from there, and could not" };
}

function otherManifest(digest: Digest): Untrusted {
  return {
    code: "other-manifest-in-text",
    because: `the failing text names the manifest ${shortDigest(digest)}, which is of other bytes`,
  };
}
