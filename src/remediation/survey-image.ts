/**
 * What is known of one image: the digest that is trusted, and what each place where it may be says.
 *
 * Only a task of the same deployment and the same reference can vouch for a tag; what an earlier deployment ran is
 * shown and never trusted, for the tag may have moved on purpose.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { type Digest, isDigest } from "../image/digest.ts";
import { ecrHost } from "../image/ecr-hosts.ts";
import { DOCKER_HUB_HOST } from "../image/hosts.ts";
import { printPlatform } from "../image/platform.ts";
import { canonicalName, type ImageReference, repositoryIn } from "../image/reference.ts";
import { inPool } from "../oci/pool.ts";
import { RegistryError } from "../oci/registry-error.ts";
import {
  type Candidate,
  type Check,
  type NotOffered,
  placeOf,
  type Seen,
  type Sighting,
  type Trusted,
} from "../substitution/candidate.ts";
import { matchesImage } from "../substitution/glob.ts";
import { unfit } from "../substitution/ladder.ts";
import { offer } from "../substitution/offer.ts";
import type { ImageFacts } from "../substitution/planner.ts";
import type { Policy } from "../substitution/policy.ts";
import type { StrategyContext } from "../substitution/strategy.ts";
import { primaryDeployment, type Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import { AwsError, awsErrorBehind } from "./aws-error.ts";
import { type LookContext, look } from "./look.ts";
import type { Refused } from "./mirroring.ts";
import type { Ports } from "./ports.ts";
import { type Puller, preflight } from "./preflight.ts";
import type { TaskPlatforms } from "./task-platforms.ts";

/** What the survey knows of the failing deployment when it comes to its images. */
export type Scene = {
  readonly failure: PullFailure;
  /** Absent for a task that no service started. */
  readonly service?: Service;
  readonly platforms: TaskPlatforms;
  /** The service's running tasks, of every deployment. */
  readonly running: readonly Task[];
  readonly policy: Policy;
  /** Places that this execution has tried in vain. */
  readonly failed: readonly string[];
  /** Places from which no copy could be had. */
  readonly refused: readonly Refused[];
  readonly rules: StrategyContext["rules"];
  readonly puller: Puller;
};

export type NamedImage = {
  readonly image: string;
  readonly reference: ImageReference;
  readonly containers: readonly string[];
  readonly failing: boolean;
  /** Its containers show an account of their own. */
  readonly signedIn: boolean;
};

const PLACES_AT_ONCE = 4;

/** Asks for one image's trusted digest, then for every place that the policy's strategies name. */
export async function surveyImage(named: NamedImage, scene: Scene, ports: Ports): Promise<ImageFacts> {
  const { image, reference, containers, failing, signedIn } = named;
  const { policy, platforms, rules } = scene;
  const believed = await trust(named, scene, ports);
  const trusted = believed.trusted === undefined ? {} : { trusted: believed.trusted.digest };
  const [{ classification: limit }] = scene.failure.failures;
  const context = {
    // The text that told of the limit is Docker Hub's own, under whichever name.
    isDockerHub: failing && limit.registry === DOCKER_HUB_HOST,
    ecrHost: ecrHost(ports.home.account, ports.home.region),
    policy,
    rules,
    signedIn,
    ...trusted,
  };
  const lookContext = {
    ...trusted,
    platforms: platforms.kind === "known" ? platforms.platforms : [],
    accountSpent: scene.failure.failures[0].classification.limitedAs === "account",
    mayCopyPrivate: policy.privateImages.some((pattern) => matchesImage(pattern, reference)),
  };
  const candidates: Candidate[] = [];
  const notOffered: NotOffered[] = [];
  for (const strategy of policy.strategies) {
    const no = unfit(strategy, limit);
    const offered = no === undefined ? offer(strategy, reference, context) : { because: no };
    if ("because" in offered) {
      notOffered.push({ strategy, because: offered.because });
    } else candidates.push(...offered);
  }
  const sightings: Sighting[] = [];
  await inPool([...candidates.entries()], PLACES_AT_ONCE, async ([index, candidate]) => {
    sightings[index] = await sight(candidate, lookContext, scene, ports);
  });
  const ranBefore = digestsRun(
    named,
    scene,
    (task) => task.taskDefinitionArn !== scene.failure.taskDefinitionArn,
  )[0];
  return {
    image,
    containers,
    failing,
    ...believed,
    ...(ranBefore === undefined ? {} : { ranBefore }),
    sightings,
    notOffered,
  };
}

/** What a place says, and whether the tasks could use what it has. */
async function sight(
  candidate: Candidate,
  context: LookContext,
  scene: Scene,
  ports: Ports,
): Promise<Sighting> {
  const seen = triedInVain(candidate, scene) ?? (await look(candidate, context, ports));
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
async function ruleCheck({ through }: Candidate, { ecr }: Ports): Promise<Check | undefined> {
  if (through === undefined) return undefined;
  try {
    const { isValid, because } = await ecr.validateRule(through.rule);
    return { what: "rule", result: isValid ? "passed" : "failed", because };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === "throttled") throw error;
    return { what: "rule", result: "not checked", because: error.message };
  }
}

/** A place without the platform is not found at all; here is said how it is known that it has it. */
function platformCheck(seen: Exclude<Seen, { readonly because: string }>, needed: TaskPlatforms): Check {
  const check = (result: Check["result"], because: string): Check => ({ what: "platform", result, because });
  if (needed.kind === "unknown") return check("not checked", `${needed.because}: only whole images will do`);
  const names = needed.platforms.map(printPlatform).join(" and ");
  return seen.kind === "found" && (seen.platformDigest ?? seen.childOf) !== undefined
    ? check("passed", `it has ${names}`)
    : check("passed", `it is the very image that the tasks ask for, ${names} or not`);
}

/** A place that holds the bytes is no help where a task could not pull from it, or we could not copy. */
function triedInVain(candidate: Candidate, { failed, refused }: Scene): Seen | undefined {
  const no = refused.find(({ place }) => place === placeOf(candidate));
  if (no !== undefined) return { kind: no.limited ? "rate-limited" : "denied", because: no.because };
  const repository = repositoryIn(candidate.image);
  if (!failed.some((place) => repositoryIn(place) === repository)) return undefined;
  return { kind: "denied", because: "a task tried to pull it from there, and could not" };
}

type Believed = { readonly trusted?: Trusted; readonly untrustedBecause?: string };

/** The digest that the owner meant: the reference's own, a task's of the same deployment, or the origin's word. */
async function trust(named: NamedImage, scene: Scene, ports: Ports): Promise<Believed> {
  const { reference } = named;
  if (reference.digest !== undefined) return { trusted: { digest: reference.digest, from: "reference" } };

  const deployment = scene.service === undefined ? undefined : primaryDeployment(scene.service)?.id;
  const [digest, ...others] = digestsRun(named, scene, (task) => {
    const same = task.taskDefinitionArn === scene.failure.taskDefinitionArn;
    return same && deployment !== undefined && task.startedBy === deployment;
  });
  // Two digests in one deployment (version consistency is switched off): neither is the one that was meant.
  if (digest !== undefined && others.length === 0) return { trusted: { digest, from: "deployment" } };

  const asked = await askOrigin(reference, ports.registries);
  if (asked.trusted !== undefined || ports.anonymous === undefined) return asked;
  // An account that is refused is no reason not to ask as nobody.
  const again = await askOrigin(reference, ports.anonymous.registries);
  return again.trusted === undefined ? asked : again;
}

async function askOrigin(reference: ImageReference, registries: Ports["registries"]): Promise<Believed> {
  try {
    const head = await registries.headManifest(reference);
    if (head !== undefined) return { trusted: { digest: head.digest, from: "origin" } };
    return { untrustedBecause: `${reference.host} has no ${canonicalName(reference)}` };
  } catch (error) {
    const behind = awsErrorBehind(error);
    if (behind?.kind === "throttled") throw behind;
    const told = behind ?? error;
    if (!(told instanceof AwsError || told instanceof RegistryError)) throw told;
    return {
      untrustedBecause: `no task of this deployment runs it, and ${reference.host} does not tell: ${told.message}`,
    };
  }
}

/** The digests that matching tasks run under this very reference. */
function digestsRun(
  { image, containers }: NamedImage,
  { running }: Scene,
  matches: (task: Task) => boolean,
): readonly Digest[] {
  const name = image.split("@")[0];
  const digests = running
    .filter(matches)
    .flatMap((task) => task.containers)
    .filter((container) => containers.includes(container.name) && container.image?.split("@")[0] === name)
    .map(({ imageDigest }) => imageDigest)
    .filter(isDigest);
  return [...new Set(digests)];
}
