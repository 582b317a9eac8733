/**
 * Asks registries which of the places hold the same bytes, for every image of an account that depends on Docker Hub.
 *
 * Each image is assessed once, by HEADs that no registry counts as pulls; Docker Hub is asked no more once it refuses, and
 * no pull-through cache is made to fetch. What a name means is what its registry says now: of what a deployment has pinned, only `repull plan` knows.
 */

import { assessImage, type ImageAssessment } from "../assessment/assess-image.ts";
import type { Environment, RequiredPlatforms } from "../assessment/environment.ts";
import { oneRound } from "../assessment/one-round.ts";
import { PortError } from "../assessment/ports.ts";
import type { RegistryTimeLimits } from "../assessment/registries-in-time.ts";
import { getStrings } from "../ecs/json-fields.ts";
import { containersOf, type DescribedTaskDefinition } from "../ecs/task-definition/task-definition.ts";
import { type Platform, printPlatform } from "../image/platform.ts";
import { canonicalName, type ImageReference, tryParseReference } from "../image/reference.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import { platformsOf } from "../remediation/survey/task-platforms.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";
import type { Substitute } from "../substitution/plan-types.ts";
import type { LikelySubstitutes, ScanFacts } from "./likely-substitutes.ts";

/** A person waits: a quarter of an hour in all, and a registry that lets a question of seconds pass is left out. */
const TIME: RegistryTimeLimits = { all: 900, otherRegistries: 840, head: 5, get: 10 };
const IMAGES_AT_ONCE = 4;

type Scanned = {
  readonly reference: ImageReference;
  readonly image: string;
  readonly signedIn: boolean;
  readonly platforms: readonly RequiredPlatforms[];
};

/** What registries said of each image. @param onGap gets an image that could not be assessed, and why */
export async function provedSubstitutes(
  definitions: Iterable<DescribedTaskDefinition>,
  environment: Omit<Environment, "platforms">,
  {
    onGap,
    onProgress,
  }: {
    readonly onGap: (image: string, because: string) => void;
    readonly onProgress: (done: number, all: number) => void;
  },
): Promise<NonNullable<ScanFacts["verified"]>> {
  const images = await imagesOf(definitions);
  const round = oneRound({ ...environment, platforms: NOT_ASKED, asksAhead: true }, { time: TIME });
  const found = new Map<string, LikelySubstitutes>();
  let done = 0;
  await forEachConcurrently([...images], IMAGES_AT_ONCE, async ([key, { platforms, ...asked }]) => {
    try {
      const assessed = await assessImage(asked, { ...round, platforms: together(platforms) });
      found.set(key, verifiedBy(assessed));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      onGap(asked.image, error.message);
    }
    onProgress(++done, images.size);
  });
  return (image, signedIn) => found.get(keyOf(image, signedIn));
}

function verifiedBy({ facts, plan }: ImageAssessment): LikelySubstitutes {
  const [image] = plan.images;
  const { substitute, rejected = [] } = image ?? {};
  const others = [
    ...(facts.notApplicable ?? []).map(({ strategy, because }) => ({ strategy, because })),
    ...rejected.map(({ candidate, because }) => ({ strategy: candidate.strategy, because })),
  ];
  return {
    isVerified: true,
    ...(facts.trusted === undefined ? {} : { trusted: facts.trusted }),
    ...(substitute === undefined
      ? {}
      : {
          first: {
            strategy: substitute.candidate.strategy,
            place: placeOf(substitute),
            because: `its registry was asked: ${substitute.proof}`,
            proof: substitute.proof,
            ...(substitute.digest === undefined ? {} : { digest: substitute.digest }),
          },
        }),
    rejected: others,
  };
}

/** A copy in ECR has no tag that is only its image's: by its digest it can be pulled. */
function placeOf({ candidate, writes }: Substitute): string {
  return candidate.strategy === "ecr-copy" ? (writes ?? candidate.image) : candidate.image;
}

async function imagesOf(
  definitions: Iterable<DescribedTaskDefinition>,
): Promise<ReadonlyMap<string, Scanned>> {
  const images = new Map<string, Scanned>();
  for (const described of definitions) {
    const byImage = Map.groupBy(containersOf(described.taskDefinition), ({ image }) => image ?? "");
    for (const [image, containers] of byImage) {
      const reference = tryParseReference(image);
      if (reference === undefined || !isDockerHubFront(reference.host)) continue;
      const signedIn = containers.every(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
      const key = keyOf(reference, signedIn);
      const before = images.get(key) ?? { reference, image, signedIn, platforms: [] };
      images.set(key, { ...before, platforms: [...before.platforms, await platformsIn(described)] });
    }
  }
  return images;
}

function keyOf(image: ImageReference, signedIn: boolean): string {
  return `${canonicalName(image)} ${signedIn}`;
}

const NOT_ASKED = {
  kind: "unknown",
  because: "a scan does not ask of which architecture the instances are",
} as const;

/** What the task definition itself says, or Fargate's default. */
async function platformsIn(described: DescribedTaskDefinition): Promise<RequiredPlatforms> {
  const requires = getStrings(described.taskDefinition, "requiresCompatibilities");
  const launchType = requires.length === 1 ? requires[0] : undefined;
  return await platformsOf(described, { clusterArn: "", launchType }, { kinds: async () => NOT_ASKED });
}

/** All that the workloads need of one image; not known where one of them does not say it. */
function together(each: readonly RequiredPlatforms[]): RequiredPlatforms {
  const all = new Map<string, Platform>();
  for (const one of each) {
    if (one.kind === "unknown") return one;
    for (const platform of one.platforms) all.set(printPlatform(platform), platform);
  }
  return { kind: "known", platforms: [...all.values()] };
}
