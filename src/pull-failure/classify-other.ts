/**
 * Failures of a pull other than limits: access, absence, the network; and texts that stop before their cause.
 */

import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import {
  CDN_FORBIDDEN,
  IMAGE_OR_MACHINE,
  NETWORK,
  NO_ENDPOINT,
  NO_TOKEN,
  NOT_FOUND,
  REFUSED_BECAUSE,
  RESOURCES,
  SECRET_CONTENT,
  SECRETS_OR_AUTH,
  UNAUTHORIZED,
  UNFIT_IMAGE,
  WITHOUT_CAUSE,
} from "./other-patterns.ts";
import {
  classification,
  firstMatch,
  hostsNear,
  isDockerHub,
  type ParsedText,
  type PartialClassification,
  type PhraseMatch,
  speaksOfPull,
  withRegistry,
} from "./parsed-text.ts";
import { HTML_PAGE, NAMED_PULL, PULL_ERROR } from "./patterns.ts";
import type { PullFailureKind } from "./types.ts";

/** Access, absence, the network, the image or the machine; undefined where the text names none of them. */
export function classifyOther(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const broken = firstMatch(text, [...UNFIT_IMAGE, IMAGE_OR_MACHINE, SECRET_CONTENT]);
  if (broken)
    return withRegistry(
      parsed,
      classification("other", "certain", [broken], `The text ${broken.phrase.says}.`),
    );
  const network = firstMatch(text, NETWORK);
  const secrets = firstMatch(text, [SECRETS_OR_AUTH]);
  const cdn = firstMatch(text, [CDN_FORBIDDEN]);
  const resources = secrets || NAMED_PULL.test(text) ? undefined : firstMatch(text, [RESOURCES]);
  if (resources) return classification("other", "certain", [resources], `The text ${resources.phrase.says}.`);
  for (const phrase of REFUSED_BECAUSE) {
    const fact = firstMatch(text, [phrase]);
    if (fact)
      return withRegistry(parsed, classification(phrase.kind, "certain", [fact], `The text ${phrase.says}.`));
  }
  if (cdn)
    return withRegistry(parsed, classification("network", "certain", [cdn], `The text ${cdn.phrase.says}.`));

  const unauthorized = firstMatch(text, UNAUTHORIZED) ?? (network ? undefined : secrets) ?? refused(parsed);
  if (unauthorized) {
    // A page for people is a proxy's or a portal's as well as a registry's.
    const page = firstMatch(text, [HTML_PAGE]);
    // What was cut off may be about the network as well as about a permission.
    const isCutSecrets = unauthorized === secrets && /(?:\.\.\.|…)$/.test(text);
    return withRegistry(
      parsed,
      classification(
        "unauthorized",
        page || isCutSecrets ? "likely" : "certain",
        [unauthorized],
        `The text ${unauthorized.phrase.says}${page ? ", on a page for people: a proxy may have answered" : ""}.`,
      ),
    );
  }
  const notFound = network && !/manifest/i.test(text) ? undefined : firstMatch(text, NOT_FOUND);
  if (notFound)
    return withRegistry(
      parsed,
      classification("not-found", "certain", [notFound], `The text ${notFound.phrase.says}.`),
    );
  const token = firstMatch(text, [NO_TOKEN]);
  if (token && !network)
    return withRegistry(
      parsed,
      classification("network", "likely", [token], `The text ${token.phrase.says}.`),
    );
  const last = network ?? firstMatch(text, [NO_ENDPOINT]);
  return (
    last &&
    withRegistry(parsed, classification("network", "certain", [last], `The text ${last.phrase.says}.`))
  );
}

function refused({ addresses }: ParsedText): PhraseMatch | undefined {
  const address = addresses.find(({ status }) => status === 401 || status === 403);
  return (
    address && {
      index: address.index,
      quote: address.quote,
      phrase: { pattern: /40[13]/, says: "quotes status 401 or 403", seen: "distribution-spec" },
    }
  );
}

/** A text that stops where Docker Hub's status would follow: manifests that are absent or private read differently. */
export function classifyTruncated(parsed: ParsedText): PartialClassification | undefined {
  const { text, addresses, container } = parsed;
  const last = addresses.at(-1);
  if (
    last?.cutBeforeStatus &&
    isDockerHub(last.host) &&
    last.resource !== "blobs" &&
    last.resource !== "token"
  ) {
    if (container.host === undefined || isDockerHub(container.host)) {
      return {
        ...classification(
          "docker-hub-pull-limit",
          "likely",
          [],
          "The text ends where Docker Hub's status would follow; for a manifest that is almost always 429.",
        ),
        limitedAs: "unknown",
        registry: DOCKER_HUB_HOST,
        evidence: [text.slice(Math.max(0, last.index - 60))],
        at: last.index,
      };
    }
  }
  return undefined;
}

/** A text that stops inside the error code for too many requests, whatever status it quoted before. */
export function cutInCode(parsed: ParsedText): PartialClassification | undefined {
  const { text } = parsed;
  const code = /(?<![\w./@-])toom(?:a(?:n(?:y\w*)?)?)?$/i.exec(text);
  if (code && (PULL_ERROR.test(text) || speaksOfPull(parsed))) {
    const hosts = hostsNear(parsed, code.index);
    const isHub = hosts.length > 0 && hosts.every(isDockerHub);
    const stranger = hosts.find((host) => !isDockerHub(host));
    const kind: PullFailureKind = isHub ? "docker-hub-pull-limit" : "registry-limit";
    return {
      kind,
      confidence: "likely",
      ...(isHub
        ? { limitedAs: "unknown" as const, registry: DOCKER_HUB_HOST }
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

/** What is left to say of a text that names no cause. */
export function unclassified(parsed: ParsedText): PartialClassification {
  const { text } = parsed;
  if (WITHOUT_CAUSE.test(text))
    return withRegistry(parsed, {
      ...classification("other", "certain", [], "The text repeats that a pull failed, without a cause."),
      evidence: [text],
    });
  const says = PULL_ERROR.test(text)
    ? "A pull failed, for a cause that the text does not say."
    : "The text does not mention an image pull.";
  return withRegistry(parsed, {
    ...classification("other", "likely", [], says),
    evidence: text === "" ? [] : [text],
  });
}
