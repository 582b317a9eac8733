/**
 * Says what went wrong with a pull, whose limit it was, and on what evidence.
 *
 * Docker Hub's limit has to be proved: by its own sentence, or by a 429 from its host, with nothing in the
 * text or in the container's image that points to another registry. What cannot be attributed is
 * `registry-limit` without a registry: a wrong "Docker Hub" is worse than a missed one.
 */

import { canonicalName, type ImageReference, referenceIn, repositoryName } from "../image/reference.ts";
import {
  ANOTHER_LIMIT,
  CDN_FORBIDDEN,
  DOCKER_HUB_ABUSE,
  DOCKER_HUB_LINK,
  DOCKER_HUB_SENTENCE,
  DOCKER_HUB_SENTENCE_CUT,
  IMAGE_OR_MACHINE,
  LIMIT_CODE,
  LIMIT_STATUS,
  LIMIT_WORDS,
  NETWORK,
  NOT_A_PULL,
  NOT_FOUND,
  type Phrase,
  PLAIN_BODY,
  PULL_CONTEXT,
  PULL_ERROR,
  SECRETS_OR_AUTH,
  SIGN_IN_LIMIT,
  UNAUTHORIZED,
  WITHOUT_CAUSE,
} from "./messages.ts";
import { type Address, addressesIn, type NamedReference, referencesIn } from "./named-image.ts";
import { plainText } from "./plain-text.ts";
import type { Classification, Confidence, LimitedAs, PullFailureKind } from "./pull-failure.ts";
import { canonicalHost, ownerOfHost } from "./whose-registry.ts";

const DOCKER_HUB = "docker.io";
const QUOTE_LENGTH_MAX = 240;

/** What one phrase proves, and the words that say it. */
type Fact = { readonly phrase: Phrase; readonly index: number; readonly quote: string };

/** Everything that can be read in a text, before anything is concluded. */
type Reading = {
  readonly text: string;
  readonly addresses: readonly Address[];
  readonly references: readonly NamedReference[];
  /** The container's own image, where the caller knows it. */
  readonly given: { readonly host?: string; readonly reference?: ImageReference };
};

type Verdict = Omit<Classification, "image" | "evidence"> & {
  readonly evidence: readonly string[];
  readonly at: number;
};

/**
 * Classifies the text of a failed pull; `image` is the image of the container that carries it, as written.
 * Never throws; takes time proportional to the text. Everything in the answer is redacted.
 */
export function classify(text: string, image?: string): Classification {
  const plain = plainText(text);
  const reading: Reading = {
    text: plain,
    addresses: addressesIn(plain),
    references: referencesIn(plain),
    given: givenImage(image),
  };
  const { at, evidence, ...verdict } =
    notAPull(reading) ??
    limit(reading) ??
    otherFailure(reading) ??
    cutShort(reading) ??
    nothingKnown(reading);
  const concerned = imageConcerned(reading, at);
  return {
    ...verdict,
    ...(concerned === undefined ? {} : { image: canonicalName(concerned) }),
    evidence: [...new Set(evidence.map(bounded))],
  };
}

/** Whether the text tells of a pull that failed, for whatever cause; other ends of a container are no business of ours. */
export function tellsOfPull(text: string): boolean {
  const { kind } = classify(text);
  return kind !== "other" || PULL_ERROR.test(plainText(text));
}

function notAPull({ text }: Reading): Verdict | undefined {
  const fact = factIn(text, NOT_A_PULL);
  return fact && verdict("other", "certain", [fact], `The text ${fact.phrase.says}.`);
}

// ---- limits

function limit(reading: Reading): Verdict | undefined {
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
      registry: DOCKER_HUB,
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
    registry: DOCKER_HUB,
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
        registry: DOCKER_HUB,
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
      registry: DOCKER_HUB,
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
    registry: DOCKER_HUB,
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

// ---- whose host

function isDockerHub(host: string): boolean {
  return ownerOfHost(host) === "docker-hub";
}

function givenHost({ given }: Reading): readonly string[] {
  return given.host === undefined ? [] : [given.host];
}

/** The hosts that answer for the words at an index: the last address before it, else the reference's, and the container's image. */
function hostsAt(reading: Reading, index: number): readonly string[] {
  const address = reading.addresses.findLast(
    (one) => one.index <= index && one.resource !== undefined && one.host !== "",
  );
  const reference = reading.references.findLast((one) => one.index <= index && one.host !== undefined);
  const inText = address?.host ?? reference?.host;
  return [...new Set([...(inText === undefined ? [] : [inText]), ...givenHost(reading)])];
}

/** The first host that is known to be another's, so that Docker Hub's words there are somebody's relay. */
function strangerIn(reading: Reading, index: number): string | undefined {
  const hosts = [...givenHost(reading), ...hostsAt(reading, index)];
  return hosts.find((host) => ownerOfHost(host) === "another");
}

/** For a 429 without words: whoever answered, and the image's host unless it proves to be a front of Docker Hub. */
function strangerAt(reading: Reading, answered: Address): string | undefined {
  const { host, reference } = reading.given;
  if (answered.host !== "" && !isDockerHub(answered.host)) return answered.host;
  if (host === undefined || isDockerHub(host)) return undefined;
  const fronts =
    ownerOfHost(host) === "unknown" && answered.path !== undefined && reference?.path === answered.path;
  return fronts ? undefined : host;
}

// ---- everything else

function otherFailure(reading: Reading): Verdict | undefined {
  const { text } = reading;
  const broken = factIn(text, [IMAGE_OR_MACHINE]);
  if (broken)
    return withHost(reading, verdict("other", "certain", [broken], `The text ${broken.phrase.says}.`));
  const network = factIn(text, NETWORK);
  const secrets = factIn(text, [SECRETS_OR_AUTH]);
  const cdn = factIn(text, [CDN_FORBIDDEN]);
  if (/^resourceinitializationerror/i.test(text) && !secrets) {
    return verdict(
      "other",
      "certain",
      [{ index: 0, quote: text.slice(0, 80), phrase: SECRETS_OR_AUTH }],
      "The task's resources could not be set up; no pull was tried.",
    );
  }
  if (cdn) return withHost(reading, verdict("network", "certain", [cdn], `The text ${cdn.phrase.says}.`));

  const unauthorized = factIn(text, UNAUTHORIZED) ?? (network ? undefined : secrets) ?? refused(reading);
  if (unauthorized)
    return withHost(
      reading,
      verdict("unauthorized", "certain", [unauthorized], `The text ${unauthorized.phrase.says}.`),
    );
  const notFound = network && !/manifest/i.test(text) ? undefined : factIn(text, NOT_FOUND);
  if (notFound)
    return withHost(
      reading,
      verdict("not-found", "certain", [notFound], `The text ${notFound.phrase.says}.`),
    );
  if (network)
    return withHost(reading, verdict("network", "certain", [network], `The text ${network.phrase.says}.`));
  return undefined;
}

function refused({ addresses }: Reading): Fact | undefined {
  const address = addresses.find(({ status }) => status === 401 || status === 403);
  return (
    address && {
      index: address.index,
      quote: address.quote,
      phrase: { pattern: /40[13]/, says: "quotes status 401 or 403", seen: "distribution-spec" },
    }
  );
}

/** A text that stops where Docker Hub's status was about to be told: manifests that are absent or private read differently. */
function cutShort(reading: Reading): Verdict | undefined {
  const { text, addresses, given } = reading;
  const last = addresses.at(-1);
  if (
    last?.cutBeforeStatus &&
    isDockerHub(last.host) &&
    last.resource !== "blobs" &&
    last.resource !== "token"
  ) {
    if (given.host === undefined || isDockerHub(given.host)) {
      return {
        ...verdict(
          "docker-hub-pull-limit",
          "likely",
          [],
          "The text ends where Docker Hub's status was about to be told; for a manifest that is almost always 429.",
        ),
        limitedAs: "unknown",
        registry: DOCKER_HUB,
        evidence: [text.slice(Math.max(0, last.index - 60))],
        at: last.index,
      };
    }
  }
  const code = /(?<![\w./@-])toomany\w*$/i.exec(text);
  if (code && PULL_ERROR.test(text)) {
    const hosts = hostsAt(reading, code.index);
    const isHub = hosts.length > 0 && hosts.every(isDockerHub);
    const stranger = hosts.find((host) => !isDockerHub(host));
    const kind: PullFailureKind = isHub ? "docker-hub-pull-limit" : "registry-limit";
    return {
      kind,
      confidence: "likely",
      ...(isHub
        ? { limitedAs: "unknown" as const, registry: DOCKER_HUB }
        : stranger === undefined
          ? {}
          : { registry: stranger }),
      evidence: [text.slice(-60)],
      at: code.index,
      because: "The text ends inside the error code for too many requests.",
    };
  }
  return undefined;
}

function nothingKnown(reading: Reading): Verdict {
  const { text } = reading;
  if (WITHOUT_CAUSE.test(text))
    return withHost(reading, {
      ...verdict("other", "certain", [], "The text repeats that a pull failed, without a cause."),
      evidence: [text],
    });
  const says = PULL_ERROR.test(text)
    ? "A pull failed, for a cause that the text does not tell."
    : "Nothing in the text tells of a pull.";
  return withHost(reading, {
    ...verdict("other", "likely", [], says),
    evidence: text === "" ? [] : [text.slice(0, QUOTE_LENGTH_MAX)],
  });
}

function withHost(reading: Reading, found: Verdict): Verdict {
  const address =
    reading.addresses.findLast(({ host, resource }) => host !== "" && resource !== undefined) ??
    reading.addresses.find(({ host }) => host !== "");
  const inText = reading.references.find(({ host }) => host !== undefined)?.host;
  const host = reading.given.host ?? inText ?? address?.host;
  if (host === undefined) return found;
  return { ...found, registry: isDockerHub(host) ? DOCKER_HUB : canonicalHost(host) };
}

// ---- the image

function givenImage(image: string | undefined): Reading["given"] {
  const written = image?.trim().replace(/^docker(?:-pullable)?:\/\//, "");
  if (!written) return {};
  const reference = referenceIn(written);
  if (reference) return { reference, host: canonicalHost(reference.host) };
  // Masked or broken names still tell the host.
  const host = /^([^/\s]*[.:][^/\s]*)\//.exec(written.slice(0, 300))?.[1];
  return host === undefined ? {} : { host: canonicalHost(host) };
}

/** The container's own image where it is known; else the reference nearest before the words that decided; else the URL's repository. */
function imageConcerned({ given, references, addresses }: Reading, at: number): ImageReference | undefined {
  if (given.reference) return given.reference;
  const whole = references.filter(({ reference }) => reference !== undefined);
  const nearest = (whole.findLast(({ index }) => index <= at) ?? whole.at(0))?.reference;
  const named = nearest && (whole.find(({ reference }) => isExact(reference, nearest))?.reference ?? nearest);
  const address = addresses.findLast(({ path, host }) => path !== undefined && host !== "");
  const addressed =
    address &&
    referenceIn(`${address.host}/${address.path}${address.tag === undefined ? "" : `:${address.tag}`}`);
  if (named === undefined) return addressed;
  // What a build names is not always what it pulls: the address knows.
  const differs =
    addressed !== undefined && isDockerHub(named.host) && repositoryName(named) !== repositoryName(addressed);
  return differs ? addressed : named;
}

/** Whether a reference says more of the same repository: the tag or the digest. */
function isExact(one: ImageReference | undefined, other: ImageReference): boolean {
  if (one === undefined || repositoryName(one) !== repositoryName(other)) return false;
  return one.tag !== undefined || one.digest !== undefined;
}

// ---- words

function factIn(text: string, phrases: readonly Phrase[]): Fact | undefined {
  for (const phrase of phrases) {
    const match = phrase.pattern.exec(text);
    if (match) return { phrase, index: match.index, quote: match[0].trim() };
  }
  return undefined;
}

function verdict(
  kind: PullFailureKind,
  confidence: Confidence,
  facts: readonly Fact[],
  because: string,
): Verdict {
  return { kind, confidence, evidence: facts.map(({ quote }) => quote), at: facts[0]?.index ?? 0, because };
}

function bounded(quote: string): string {
  return quote.length <= QUOTE_LENGTH_MAX ? quote : `${quote.slice(0, QUOTE_LENGTH_MAX - 1)}…`;
}
