/**
 * Where an image would probably be found, judged from afar: by names, by rules, by the tags of our own repositories.
 *
 * No registry is asked, so nothing is proved: `proved-substitutes.ts` does that. What is reported here is the place that comes
 * first and why the ones before it do not count.
 */

import { EXPECTED_LIMIT, offersOf } from "../assessment/offers.ts";
import type { Digest } from "../image/digest.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Candidate, Trusted } from "../substitution/candidate.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { Proof } from "../substitution/proof.ts";
import type { PullThroughRule } from "../substitution/pull-through-rule.ts";
import type { StrategyName } from "../substitution/strategy-name.ts";

export type LikelySubstitute = {
  readonly strategy: StrategyName;
  readonly place: string;
  readonly because: string;
  /** Where registries were asked: how it is known that its bytes are the same, and their digest. */
  readonly proof?: Proof;
  readonly digest?: Digest;
};

export type LikelySubstitutes = {
  /** The first place that is likely to have it, or that was proved to; absent where there is none. */
  readonly first?: LikelySubstitute;
  /** Where registries were asked: the bytes that the image's name means now. */
  readonly trusted?: Trusted;
  /** Where registries were asked, whatever they said. */
  readonly isVerified?: true;
  readonly rejected: readonly { readonly strategy: StrategyName; readonly because: string }[];
};

export type ScanFacts = {
  readonly ecrHost: string;
  readonly policy: Policy;
  readonly rules: readonly PullThroughRule[] | { readonly because: string };
  /** The tags of a repository in our ECR; undefined: there is none; a reason: it could not be read. */
  readonly tagsIn: (repository: string) => readonly string[] | undefined | { readonly because: string };
  /** What registries said of an image; absent where they were not asked. */
  readonly verified?: (image: ImageReference, signedIn: boolean) => LikelySubstitutes | undefined;
};

/** What registries said; else the policy's strategies in their order, up to the first that is likely to help. */
export function likelySubstitutes(
  image: ImageReference,
  signedIn: boolean,
  seen: ScanFacts,
): LikelySubstitutes {
  const verified = seen.verified?.(image, signedIn);
  if (verified !== undefined) return verified;
  const { ecrHost, policy, rules } = seen;
  const offers = offersOf(image, EXPECTED_LIMIT, {
    account: { ecrHost, rules },
    policy,
    signedIn,
    ...(image.digest === undefined ? {} : { trusted: image.digest }),
  });
  const rejected: { strategy: StrategyName; because: string }[] = [];
  for (const offer of offers) {
    const { strategy } = offer;
    const judged = "because" in offer ? offer.because : judge(strategy, offer.candidates, image, seen);
    if (typeof judged !== "string") return { first: { strategy, ...judged }, rejected };
    rejected.push({ strategy, because: judged });
  }
  return { rejected };
}

/** The place, or why none of the candidates counts. */
function judge(
  strategy: StrategyName,
  candidates: readonly Candidate[],
  image: ImageReference,
  { ecrHost, tagsIn }: ScanFacts,
): { place: string; because: string } | string {
  const [first] = candidates;
  if (first === undefined) return "it names no place";
  const place = first.image;
  switch (strategy) {
    case "ecr-copy":
      return ownCopy(candidates, image, ecrHost, tagsIn);
    case "pull-through-cache":
      return {
        place,
        because: `the pull-through cache rule ${first.pullThroughRule?.rule ?? ""} leads to it`,
      };
    case "ecr-public":
      return {
        place,
        because: first.samePublisher
          ? "its publisher keeps the same image on ECR Public"
          : "the image is said to be there; digests decide",
      };
    case "mirror":
      return { place, because: copiedFirst(image, first.source ?? "its origin") };
    case "authenticated-pull":
      return { place, because: "its tasks would pull it with the configured account" };
  }
}

/** Only an official image is known to be public: whether a copy can be made of another one, a registry has to say. */
function copiedFirst({ path }: ImageReference, source: string): string {
  const copied = `it would be copied there from ${source} first`;
  return path.startsWith("library/") ? copied : `${copied}, if it is public`;
}

function ownCopy(
  candidates: readonly Candidate[],
  image: ImageReference,
  ecrHost: string,
  tagsIn: ScanFacts["tagsIn"],
): { place: string; because: string } | string {
  const tag = image.tag ?? "latest";
  for (const candidate of candidates) {
    const repository = repositoryOf(candidate.image, ecrHost);
    const tags = repository === undefined ? undefined : tagsIn(repository);
    if (tags === undefined) continue;
    if ("because" in tags) return `whether a copy is in ECR cannot be read: ${tags.because}`;
    // A copy has the tag of its image, with the beginning of its digest (`repull mirror`).
    const found = tags.find((one) => one === tag) ?? tags.find((one) => one.startsWith(`${tag}-`));
    if (found !== undefined)
      return {
        place: `${ecrHost}/${repository}:${found}`,
        because: "a copy under this tag is in ECR; its digest decides",
      };
  }
  return "no copy of it is in ECR";
}

/** The name of an image's repository in our own ECR; undefined where it is not there. */
export function repositoryOf(image: string, ecrHost: string): string | undefined {
  if (!image.startsWith(`${ecrHost}/`)) return undefined;
  return image.slice(ecrHost.length + 1).replace(/[:@].*$/, "");
}
