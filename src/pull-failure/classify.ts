/**
 * Says what went wrong with a pull, whose limit it was, and on what evidence.
 *
 * Docker Hub's limit has to be proved: by its own sentence, or by a 429 from its host, with nothing in the
 * text or in the container's image that points to another registry. What cannot be attributed is
 * `registry-limit` without a registry: a wrong "Docker Hub" is worse than a missed one.
 */

import { canonicalName } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import { affectedImage } from "./affected-image.ts";
import { classifyAwsThrottle } from "./classify-aws-throttle.ts";
import { classifyLimit } from "./classify-limit.ts";
import { classifyOther, classifyTruncated, cutInCode, unclassified } from "./classify-other.ts";
import { namedManifests } from "./extract-manifests.ts";
import {
  classification,
  firstMatch,
  type ParsedText,
  type PartialClassification,
  parseText,
  speaksOfPull,
} from "./parsed-text.ts";
import {
  AFTER_PULLED,
  AFTER_THE_PULL,
  ECR_THROTTLES,
  END_OF_TASK,
  NAMED_PULL,
  NOT_A_PULL,
  OPENING,
  PULL_ERROR,
} from "./patterns.ts";
import type { Classification } from "./types.ts";

const QUOTE_LENGTH_MAX = 240;

/**
 * Classifies the text of a failed pull; `image` is the image of the container that carries it, as written.
 * Never throws; takes time proportional to the text. Everything in the answer is redacted.
 */
export function classify(text: string, image?: string): Classification {
  return classifyParsed(parseText(text, image));
}

function classifyParsed(parsed: ParsedText): Classification {
  const { at, evidence, ...verdict } =
    notAPull(parsed) ??
    classifyAwsThrottle(parsed) ??
    classifyLimit(parsed) ??
    cutInCode(parsed) ??
    failedAfterPulled(parsed) ??
    classifyOther(parsed) ??
    classifyTruncated(parsed) ??
    unclassified(parsed);
  const concerned = affectedImage(parsed, at);
  const manifests = namedManifests(parsed.text);
  return {
    ...verdict,
    ...(mayBeUpstreams(verdict, parsed) ? { mayBeUpstreams: true } : {}),
    ...(concerned === undefined ? {} : { image: canonicalName(concerned) }),
    ...(manifests.length === 0 ? {} : { manifests }),
    evidence: [...new Set(evidence.map(bounded))],
  };
}

/** Whether the text is about a failed pull, whatever its cause; other ends of a container are not handled. */
export function isPullFailureText(text: string): boolean {
  // The text is made plain once: of a long one, that is most of the work.
  const parsed = parseText(text, undefined);
  return classifyParsed(parsed).kind !== "other" || PULL_ERROR.test(parsed.text);
}

/** ECR's own throttling has messages of its own; any other limit under its name may be that of a cache's upstream. */
function mayBeUpstreams(
  { kind, registry = "" }: Pick<PartialClassification, "kind" | "registry">,
  { text }: ParsedText,
): boolean {
  return kind === "registry-limit" && registryOf(registry).kind === "ecr" && !ECR_THROTTLES.test(text);
}

function notAPull({ text }: ParsedText): PartialClassification | undefined {
  const opened = text.replace(OPENING, "");
  const fact =
    firstMatch(opened, NOT_A_PULL) ??
    (NAMED_PULL.test(text) ? undefined : firstMatch(opened, [END_OF_TASK, AFTER_THE_PULL]));
  return fact && classification("other", "certain", [fact], `The text ${fact.phrase.says}.`);
}

/** A log in which an image was pulled, and what failed after it names no pull: a build's packages, a container's own requests. */
function failedAfterPulled({ text, container }: ParsedText): PartialClassification | undefined {
  const pulled = [...text.matchAll(AFTER_PULLED)].at(-1);
  if (pulled === undefined || /error response from daemon/i.test(text) || PULL_ERROR.test(text))
    return undefined;
  const rest = text.slice(pulled.index + pulled[0].length);
  return speaksOfPull(parseText(rest, container.written))
    ? undefined
    : {
        ...classification(
          "other",
          "certain",
          [],
          "An image was pulled, and what failed after it is not a pull.",
        ),
        evidence: [pulled[0].trim()],
      };
}

function bounded(quote: string): string {
  return quote.length <= QUOTE_LENGTH_MAX ? quote : `${quote.slice(0, QUOTE_LENGTH_MAX - 1)}…`;
}
