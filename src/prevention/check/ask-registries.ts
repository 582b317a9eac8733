/**
 * Asks registries what may take each image's place: by HEADs, which none of them counts as pulls; each image once, a thousand at
 * most, and no more of Docker Hub once it refuses.
 *
 * It is the assessment of `repull plan` and `repull scan`, without a workload: the platforms are not known, and what would have to
 * be copied first does not replace it yet.
 */

import { assessImage, type ImageAssessment } from "../../assessment/assess-image.ts";
import type { Environment } from "../../assessment/environment.ts";
import { EXPECTED_LIMIT, offersOf } from "../../assessment/offers.ts";
import { oneRound } from "../../assessment/one-round.ts";
import { PortError } from "../../assessment/ports.ts";
import type { RegistryTimeLimits } from "../../assessment/registries-in-time.ts";
import { canonicalName, parseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { Untrusted } from "../../substitution/candidate.ts";
import type { Substitute } from "../../substitution/plan-types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { policyAtOnce } from "../../substitution/policy/policy-at-once.ts";
import type { ImageAnswer } from "./image-answer.ts";

/** Docker Hub's abuse limit counts requests; a build must not be what meets it. */
const HEADS_MAX = 1000;
/** A build waits. */
const TIME: RegistryTimeLimits = { all: 300, otherRegistries: 280, head: 5, get: 10 };
const IMAGES_AT_ONCE = 4;

export type Asked = {
  readonly answers: readonly ImageAnswer[];
  /** Why not all of them were asked. */
  readonly stopped?: "rate-limited" | "too-many-images";
};

type AskOptions = {
  readonly signal: AbortSignal;
  /** Gets each answer as it comes: a run that is cut off has asked for it. */
  readonly onAnswer: (answer: ImageAnswer) => void;
};

/** @param images canonical, each once */
export async function askRegistries(
  images: readonly string[],
  environment: Omit<Environment, "platforms" | "limit" | "asksAhead">,
  { signal, onAnswer }: AskOptions,
): Promise<Asked> {
  const watch: Watch = { heads: 0 };
  const round = oneRound(
    {
      ...environment,
      registries: watched(environment.registries, watch),
      ...(environment.anonymous === undefined
        ? {}
        : { anonymous: { registries: watched(environment.anonymous.registries, watch) } }),
      policy: policyAtOnce(environment.policy),
      platforms: { kind: "unknown", because: "a file does not say where its images run" },
      limit: EXPECTED_LIMIT,
      asksAhead: true,
    },
    { time: TIME, mayAskLimited: () => mayAsk(watch) },
  );
  const answers: ImageAnswer[] = [];
  await forEachConcurrently(images, IMAGES_AT_ONCE, async (image) => {
    signal.throwIfAborted();
    const answer = await answerFor(image, round);
    answers.push(answer);
    onAnswer(answer);
  });
  return { answers, ...(watch.stopped === undefined ? {} : { stopped: watch.stopped }) };
}

type Watch = { heads: number; stopped?: NonNullable<Asked["stopped"]> };

/** Counts as it allows: a question that waits for its place is one of the thousand, with a login or without. */
function mayAsk(watch: Watch): boolean {
  if (watch.heads < HEADS_MAX) {
    watch.heads++;
    return true;
  }
  watch.stopped ??= "too-many-images";
  return false;
}

/** Sees Docker Hub's refusal. */
function watched(registries: Registries, watch: Watch): Registries {
  return {
    ...registries,
    headManifest: async (reference, signal) => {
      try {
        return await registries.headManifest(reference, signal);
      } catch (error) {
        const isLimit = error instanceof RegistryError && error.kind === "rate-limited";
        if (isLimit && isDockerHubFront(reference.host)) watch.stopped = "rate-limited";
        throw error;
      }
    },
  };
}

async function answerFor(image: string, round: Environment): Promise<ImageAnswer> {
  const reference = parseReference(image);
  const askedAt = new Date(round.clock.now()).toISOString();
  try {
    return { ...answerOf(image, await assessImage({ image, reference }, round)), askedAt };
  } catch (error) {
    // What an account's own service did not answer is not known, and asked again the next time.
    if (error instanceof PortError) return { image, codes: [`account-${error.kind}`] };
    throw error;
  }
}

function answerOf(image: string, { facts, candidates, plan }: ImageAssessment): ImageAnswer {
  const trusted = facts.trusted === undefined ? {} : { trusted: facts.trusted.digest };
  const proved = candidates.flatMap((one) =>
    "substitute" in one ? (replacementOf(one.substitute) ?? []) : [],
  );
  const [replacement] = proved;
  if (replacement !== undefined) return { image, replacement, ...trusted, codes: [] };
  const codes = [
    ...(plan.kind === "no-substitute" ? [plan.code] : ["no-proof"]),
    ...(facts.untrusted === undefined ? [] : [codeOf(facts.untrusted)]),
    ...candidates.flatMap((one) => ("rejection" in one ? [one.rejection.code] : [])),
    ...(facts.notApplicable ?? []).map(({ code }) => code),
  ];
  return { image, ...trusted, codes: [...new Set(codes)] };
}

/** A registry that was not asked has not failed to answer. */
function codeOf({ code, unanswered }: Untrusted): string {
  return unanswered === "not-asked" ? unanswered : code;
}

/** What can be pulled now, by its digest. */
function replacementOf({
  candidate,
  digest,
  copy,
  importIntoCache,
  writes,
  proof,
}: Substitute): ImageAnswer["replacement"] {
  if (digest === undefined || copy !== undefined || importIntoCache !== undefined) return undefined;
  // A copy in ECR may have no tag that is only its image's: by its digest it can be pulled.
  const image = candidate.strategy === "ecr-copy" ? (writes ?? candidate.image) : candidate.image;
  return { image, digest, proof };
}

/** Places by their names, where nothing is asked. */
export function likelyAnswer(image: string, policy: Policy): ImageAnswer {
  const offers = offersOf(parseReference(image), EXPECTED_LIMIT, {
    policy: policyAtOnce(policy),
    signedIn: false,
  });
  const [first] = offers.flatMap((offer) => ("candidates" in offer ? offer.candidates : []));
  const codes = offers.flatMap((offer) => ("because" in offer ? [offer.code] : []));
  if (first === undefined) return { image, codes: [...new Set(["not-asked", ...codes])] };
  return { image, likely: canonicalName(parseReference(first.image)), codes: ["not-asked"] };
}
