/**
 * What is known of one image of a failing revision: an assessment, with what ECS knows of the bytes that were meant.
 *
 * What an earlier deployment ran is shown and never trusted, because the tag may have moved on purpose.
 */

import { assessImage } from "../../assessment/assess-image.ts";
import type { AskedImage, Environment } from "../../assessment/environment.ts";
import type { Task } from "../../ecs/task/task.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { canonicalName, type ImageReference, pinToDigest } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import { type Candidate, candidateKey, type NotHeld } from "../../substitution/candidate.ts";
import type { ImageFacts, Ordered } from "../../substitution/plan-types.ts";
import type { MirrorRejected } from "../mirror/mirror-result.ts";
import { digestsIn, type witnessesOf } from "./trust/ecs-witnesses.ts";
import type { MeantDigests, OrderedImage } from "./types.ts";

/** What the survey knows of the failing deployment when it comes to its images. */
export type ImageSurveyContext = {
  readonly failure: PullFailure;
  /** The service's running tasks, of every deployment; absent: none is of another revision than the failing one. */
  readonly running?: () => Promise<readonly Task[]>;
  /** What was meant, by image, where an earlier survey of this remediation has decided it. */
  readonly meant: MeantDigests;
  readonly witnessesOf: ReturnType<typeof witnessesOf>;
  /** What all images of the revision share. */
  readonly environment: Environment;
};

export type NamedImage = {
  readonly image: string;
  readonly reference: ImageReference;
  readonly containers: readonly string[];
  readonly failing: boolean;
  /** Its upstream image where its name is in a pull-through cache: its bytes are looked for under that name. */
  readonly upstream?: ImageReference;
  /** Its containers show an account of their own. */
  readonly signedIn: boolean;
  /** An operator has ordered what its tag names now. */
  readonly ordered?: OrderedImage;
};

/** Asks for one image's trusted digest, then for every place that the policy's strategies name. */
export async function surveyImage(named: NamedImage, scene: ImageSurveyContext): Promise<ImageFacts> {
  const { image, reference, containers, failing, signedIn, ordered } = named;
  const { failure, running, environment } = scene;
  if (ordered !== undefined) return await surveyOrdered(named, ordered, environment);
  const before = scene.meant[image];
  const { facts } = await assessImage(
    {
      image,
      reference,
      // The text of the limit is Docker Hub's own, under whichever name.
      isDockerHub: failing && environment.limit.registry === DOCKER_HUB_HOST,
      signedIn,
      namedManifests: failure.manifests ?? [],
      ...(before === undefined ? {} : { trusted: before }),
    },
    { ...environment, witnesses: () => scene.witnessesOf(named) },
  );
  const all = running === undefined ? [] : await running();
  const ofOthers = all.filter((task) => task.taskDefinitionArn !== failure.taskDefinitionArn);
  const ranBefore = digestsIn(ofOthers, named)[0];
  return { ...facts, containers, failing, ...(ranBefore === undefined ? {} : { ranBefore }) };
}

/**
 * What is known of an image whose new bytes an operator has ordered: the copies in ECR that have them, and how to go back.
 *
 * ECS resolves a tag anew for each deployment. So going back to a task definition that names a tag that has moved would run
 * the very bytes that are to be left: the way back names what runs now by its digest, in ECR where that is there.
 */
async function surveyOrdered(
  { image, reference, containers, failing, signedIn }: NamedImage,
  { source, digest, runs, writtenAs }: OrderedImage,
  environment: Environment,
): Promise<ImageFacts> {
  const askedAt = new Date(environment.clock.now()).toISOString();
  const asked: AskedImage = { image, reference, signedIn, upstream: source };
  const { facts } = await assessImage(
    { ...asked, trusted: { digest, from: "operator", askedAt } },
    environment,
  );
  const ordered: Ordered = { writtenAs, runs };
  if (reference.digest !== undefined) return { ...facts, containers, failing, ordered };
  const { plan } = await assessImage(
    { ...asked, trusted: { digest: runs, from: "service-revision", askedAt } },
    environment,
  );
  const [before] = plan.images;
  const wayBack = {
    image: before?.substitute?.writes ?? canonicalName(pinToDigest(source, runs)),
    digest: before?.substitute?.digest ?? runs,
  };
  return { ...facts, containers, failing, ordered: { ...ordered, wayBack } };
}

/** A place that could not be copied. A quota of the policy says nothing about it, and a failed copy does not reject it. */
export function mirrorRejected(
  candidate: Candidate,
  rejections: readonly MirrorRejected[],
): NotHeld | undefined {
  const no = rejections.find(({ place }) => place === candidateKey(candidate));
  if (no === undefined) return undefined;
  const { because, repositories } = no;
  const fill = repositories === undefined ? {} : { code: "cache-not-fillable" as const, repositories };
  return { kind: unusable(no), because, ...fill };
}

/** A registry's bad minute is longer than all tries of one copy. */
function unusable({ limited, failed, held }: MirrorRejected): NotHeld["kind"] {
  if (held !== undefined) return "unknown";
  if (limited) return "rate-limited";
  return failed ? "unreachable" : "denied";
}
