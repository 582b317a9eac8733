/**
 * Whose limit a text names.
 *
 * A Docker Hub limit has to be proved: by its own sentence, or by a 429 of its host, with nothing in the text or in the
 * container's image that points to another registry. A limit that cannot be attributed gets no registry.
 */

import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import { isAwsHost } from "./classify-aws-throttle.ts";
import { classifyLimitByHost } from "./classify-limit-by-host.ts";
import { IMAGE_OR_MACHINE, NETWORK, NOT_FOUND, UNAUTHORIZED } from "./other-patterns.ts";
import {
  classification,
  firstMatch,
  foreignHost,
  hostsNear,
  isDockerHub,
  isForeignHost,
  type ParsedText,
  type PartialClassification,
  speaksOfPull,
  withRegistry,
} from "./parsed-text.ts";
import {
  ANOTHER_LIMIT,
  DOCKER_HUB_ABUSE,
  DOCKER_HUB_LINK,
  DOCKER_HUB_SENTENCE,
  DOCKER_HUB_SENTENCE_CUT,
  LIMIT_CODE,
  LIMIT_STATUS,
  LIMIT_WORDS,
  PROXY_REFUSED,
  SIGN_IN_LIMIT,
} from "./patterns.ts";
import type { LimitedAs } from "./types.ts";

/** The limit that the text names, or undefined where it names none. */
export function classifyLimit(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const signIn = firstMatch(text, [SIGN_IN_LIMIT]);
  if (signIn)
    return withRegistry(
      parsed,
      classification("unauthorized", "certain", [signIn], `The text ${signIn.phrase.says}.`),
    );
  return (
    proxyRefused(parsed) ??
    dockerHubMessage(parsed) ??
    otherRegistryMessage(parsed) ??
    classifyLimitByHost(parsed)
  );
}

/** Docker Hub's own words: its limit, unless the image or the host that answered is known to be another's. */
function dockerHubMessage(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const abuse = firstMatch(text, [DOCKER_HUB_ABUSE]);
  const whole = firstMatch(text, [DOCKER_HUB_SENTENCE]);
  const cut = whole ? undefined : firstMatch(text, [DOCKER_HUB_SENTENCE_CUT]);
  const link = firstMatch(text, [DOCKER_HUB_LINK]);
  const fact = whole ?? abuse ?? cut ?? (link && isLimitText(parsed) ? link : undefined);
  if (fact === undefined) return undefined;

  const stranger = foreignHost(parsed, fact.index);
  if (stranger !== undefined) {
    return {
      ...classification(
        "registry-limit",
        "certain",
        [fact],
        `The words are Docker Hub's, but the pull went to ${stranger}: nothing at Docker Hub's name can be changed for it.`,
      ),
      registry: stranger,
    };
  }
  if (fact === abuse) {
    return {
      ...classification(
        "docker-hub-abuse-limit",
        "certain",
        [fact],
        `The text ${fact.phrase.says}; it applies to every account.`,
      ),
      registry: DOCKER_HUB_HOST,
    };
  }
  return {
    ...classification(
      "docker-hub-pull-limit",
      fact === cut ? "likely" : "certain",
      [fact, ...(link && link !== fact ? [link] : [])],
      `The text ${fact.phrase.says}${fact === cut ? ", but it was cut off" : ""}.`,
    ),
    limitedAs: limitedAs(fact.quote),
    registry: DOCKER_HUB_HOST,
  };
}

/** A proxy's own words: it may count as it likes, and no registry has seen the request. */
function proxyRefused(parsed: ParsedText): PartialClassification | undefined {
  const fact = firstMatch(parsed.text, [PROXY_REFUSED]);
  return (
    fact &&
    withRegistry(
      parsed,
      classification("network", "likely", [fact], `The text ${fact.phrase.says}: no registry has answered.`),
    )
  );
}

function otherRegistryMessage(parsed: ParsedText): PartialClassification | undefined {
  for (const phrase of ANOTHER_LIMIT) {
    const fact = firstMatch(parsed.text, [phrase]);
    if (fact === undefined || !speaksOfPull(parsed)) continue;
    const hosts = hostsNear(parsed, fact.index);
    // A page is the mark of a registry that is known to answer with pages; of any other host it may be a proxy's.
    if (/title|!!1/i.test(fact.quote) && !hosts.some(isForeignHost)) continue;
    // An exception of AWS's APIs is of none but a registry of AWS's.
    const mayBe = /exception/i.test(fact.quote) ? isAwsHost : (host: string) => !isDockerHub(host);
    const registry = hosts.find(mayBe) ?? phrase.registry;
    return {
      ...classification(
        "registry-limit",
        "certain",
        [fact],
        `The text ${phrase.says}, and not Docker Hub's.`,
      ),
      ...(registry === undefined ? {} : { registry }),
    };
  }
  return undefined;
}

/** A link to Docker's page is advice where the text names another cause, and evidence where it names none. */
function isLimitText({ text, addresses }: ParsedText): boolean {
  if (
    firstMatch(text, [LIMIT_CODE, LIMIT_STATUS, LIMIT_WORDS]) ||
    addresses.some(({ status }) => status === 429)
  )
    return true;
  return firstMatch(text, [...UNAUTHORIZED, ...NOT_FOUND, ...NETWORK, IMAGE_OR_MACHINE]) === undefined;
}

function limitedAs(sentence: string): LimitedAs {
  if (/\bas ["']?\[redacted\]/i.test(sentence)) return "account";
  if (/\bunauthenticated\b/i.test(sentence)) return "anonymous";
  // The sentence of 2020 was given to signed-in personal users as well (docker/docs, troubleshoot).
  return /\bauthenticated\b/i.test(sentence) ? "account" : "unknown";
}
