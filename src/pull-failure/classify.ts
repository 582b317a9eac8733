/**
 * Says what went wrong with a pull, whose limit it was, and on what evidence.
 *
 * Docker Hub's limit has to be proved: by its own sentence, or by a 429 from its host, with nothing in the
 * text or in the container's image that points to another registry. What cannot be attributed is
 * `registry-limit` without a registry: a wrong "Docker Hub" is worse than a missed one.
 */

import { canonicalName } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import { imageConcerned } from "./affected-image.ts";
import { awsThrottle } from "./classify-aws-throttle.ts";
import { limit } from "./classify-limit.ts";
import { cutInCode, cutShort, nothingKnown, otherFailure } from "./classify-other.ts";
import { namedManifests } from "./extract-manifests.ts";
import { plainText } from "./normalize-text.ts";
import { factIn, type Reading, readingOf, type Verdict, verdict } from "./parsed-text.ts";
import { ECR_THROTTLES, NOT_A_PULL, OPENING, PULL_ERROR } from "./patterns.ts";
import type { Classification } from "./types.ts";

const QUOTE_LENGTH_MAX = 240;

/**
 * Classifies the text of a failed pull; `image` is the image of the container that carries it, as written.
 * Never throws; takes time proportional to the text. Everything in the answer is redacted.
 */
export function classify(text: string, image?: string): Classification {
  const reading = readingOf(text, image);
  const { at, evidence, ...verdict } =
    notAPull(reading) ??
    awsThrottle(reading) ??
    limit(reading) ??
    cutInCode(reading) ??
    otherFailure(reading) ??
    cutShort(reading) ??
    nothingKnown(reading);
  const concerned = imageConcerned(reading, at);
  const manifests = namedManifests(reading.text);
  return {
    ...verdict,
    ...(mayBeUpstreams(verdict, reading) ? { mayBeUpstreams: true } : {}),
    ...(concerned === undefined ? {} : { image: canonicalName(concerned) }),
    ...(manifests.length === 0 ? {} : { manifests }),
    evidence: [...new Set(evidence.map(bounded))],
  };
}

/** Whether the text tells of a pull that failed, for whatever cause; other ends of a container are no business of ours. */
export function tellsOfPull(text: string): boolean {
  const { kind } = classify(text);
  return kind !== "other" || PULL_ERROR.test(plainText(text));
}

/** ECR throttles in words of its own; any other limit told under its name may be that of a cache's upstream. */
function mayBeUpstreams(
  { kind, registry = "" }: Pick<Verdict, "kind" | "registry">,
  { text }: Reading,
): boolean {
  return kind === "registry-limit" && registryOf(registry).kind === "ecr" && !ECR_THROTTLES.test(text);
}

function notAPull({ text }: Reading): Verdict | undefined {
  const fact = factIn(text.replace(OPENING, ""), NOT_A_PULL);
  return fact && verdict("other", "certain", [fact], `The text ${fact.phrase.says}.`);
}

function bounded(quote: string): string {
  return quote.length <= QUOTE_LENGTH_MAX ? quote : `${quote.slice(0, QUOTE_LENGTH_MAX - 1)}…`;
}
