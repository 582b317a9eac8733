/**
 * What is known of one image: the digest that is trusted, and what each place where it may be says.
 *
 * Only a task of the same deployment and the same reference can vouch for a tag; what an earlier deployment ran is
 * shown and never trusted, for the tag may have moved on purpose.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { type Digest, isDigest } from "../image/digest.ts";
import { ecrHost, registryOf } from "../image/hosts.ts";
import type { Platform } from "../image/platform.ts";
import { canonicalName, type ImageReference, parseReference, repositoryIn } from "../image/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Seen, Sighting, Trusted } from "../substitution/candidate.ts";
import type { ImageFacts } from "../substitution/planner.ts";
import type { Policy } from "../substitution/policy.ts";
import { STRATEGIES } from "../substitution/strategies/index.ts";
import { primaryDeployment, type Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import { look } from "./look.ts";
import type { Ports } from "./ports.ts";

/** What the survey knows of the failing deployment when it comes to its images. */
export type Scene = {
  readonly failure: PullFailure;
  readonly service: Service;
  readonly platform?: Platform;
  /** The service's running tasks, of every deployment. */
  readonly running: readonly Task[];
  readonly policy: Policy;
  /** Places that this execution has tried in vain. */
  readonly failed: readonly string[];
  /** Why the service's tasks could not pull from private ECR, whatever is there. */
  readonly withoutEcr?: string;
};

export type NamedImage = {
  readonly image: string;
  readonly reference: ImageReference;
  readonly containers: readonly string[];
  readonly failing: boolean;
};

/** Asks for one image's trusted digest, then for every place that the policy's strategies name. */
export async function surveyImage(named: NamedImage, scene: Scene, ports: Ports): Promise<ImageFacts> {
  const { image, reference, containers, failing } = named;
  const { policy, platform } = scene;
  const believed = await trust(named, scene, ports);
  const trusted = believed.trusted === undefined ? {} : { trusted: believed.trusted.digest };
  const place = {
    ecrHost: ecrHost(ports.home.account, ports.home.region),
    mirrorPrefix: policy.mirrorPrefix,
  };
  const sightings: Sighting[] = [];
  for (const strategy of policy.strategies) {
    for (const candidate of STRATEGIES[strategy].candidates(reference, { ...place, ...trusted })) {
      const context = { ...trusted, ...(platform === undefined ? {} : { platform }) };
      const seen = outOfReach(candidate.image, scene) ?? (await look(candidate, context, ports));
      sightings.push({ candidate, seen });
    }
  }
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
  };
}

/** A place that holds the bytes is no help where the task cannot pull from it. */
function outOfReach(image: string, { failed, withoutEcr }: Scene): Seen | undefined {
  const { host } = parseReference(image);
  if (withoutEcr !== undefined && registryOf(host).kind === "ecr")
    return { kind: "denied", because: withoutEcr };
  const repository = repositoryIn(image);
  if (!failed.some((place) => repositoryIn(place) === repository)) return undefined;
  return { kind: "denied", because: "a task tried to pull it from there, and could not" };
}

type Believed = { readonly trusted?: Trusted; readonly untrustedBecause?: string };

/** The digest that the owner meant: the reference's own, a task's of the same deployment, or the origin's word. */
async function trust(named: NamedImage, scene: Scene, ports: Ports): Promise<Believed> {
  const { reference } = named;
  if (reference.digest !== undefined) return { trusted: { digest: reference.digest, from: "reference" } };

  const deployment = primaryDeployment(scene.service)?.id;
  const [digest, ...others] = digestsRun(named, scene, (task) => {
    const same = task.taskDefinitionArn === scene.failure.taskDefinitionArn;
    return same && deployment !== undefined && task.startedBy === deployment;
  });
  // Two digests in one deployment (version consistency is switched off): neither is the one that was meant.
  if (digest !== undefined && others.length === 0) return { trusted: { digest, from: "deployment" } };

  try {
    const head = await ports.registries.headManifest(reference);
    if (head !== undefined) return { trusted: { digest: head.digest, from: "origin" } };
    return { untrustedBecause: `${reference.host} has no ${canonicalName(reference)}` };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return {
      untrustedBecause: `no task of this deployment runs it, and ${reference.host} does not tell: ${error.message}`,
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
