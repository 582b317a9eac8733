/**
 * Whose limit a text tells of.
 *
 * Docker Hub's has to be proved: by its own sentence, or by a 429 of its host, with nothing in the text or in the
 * container's image that points to another registry. What cannot be attributed is nobody's.
 */

import { DOCKER_HUB_HOST } from "../image/hosts.ts";
import {
  ANOTHER_LIMIT,
  DOCKER_HUB_ABUSE,
  DOCKER_HUB_LINK,
  DOCKER_HUB_SENTENCE,
  DOCKER_HUB_SENTENCE_CUT,
  IMAGE_OR_MACHINE,
  LIMIT_CODE,
  LIMIT_STATUS,
  LIMIT_WORDS,
  NETWORK,
  NOT_FOUND,
  PLAIN_BODY,
  PULL_CONTEXT,
  SIGN_IN_LIMIT,
  UNAUTHORIZED,
} from "./messages.ts";
import type { LimitedAs } from "./pull-failure.ts";
import {
  factIn,
  givenHost,
  hostsAt,
  isDockerHub,
  type Reading,
  strangerAt,
  strangerIn,
  type Verdict,
  verdict,
  withHost,
} from "./reading.ts";

/** The limit that the text tells of, or undefined where it tells of none. */
export function limit(reading: Reading): Verdict | undefined {
  const { text } = reading;
  const signIn = factIn(text, [SIGN_IN_LIMIT]);
  if (signIn)
    return withHost(reading, verdict("unauthorized", "certain", [signIn], `The text ${signIn.phrase.says}.`));
  return dockersSentence(reading) ?? anothersSentence(reading) ?? limitByHost(reading);
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

function anothersSentence(reading: Reading): Verdict | undefined {
  for (const phrase of ANOTHER_LIMIT) {
    const fact = factIn(reading.text, [phrase]);
    if (fact === undefined || !PULL_CONTEXT.test(reading.text)) continue;
    // An HTML page is another's mark only where Docker Hub was not the one that was asked.
    if (/title|!!1/.test(fact.quote) && hostsAt(reading, fact.index).some(isDockerHub)) continue;
    const registry = hostsAt(reading, fact.index).find((host) => !isDockerHub(host)) ?? phrase.registry;
    return {
      ...verdict("registry-limit", "certain", [fact], `The text ${phrase.says}, and not Docker Hub's.`),
      ...(registry === undefined ? {} : { registry }),
    };
  }
  return undefined;
}

/** A 429 in words that every registry uses: the host that answered, or the image's, says whose it is. */
function limitByHost(reading: Reading): Verdict | undefined {
  const { text } = reading;
  const answered = reading.addresses.findLast(({ status }) => status === 429);
  const code = factIn(text, [LIMIT_CODE]);
  const status = factIn(text, [LIMIT_STATUS]);
  const words = factIn(text, [LIMIT_WORDS]);
  const fact = code ?? status ?? words;
  if (fact === undefined && answered === undefined) return undefined;
  if (answered === undefined && !isLimitText(reading)) return undefined;

  const facts = fact ? [fact] : [];
  const evidence = [...(answered ? [answered.quote] : []), ...facts.map(({ quote }) => quote)];
  const at = answered?.index ?? fact?.index ?? 0;
  const hosts = answered ? [answered.host, ...givenHost(reading)] : hostsAt(reading, at);
  const because = (why: string) => `${answered || status ? "Status 429" : "Too many requests"}, ${why}`;

  const plainBody = factIn(text, [PLAIN_BODY]);
  const stranger = answered ? strangerAt(reading, answered) : hosts.find((host) => !isDockerHub(host));
  if (stranger !== undefined) {
    return {
      kind: "registry-limit",
      confidence: "certain",
      registry: stranger,
      evidence,
      at,
      because: because(`and the registry that was asked is ${stranger}.`),
    };
  }
  if (hosts.length === 0) {
    if (plainBody) {
      return {
        kind: "docker-hub-abuse-limit",
        confidence: "likely",
        registry: DOCKER_HUB_HOST,
        evidence: [plainBody.quote],
        at,
        because: `The text ${plainBody.phrase.says}: so does Docker Hub's limit on all requests, but nothing names the registry.`,
      };
    }
    return {
      kind: "registry-limit",
      confidence: endsWithCode(text) ? "likely" : "certain",
      evidence,
      at,
      because: because("but nothing tells which registry: no host, no image, no sentence of its own."),
    };
  }
  // Docker Hub's pull limit has a code or a status in every client; a bare body is its limit on all requests.
  if (plainBody || (!code && !status && !answered) || /<title>|!!1/.test(text)) {
    return {
      kind: "docker-hub-abuse-limit",
      confidence: "certain",
      registry: DOCKER_HUB_HOST,
      evidence,
      at,
      because: because(
        "from Docker Hub, without the words of its pull limit: its limit on all requests of an address.",
      ),
    };
  }
  const relayed = answered !== undefined && /remote response/i.test(answered.quote);
  const cut = endsWithCode(text) && answered === undefined;
  return {
    kind: "docker-hub-pull-limit",
    limitedAs: "unknown",
    confidence: cut || relayed ? "likely" : "certain",
    registry: DOCKER_HUB_HOST,
    evidence,
    at,
    because: because(
      relayed
        ? "from Docker Hub, told by a proxy that asked for us."
        : answered
          ? "answered by Docker Hub."
          : "and the image is on Docker Hub.",
    ),
  };
}

/** A link to Docker's page is advice where the text names another cause, and evidence where it names none. */
function tellsOfLimit({ text, addresses }: Reading): boolean {
  if (factIn(text, [LIMIT_CODE, LIMIT_STATUS, LIMIT_WORDS]) || addresses.some(({ status }) => status === 429))
    return true;
  return factIn(text, [...UNAUTHORIZED, ...NOT_FOUND, ...NETWORK, IMAGE_OR_MACHINE]) === undefined;
}

/** Whether words about limits are about a pull: an application has limits of its own, which say nothing of ours. */
function isLimitText({ text, addresses }: Reading): boolean {
  if (/^(?:error:? )?(?:(?:http )?429:? )?too many requests\b/i.test(text)) return true;
  return addresses.some(({ resource }) => resource !== undefined) || PULL_CONTEXT.test(text);
}

/** Whether the text stops at the code, or so soon after it that nobody's sentence can be told. */
function endsWithCode(text: string): boolean {
  const rest = /toomanyrequests:?(\W*[a-z' ]{0,20})$/i.exec(text)?.[1];
  return rest !== undefined && "you have reached your".startsWith(rest.replace(/^\W+/, "").toLowerCase());
}

function limitedAs(sentence: string): LimitedAs {
  if (/\bas ["']?\[redacted\]/i.test(sentence)) return "account";
  if (/\bunauthenticated\b/i.test(sentence)) return "anonymous";
  // The sentence of 2020 was given to signed-in personal users as well (docker/docs, troubleshoot).
  return /\bauthenticated\b/i.test(sentence) ? "account" : "unknown";
}
