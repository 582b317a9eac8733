/**
 * A 429 in words that every registry uses: the host that answered, or the image's, says whose it is, and what was asked
 * for says which of Docker Hub's limits it is.
 */

import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import type { Address, Resource } from "./extract-references.ts";
import {
  containerHost,
  firstMatch,
  foreignHostFor429,
  hostsNear,
  isAtRegistry,
  isDockerHub,
  isForeignHost,
  type ParsedText,
  type PartialClassification,
  parseText,
  speaksOfPull,
} from "./parsed-text.ts";
import {
  AFTER_PULLED,
  HTML_PAGE,
  LIMIT_CODE,
  LIMIT_STATUS,
  LIMIT_WORDS,
  PLAIN_BODY,
  SIGN_IN,
} from "./patterns.ts";
import { requestedResource } from "./requested-resource.ts";

/** Docker Hub's pull limit counts manifests alone; what else it refuses with this status. */
const NOT_COUNTED: Readonly<Record<Exclude<Resource, "manifests">, string>> = {
  token: "by Docker Hub's sign-in, which counts no pulls: its limit on all requests, or logins that failed.",
  blobs: "for a blob, and Docker Hub's pull limit counts manifests: its limit on all requests of an address.",
  ping: "for no image at all, and Docker Hub's pull limit counts manifests: its limit on all requests.",
};

/** The limit of the host that answered 429, or of the image's registry; undefined where the text has no limit status or words. */
export function classifyLimitByHost(parsed: ParsedText): PartialClassification | undefined {
  const start = startOfLimitedStep(parsed);
  if (start === 0) return isLimitText(parsed) ? classifyStep(parsed) : undefined;
  const step = parseText(parsed.text.slice(start), parsed.container.written);
  const found = speaksOfPull(step) ? classifyStep(step) : undefined;
  return found && { ...found, at: found.at + start };
}

/** Where what was limited begins: after the last image that was pulled before it, and whose registry says nothing of it. */
function startOfLimitedStep({ text, addresses }: ParsedText): number {
  const limited = [
    addresses.findLast(({ status }) => status === 429)?.index,
    ...[LIMIT_CODE, LIMIT_STATUS, LIMIT_WORDS].map((phrase) => firstMatch(text, [phrase])?.index),
  ].filter((index) => index !== undefined);
  const pulled = [...text.slice(0, Math.min(...limited)).matchAll(AFTER_PULLED)].at(-1);
  return limited.length === 0 || pulled === undefined ? 0 : pulled.index + pulled[0].length;
}

function classifyStep(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const refusals = parsed.addresses.filter(({ status }) => status === 429);
  const answered = refusals.findLast(isAtRegistry);
  if (refusals.length > 0 && answered === undefined) return undefined;
  const code = firstMatch(text, [LIMIT_CODE]);
  const status = firstMatch(text, [LIMIT_STATUS]);
  const words = firstMatch(text, [LIMIT_WORDS]);
  const fact = code ?? status ?? words;
  if (fact === undefined && answered === undefined) return undefined;

  const facts = fact ? [fact] : [];
  const evidence = [...(answered ? [answered.quote] : []), ...facts.map(({ quote }) => quote)];
  const at = answered?.index ?? fact?.index ?? 0;
  const before = answered ? [answered.host, ...containerHost(parsed)] : hostsNear(parsed, at);
  // A log names the image after the message, but so does a build with what it would have made.
  const after =
    before.length > 0
      ? undefined
      : (parsed.references.find(({ host }) => host !== undefined) ?? parsed.addresses.find(isAtRegistry))
          ?.host;
  const hosts = after === undefined ? before : [after];
  const because = (why: string) => `${answered || status ? "Status 429" : "Too many requests"}, ${why}`;

  const plainBody = firstMatch(text, [PLAIN_BODY]);
  const page = firstMatch(text, [HTML_PAGE]);
  const stranger = answered ? foreignHostFor429(parsed, answered) : hosts.find((host) => !isDockerHub(host));
  if (stranger !== undefined) {
    const isDoubtful = page !== undefined && !isForeignHost(stranger);
    return {
      kind: "registry-limit",
      confidence: isDoubtful || after !== undefined ? "likely" : "certain",
      registry: registryBehind(parsed, stranger, answered),
      evidence,
      at,
      because: because(
        isDoubtful
          ? `on a page for people: ${stranger} answered, or a proxy before it.`
          : `and the registry that was asked is ${stranger}.`,
      ),
    };
  }
  if (page !== undefined) {
    return {
      kind: "registry-limit",
      confidence: "likely",
      evidence,
      at,
      because: because(
        "on a page for people, as registries do not answer: a mirror or a proxy before the registry.",
      ),
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
      because: because("but nothing says which registry: no host, no image, no sentence of its own."),
    };
  }
  const relayed = answered !== undefined && /remote response/i.test(answered.quote);
  // A login that failed too often is refused by the same code, and by no other status.
  const cut = endsWithCode(text) && (answered === undefined || /toomanyrequests$/i.test(answered.quote));
  const asked = requestedResource(text, answered, at);
  if (asked !== undefined && asked !== "manifests") {
    const maybeSignIn = asked === "token" && SIGN_IN.test(text);
    return {
      kind: "docker-hub-abuse-limit",
      confidence: cut || relayed || maybeSignIn || after !== undefined ? "likely" : "certain",
      registry: DOCKER_HUB_HOST,
      evidence,
      at,
      because: because(NOT_COUNTED[asked]),
    };
  }
  // Docker Hub's pull limit has a code or a status in every client; a bare body is its limit on all requests.
  if (plainBody || (!code && !status && !answered)) {
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
  return {
    kind: "docker-hub-pull-limit",
    limitedAs: "unknown",
    confidence: cut || relayed || after !== undefined ? "likely" : "certain",
    registry: DOCKER_HUB_HOST,
    evidence,
    at,
    because: because(
      relayed
        ? "from Docker Hub, passed on by a proxy that asked for the host."
        : answered
          ? "answered by Docker Hub."
          : "and the image is on Docker Hub.",
    ),
  };
}

/** Whether words about limits are about a pull: an application has limits of its own, which say nothing of ours. */
function isLimitText(parsed: ParsedText): boolean {
  return /^(?:error:? )?(?:(?:http )?429:? )?too many requests\b/i.test(parsed.text) || speaksOfPull(parsed);
}

/** The registry of a host that only hands out its tokens: the image's (mcrprod.azurecr.io's is mcr.microsoft.com). */
function registryBehind(parsed: ParsedText, host: string, answered: Address | undefined): string {
  if (answered?.resource !== "token") return host;
  const named = [...containerHost(parsed), ...parsed.references.flatMap((one) => one.host ?? [])];
  return named.find(isForeignHost) ?? host;
}

/** What follows the code where a registry is Docker's: a text that ends inside one of these may have meant either. */
const AFTER_THE_CODE = ["message", "you have reached your", "too many failed login attempts"];

/** Whether the text stops at the code, or so soon after it that its sentence cannot be identified. */
function endsWithCode(text: string): boolean {
  const after = /toomanyrequests([\s\w"',:]{0,60})$/i.exec(text)?.[1]?.toLowerCase();
  const rest = after?.replace(/^\W*(?:message"\W*)?/, "");
  return rest !== undefined && AFTER_THE_CODE.some((sentence) => sentence.startsWith(rest));
}
