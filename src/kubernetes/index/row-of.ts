/**
 * An assessment as a row of the index: the first source that is proved for every node, and from which nodes are known to
 * pull; or why there is none.
 */

import type { ImageAssessment } from "../../assessment/assess-image.ts";
import type { Digest } from "../../image/digest.ts";
import { printPlatform } from "../../image/platform.ts";
import { tryParseReference } from "../../image/reference.ts";
import { isBarred } from "../../substitution/candidate.ts";
import type { IndexRow } from "../image-index.ts";
import type { NeededPlatforms } from "../workloads/platforms-of-nodes.ts";
import { isPassing, type RowCode } from "./row-codes.ts";

export type RowContext = {
  readonly now: number;
  readonly proofMaxAgeMs: number;
  readonly platforms: NeededPlatforms;
  /** Whether nodes are known to pull from a registry. */
  readonly pullable: (host: string) => boolean;
  /** Whether the fence in the API server lets this image, by its digest, be named. */
  readonly allowed?: (image: string) => boolean;
  /** What the image's registry says now, where pods have said what the name means; `pods`: what those of another revision run. */
  readonly comparison?: { readonly origin?: Digest; readonly pods?: Digest };
};

export type Usable = {
  readonly use: string;
  readonly proof: NonNullable<IndexRow["proof"]>;
  /** IAM says that every role of the nodes may pull it. */
  readonly isSimulated: boolean;
};

/** A substitute that a pod can name now: by digest, with nothing to be copied first. */
export function usableIn({ candidates }: Pick<ImageAssessment, "candidates">): readonly Usable[] {
  return candidates.flatMap((one) => {
    if (!("substitute" in one)) return [];
    const { writes, proof, copy, importIntoCache, checks } = one.substitute;
    if (writes === undefined || copy !== undefined || importIntoCache !== undefined) return [];
    // A name that stays as it is written is not a substitute.
    if (proof === "same-reference" || tryParseReference(writes)?.digest === undefined) return [];
    const isSimulated = checks.some(({ what, result }) => what === "role" && result === "passed");
    return [{ use: writes, proof, isSimulated }];
  });
}

export function rowOf(assessment: ImageAssessment, context: RowContext): IndexRow {
  const { now, proofMaxAgeMs, platforms, pullable, allowed = () => true, comparison = {} } = context;
  const { trusted } = assessment.facts;
  const base = {
    askedAt: new Date(now).toISOString(),
    goodUntil: new Date(now + proofMaxAgeMs).toISOString(),
    platforms: platforms.kind === "known" ? platforms.platforms.map(printPlatform) : [],
    ...(trusted === undefined ? {} : { trusted: { digest: trusted.digest, from: trusted.from } }),
  };
  if (hasMoved(trusted?.digest, comparison)) return { ...base, codes: ["tag-moved"] };
  const proved = usableIn(assessment);
  const usable = proved.filter(({ use }) => allowed(use));
  const first = usable.find(({ use, isSimulated }) => isSimulated || pullable(hostOf(use)));
  if (first !== undefined) return { ...base, use: first.use, proof: first.proof };
  const codes: readonly RowCode[] =
    usable.length > 0
      ? ["nodes-unproved"]
      : proved.length > 0
        ? ["registry-not-allowed"]
        : codesOf(assessment);
  return { ...base, codes: [...new Set(codes)].slice(0, CODES_MAX) };
}

const CODES_MAX = 32;

/** The registry of an image; empty where the text is not an image. */
export function hostOf(image: string): string {
  return tryParseReference(image)?.host ?? "";
}

function hasMoved(
  trusted: Digest | undefined,
  { origin, pods }: NonNullable<RowContext["comparison"]>,
): boolean {
  if (trusted === undefined) return false;
  return (origin !== undefined && origin !== trusted) || (pods !== undefined && pods !== trusted);
}

function codesOf({ facts, candidates }: ImageAssessment): readonly RowCode[] {
  const { untrusted, notApplicable = [] } = facts;
  if (isBarred(untrusted)) return [untrusted.code];
  const rejected = candidates.map(
    (one): RowCode => ("rejection" in one ? one.rejection.code : "copy-needed"),
  );
  const codes = [...(untrusted === undefined ? [] : [untrusted.code]), ...rejected];
  if (codes.length > 0) return codes;
  return notApplicable.length > 0 ? notApplicable.map(({ code }) => code) : ["no-source"];
}

/**
 * The row to keep: the new one, but for an answer that only failed to come while what was proved before is still good. A
 * refusal says nothing against a proof; other bytes do.
 */
export function nextRow(previous: IndexRow | undefined, asked: IndexRow, now: number): IndexRow {
  if (previous?.use === undefined || asked.use !== undefined || !isGood(previous, now)) return asked;
  const isSilent = (asked.codes ?? []).some(isPassing) && !(asked.codes ?? []).some(isContrary);
  const isAsWide = asked.platforms.every((platform) => previous.platforms.includes(platform));
  return isSilent && isAsWide ? previous : asked;
}

/** What says that the bytes are others, or that no one may say which they are. */
const CONTRARY: readonly string[] = [
  "tag-moved",
  "trust-unreadable",
  "other-manifest-in-text",
  "other-content",
];
const isContrary = (code: string): boolean => CONTRARY.includes(code);

/** Whether a row's proof holds now. One that was made in a time to come is not believed: a clock has been set back. */
export function isGood(row: IndexRow, now: number): boolean {
  return now < Date.parse(row.goodUntil) && Date.parse(row.askedAt) <= now + SKEW_MS;
}

const SKEW_MS = 300_000;
