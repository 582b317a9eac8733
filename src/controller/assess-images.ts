/**
 * Asks for the images that are due, the most exposed first, and makes their rows.
 *
 * One call is one round: each question is asked once, a registry that is silent is left out for its rest, and it ends in its
 * time. What was not reached is due again in the next.
 */

import { assessImage, type ImageAssessment } from "../assessment/assess-image.ts";
import type { Environment } from "../assessment/environment.ts";
import { EXPECTED_LIMIT } from "../assessment/offers.ts";
import { oneRound } from "../assessment/one-round.ts";
import { PortError } from "../assessment/ports.ts";
import type { RegistryTimeLimits } from "../assessment/registries-in-time.ts";
import type { Digest } from "../image/digest.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import type { IndexRow } from "../kubernetes/image-index.ts";
import type { ImageInUse } from "../kubernetes/index/images-in-use.ts";
import { nextRow, rowOf } from "../kubernetes/index/row-of.ts";
import type { NeededPlatforms } from "../kubernetes/workloads/platforms-of-nodes.ts";
import { testimonyOfCluster } from "../kubernetes/workloads/trusted-by-pods.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import { reachableRegistries } from "./reachable-registries.ts";

/** What a cluster's environment has in common for all of its images. */
export type ClusterEnvironment = Pick<
  Environment,
  "registries" | "anonymous" | "account" | "clock" | "preflight"
>;

export type AssessContext = {
  readonly environment: ClusterEnvironment;
  readonly policy: Policy;
  readonly platforms: NeededPlatforms;
  readonly pullable: (host: string) => boolean;
  readonly allowed: (image: string) => boolean;
  readonly proofMaxAgeMs: number;
  /** Read before each HEAD at a registry that counts pulls. */
  readonly mayAskLimited: () => boolean;
};

export type Assessed = {
  readonly image: string;
  readonly assessment: ImageAssessment;
  /** What the answers of now say. */
  readonly asked: IndexRow;
  /** What counts: an older proof that is still good, where there are no answers now. */
  readonly row: IndexRow;
};

const TIME: RegistryTimeLimits = { all: 120, otherRegistries: 110, head: 5, get: 10 };
const IMAGES_AT_ONCE = 4;

/** @param onRow gets each row as it is known; false ends the round: we lead no more */
export async function assessImages(
  images: readonly ImageInUse[],
  rows: ReadonlyMap<string, IndexRow>,
  context: AssessContext,
  onRow: (assessed: Assessed) => boolean,
): Promise<void> {
  const { environment, platforms } = context;
  const { clock } = environment;
  const round = oneRound(
    {
      ...environment,
      registries: reachableRegistries(environment.registries),
      policy: policyForPods(context.policy),
      platforms,
      limit: EXPECTED_LIMIT,
      asksAhead: true,
    },
    { time: TIME, mayAskLimited: context.mayAskLimited },
  );
  const ends = clock.now() + TIME.all * 1000;
  let goesOn = true;
  await forEachConcurrently(images, IMAGES_AT_ONCE, async (one) => {
    if (!goesOn || clock.now() >= ends) return;
    const assessed = await assessOne(one, rows.get(one.image), round, context);
    if (assessed !== undefined && goesOn) goesOn = onRow(assessed);
  });
}

async function assessOne(
  { image, reference, revisions }: ImageInUse,
  previous: IndexRow | undefined,
  round: Environment,
  { platforms, pullable, allowed, proofMaxAgeMs }: AssessContext,
): Promise<Assessed | undefined> {
  const { testimony, others } = testimonyOfCluster(revisions, image);
  try {
    const assessment = await assessImage(
      { image, reference },
      { ...round, witnesses: () => [{ from: "pod", ask: async () => testimony }] },
    );
    const { trusted } = assessment.facts;
    const origin = trusted?.from === "pod" ? await meansNow(reference, round) : undefined;
    const now = round.clock.now();
    const asked = rowOf(assessment, {
      now,
      proofMaxAgeMs,
      platforms,
      pullable,
      allowed,
      comparison: {
        ...(origin === undefined ? {} : { origin }),
        ...(others === undefined || reference.digest !== undefined ? {} : { pods: others }),
      },
    });
    return { image, assessment, asked, row: nextRow(previous, asked, now) };
  } catch (error) {
    // ECR or IAM is busy: the image is due again in the next round, and its row is what it was.
    if (error instanceof PortError) return undefined;
    throw error;
  }
}

/**
 * What the name means at its registry now. Where pods have shown what it means, this is not a witness: it can only veto, because a
 * pod of a revision to come would get other bytes than those that run.
 */
async function meansNow(
  reference: ImageInUse["reference"],
  { registries }: Environment,
): Promise<Digest | undefined> {
  if (!isDockerHubFront(reference.host)) return undefined;
  try {
    return (await registries.headManifest(reference))?.digest;
  } catch (error) {
    if (error instanceof RegistryError || error instanceof PortError) return undefined;
    throw error;
  }
}

/** What a pod can use without a secret of its own; without `copies`, also without anything to be copied first. */
export function policyForPods(policy: Policy, copies = false): Policy {
  const usable = policy.strategies.filter(
    (name) => name !== "authenticated-pull" && (copies || name !== "mirror"),
  );
  return { ...policy, strategies: usable };
}
