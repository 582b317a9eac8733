/**
 * Whose limit a text tells of.
 *
 * Docker Hub's has to be proved: by its own sentence, or by a 429 of its host, with nothing in the text or in the
 * container's image that points to another registry. What cannot be attributed is nobody's.
 */

import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import { isAmazons } from "./classify-aws-throttle.ts";
import { limitByHost } from "./classify-limit-by-host.ts";
import { IMAGE_OR_MACHINE, NETWORK, NOT_FOUND, UNAUTHORIZED } from "./other-patterns.ts";
import {
  factIn,
  hostsAt,
  isAnothers,
  isDockerHub,
  type Reading,
  speaksOfPull,
  strangerIn,
  type Verdict,
  verdict,
  withHost,
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

/** The limit that the text tells of, or undefined where it tells of none. */
export function limit(reading: Reading): Verdict | undefined {
  const { text } = reading;
  const signIn = factIn(text, [SIGN_IN_LIMIT]);
  if (signIn)
    return withHost(reading, verdict("unauthorized", "certain", [signIn], `The text ${signIn.phrase.says}.`));
  return (
    proxyRefused(reading) ?? dockersSentence(reading) ?? anothersSentence(reading) ?? limitByHost(reading)
  );
}

/** Docker Hub's own words: its limit, unless the image or the host that answered is known to be another's. */
function dockersSentence(reading: Reading): Verdict | undefined {
  const { text } = reading;
  const abuse = factIn(text, [DOCKER_HUB_ABUSE]);
  const whole = factIn(text, [DOCKER_HUB_SENTENCE]);
  const cut = whole ? undefined : factIn(text, [DOCKER_HUB_SENTENCE_CUT]);
  const link = factIn(text, [DOCKER_HUB_LINK]);
  const fact = whole ?? abuse ?? cut ?? (link && tellsOfLimit(reading) ? link : undefined);
  if (fact === undefined) return undefined;

  const stranger = strangerIn(reading, fact.index);
  if (stranger !== undefined) {
    return {
      ...verdict(
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
      ...verdict(
        "docker-hub-abuse-limit",
        "certain",
        [fact],
        `The text ${fact.phrase.says}; it holds whoever is signed in.`,
      ),
      registry: DOCKER_HUB_HOST,
    };
  }
  return {
    ...verdict(
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
function proxyRefused(reading: Reading): Verdict | undefined {
  const fact = factIn(reading.text, [PROXY_REFUSED]);
  return (
    fact &&
    withHost(
      reading,
      verdict("network", "likely", [fact], `The text ${fact.phrase.says}: no registry has answered.`),
    )
  );
}

function anothersSentence(reading: Reading): Verdict | undefined {
  for (const phrase of ANOTHER_LIMIT) {
    const fact = factIn(reading.text, [phrase]);
    if (fact === undefined || !speaksOfPull(reading)) continue;
    const hosts = hostsAt(reading, fact.index);
    // A page is the mark of a registry that is known to answer with pages; of any other host it may be a proxy's.
    if (/title|!!1/i.test(fact.quote) && !hosts.some(isAnothers)) continue;
    // An exception of AWS's APIs is of none but a registry of AWS's.
    const mayBe = /exception/i.test(fact.quote) ? isAmazons : (host: string) => !isDockerHub(host);
    const registry = hosts.find(mayBe) ?? phrase.registry;
    return {
      ...verdict("registry-limit", "certain", [fact], `The text ${phrase.says}, and not Docker Hub's.`),
      ...(registry === undefined ? {} : { registry }),
    };
  }
  return undefined;
}

/** A link to Docker's page is advice where the text names another cause, and evidence where it names none. */
function tellsOfLimit({ text, addresses }: Reading): boolean {
  if (factIn(text, [LIMIT_CODE, LIMIT_STATUS, LIMIT_WORDS]) || addresses.some(({ status }) => status === 429))
    return true;
  return factIn(text, [...UNAUTHORIZED, ...NOT_FOUND, ...NETWORK, IMAGE_OR_MACHINE]) === undefined;
}

function limitedAs(sentence: string): LimitedAs {
  if (/\bas ["']?\[redacted\]/i.test(sentence)) return "account";
  if (/\bunauthenticated\b/i.test(sentence)) return "anonymous";
  // The sentence of 2020 was given to signed-in personal users as well (docker/docs, troubleshoot).
  return /\bauthenticated\b/i.test(sentence) ? "account" : "unknown";
}
