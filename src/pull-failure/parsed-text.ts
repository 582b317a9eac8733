/**
 * A text read for what it names, before anything is concluded, and the questions that conclusions ask of it.
 */

import { isForeignDomain } from "../image/known-registries.ts";
import { type ImageReference, tryParseReference } from "../image/reference.ts";
import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import { canonicalHost, registryOwner } from "../image/registry-owner.ts";
import { type Address, addressesIn, type NamedReference, referencesIn } from "./extract-references.ts";
import { normalizeText } from "./normalize-text.ts";
import { type Phrase, PULL_CONTEXT } from "./patterns.ts";
import type { Classification, Confidence, PullFailureKind } from "./types.ts";

/** What one phrase proves, and the words that say it. */
export type PhraseMatch = { readonly phrase: Phrase; readonly index: number; readonly quote: string };

/** Everything that can be read in a text, before anything is concluded. */
export type ParsedText = {
  readonly text: string;
  readonly addresses: readonly Address[];
  readonly references: readonly NamedReference[];
  /** The container's own image, where the caller knows it. */
  readonly container: {
    readonly written?: string;
    readonly host?: string;
    readonly reference?: ImageReference;
  };
};

/** A conclusion with its evidence, and its position in the text. */
export type PartialClassification = Omit<Classification, "image" | "evidence"> & {
  readonly evidence: readonly string[];
  readonly at: number;
};

/** Reads a text, and what is known of the container's image with it. */
export function parseText(text: string, image: string | undefined): ParsedText {
  const plain = normalizeText(text);
  return {
    text: plain,
    addresses: addressesIn(plain),
    references: referencesIn(plain),
    container: parseContainerImage(image),
  };
}

/** The first of the phrases that the text holds. */
export function firstMatch(text: string, phrases: readonly Phrase[]): PhraseMatch | undefined {
  for (const phrase of phrases) {
    const match = phrase.pattern.exec(text);
    if (match) return { phrase, index: match.index, quote: match[0].trim() };
  }
  return undefined;
}

/** A conclusion from facts. */
export function classification(
  kind: PullFailureKind,
  confidence: Confidence,
  facts: readonly PhraseMatch[],
  because: string,
): PartialClassification {
  return { kind, confidence, evidence: facts.map(({ quote }) => quote), at: facts[0]?.index ?? 0, because };
}

function parseContainerImage(image: string | undefined): ParsedText["container"] {
  const written = image?.trim().replace(/^docker(?:-pullable)?:\/\//, "");
  if (!written) return {};
  const reference = tryParseReference(written);
  if (reference) return { written, reference, host: canonicalHost(reference.host) };
  // Masked or broken names still show the host.
  const host = /^([^/\s]*[.:][^/\s]*)\//.exec(written.slice(0, 300))?.[1];
  return host === undefined ? { written } : { written, host: canonicalHost(host) };
}

/** Whether pulls from the host are Docker Hub's, under whatever name. */
export function isDockerHub(host: string): boolean {
  return registryOwner(host) === "docker-hub";
}

/** Whether the host is known to be a registry other than Docker Hub. */
export function isForeignHost(host: string): boolean {
  return registryOwner(host) === "other";
}

/** The host of the container's own image, where it is known. */
export function containerHost({ container }: ParsedText): readonly string[] {
  return container.host === undefined ? [] : [container.host];
}

/** The hosts that answer for the words at an index: the last address before it, else the reference's, and the container's image. */
export function hostsNear(parsed: ParsedText, index: number): readonly string[] {
  const address = parsed.addresses.findLast(
    (one) => one.index <= index && one.resource !== undefined && one.host !== "",
  );
  const reference = parsed.references.findLast((one) => one.index <= index && one.host !== undefined);
  const inText = address?.host ?? reference?.host;
  return [...new Set([...(inText === undefined ? [] : [inText]), ...containerHost(parsed)])];
}

/** The first host of another known operator: Docker Hub's words there are relayed by a proxy. */
export function foreignHost(parsed: ParsedText, index: number): string | undefined {
  const hosts = [...containerHost(parsed), ...hostsNear(parsed, index)];
  return hosts.find(isForeignHost);
}

/** For a 429 without words: the host that answered, and the image's host unless it proves to be a front of Docker Hub. */
export function foreignHostFor429(parsed: ParsedText, answered: Address): string | undefined {
  const { host, reference } = parsed.container;
  if (answered.host !== "" && !isDockerHub(answered.host)) return answered.host;
  if (host === undefined || isDockerHub(host)) return undefined;
  const fronts =
    registryOwner(host) === "unknown" && answered.path !== undefined && reference?.path === answered.path;
  return fronts ? undefined : host;
}

/** Whether the text speaks of a pull: in its words, or by an address at a registry. */
export function speaksOfPull({ text, addresses }: ParsedText): boolean {
  return addresses.some(isAtRegistry) || PULL_CONTEXT.test(text.replace(ADDRESSES, " "));
}

const ADDRESSES = /\bhttps?:\/\/[^\s"'<>]*/gi;

/** Whether an address is one of a registry's: by what was asked for there, or by its host. */
export function isAtRegistry({ resource, host, quote }: Address): boolean {
  if (resource !== undefined || /^https?:\/\/[^/]+\/v2\//i.test(quote)) return true;
  // A host that is only called as proxies are may serve packages, too.
  return host !== "" && (isDockerHub(host) || isForeignDomain(host.replace(/:\d+$/, "")));
}

/** The conclusion with the registry that it concerns. */
export function withRegistry(parsed: ParsedText, found: PartialClassification): PartialClassification {
  const address =
    parsed.addresses.findLast(({ host, resource }) => host !== "" && resource !== undefined) ??
    parsed.addresses.find(({ host }) => host !== "");
  const inText = parsed.references.find(({ host }) => host !== undefined)?.host;
  const host = parsed.container.host ?? inText ?? address?.host;
  if (host === undefined) return found;
  return { ...found, registry: isDockerHub(host) ? DOCKER_HUB_HOST : canonicalHost(host) };
}
