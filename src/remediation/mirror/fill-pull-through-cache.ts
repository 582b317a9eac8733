/**
 * Fills ECR's pull-through cache with one image before a service needs it.
 *
 * Only the mirror function has the right to import: a task that pulls what is already there needs no such right, and no
 * way to the upstream. A refusal of the upstream is an answer, and the next strategy is tried.
 */

import { type ManifestBytes, requiredBlobs } from "../../assessment/probe/required-blobs.ts";
import { optional } from "../../ecs/json-fields.ts";
import type { Digest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Platform } from "../../image/platform.ts";
import { canonicalName, type ImageReference } from "../../image/reference.ts";
import type { Steps } from "../../runtime/steps.ts";
import {
  type PullThroughRule,
  repositoryPattern,
  ruleFor,
  upstreamOf,
} from "../../substitution/pull-through-rule.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";

export type CacheFilled =
  | { readonly kind: "warmed"; readonly target: string; readonly digest: Digest; readonly blobs: number }
  | ({ readonly kind: "refused" } & NotFilled);

/** `repositories`: Repull may not fill them, and the stack has to allow it. */
type NotFilled = { readonly because: string; readonly repositories?: string };

const POLL_SECONDS_FIRST = 3;
const POLL_SECONDS_MAX = 30;
/** Unverified how long ECR takes; layers that have not come by then are reported. */
const WAIT_SECONDS_MAX = 15 * 60;

/** Imports the image and waits until all its blobs are in ECR; or says why that cannot be had. */
export async function fillPullThroughCache(
  request: {
    readonly target: ImageReference;
    readonly digest: Digest;
    readonly platforms: readonly Platform[];
  },
  ports: Pick<Ports, "ecr" | "location" | "log">,
  steps: Steps,
): Promise<CacheFilled> {
  const { target, digest, platforms } = request;
  const imported = await steps.step("fetch", () => importTree(target, digest, platforms, ports), {
    attempts: 4,
    retryIf: (error) => !(error instanceof InvalidInput) && !isDenied(error),
  });
  if ("because" in imported) return { kind: "refused", ...imported };

  const { blobs } = imported;
  let pause = POLL_SECONDS_FIRST;
  for (let waited = 0, look = 1; ; look++) {
    const missing = await steps.step(`blobs ${look}`, () => missingOf(target.path, blobs, ports), {
      attempts: 4,
      retryIf: (error) => !isDenied(error),
    });
    if (missing === 0) {
      ports.log.info("cache filled", { target: canonicalName(target), digest, blobs: blobs.length });
      return { kind: "warmed", target: canonicalName(target), digest, blobs: blobs.length };
    }
    if (waited >= WAIT_SECONDS_MAX) {
      return {
        kind: "refused",
        because: `${missing} of its ${blobs.length} blobs did not reach ECR within ${WAIT_SECONDS_MAX / 60} minutes`,
      };
    }
    await steps.wait(`blobs ${look}`, pause);
    waited += pause;
    pause = Math.min(POLL_SECONDS_MAX, pause * 2);
  }
}

async function importTree(
  target: ImageReference,
  digest: Digest,
  platforms: readonly Platform[],
  { ecr, location }: Pick<Ports, "ecr" | "location">,
): Promise<{ readonly blobs: readonly Digest[] } | NotFilled> {
  const rules = await ecr.pullThroughRules();
  const rule = ruleFor(target.path, rules);
  if (rule === undefined) return { because: `no pull-through cache rule leads to ${target.path}` };
  const upstream = upstreamOf(rule, target.path);
  let repositories: string | undefined;
  const denied = (error: unknown): { kind: "refused"; isTransient: false; because: string } => {
    repositories = repositoriesOf(rule, location);
    const because = deniedReason(error, repositories, target);
    return { kind: "refused", isTransient: false, because };
  };
  const imports = async (wanted: Digest): Promise<ManifestBytes | { because: string }> => {
    const answer = await ecr.importImage(target.path, wanted).catch(denied);
    if (answer.kind === "imported") return answer;
    const because = `ECR could not fetch it from ${upstream.host}: ${answer.because}`;
    if (answer.isTransient) throw new AwsError("unavailable", "ecr:BatchGetImage", because);
    return { because };
  };
  const blobs = await requiredBlobs(digest, platforms, imports);
  return blobs.kind === "known"
    ? { blobs: blobs.digests }
    : { because: blobs.because, ...optional("repositories", repositories) };
}

/** Asks for each blob that is not there yet, so that ECR fetches it, and answers how many they are. */
async function missingOf(
  repository: string,
  blobs: readonly Digest[],
  { ecr }: Pick<Ports, "ecr">,
): Promise<number> {
  const missing = await ecr.missingLayers(repository, blobs);
  for (const blob of missing) await ecr.fetchLayer(repository, blob);
  return missing.length;
}

/** The repositories that a rule fills, as the stack's ReadableRepositoryArns names them. */
function repositoriesOf(rule: PullThroughRule, { partition, region, account }: Ports["location"]): string {
  return `arn:${partition}:ecr:${region}:${account}:repository/${repositoryPattern(rule)}`;
}

/** A permission that Repull lacks is not found by asking again. */
function deniedReason(error: unknown, repositories: string, { path }: ImageReference): string {
  if (!isDenied(error)) throw error;
  const because = `Repull may not fill ${path}: add ${repositories} to the stack's parameter ReadableRepositoryArns (${error.message})`;
  return because.slice(0, 500);
}

function isDenied(error: unknown): error is AwsError {
  return error instanceof AwsError && (error.kind === "denied" || error.kind === "invalid");
}
