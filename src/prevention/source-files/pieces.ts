/**
 * An image's name as the pieces that it is put together from, and what follows: which image it is, which registry it is
 * from, and which words could be edited.
 */

import { isForeignDomain } from "../../image/known-registries.ts";
import { canonicalName, tryParseReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import type { FoundCode, FoundImage, Range } from "./found-image.ts";

export type Piece =
  | {
      readonly known: string;
      /** Where the file has exactly this text. */
      readonly range?: Range;
      /** A default that a caller may override. */
      readonly isDefault?: true;
      /** From a file of secrets: never shown. */
      readonly isPrivate?: true;
      /** Why these words must stay as they are. */
      readonly held?: FoundCode;
    }
  /** As written: `$TAG`, `{{ .Values.tag }}`. */
  | { readonly unknown: string };

export type Expression = {
  readonly pieces: readonly Piece[];
  readonly written: string;
  readonly range: Range;
  readonly place: string;
};

const UNKNOWN = "\u0000";

/** An image's name has some 500 characters at most, and each variable in it a name of its own. */
export const EXPRESSION_LENGTH_MAX = 4096;

/** The image of an expression; undefined where it is empty. */
export function foundImage({ pieces, written, range, place }: Expression): FoundImage | undefined {
  const used = trimmed(pieces.filter((piece) => !("known" in piece) || piece.known !== ""));
  if (used.length === 0) return undefined;
  const text = used.map((piece) => ("known" in piece ? piece.known : UNKNOWN)).join("");
  const isPrivate = used.some((piece) => "known" in piece && piece.isPrivate);
  const asWritten = { written, range, place, ...registryIn(text), ...repositoryIn(text) };
  if (isPrivate) return { ...asWritten, codes: ["value-from-env-file"] };
  if (text.includes(UNKNOWN)) return { ...asWritten, codes: ["not-checkable"] };
  const reference = tryParseReference(text);
  if (reference === undefined) return { written, range, place, codes: ["invalid-reference"] };
  const isDefault = used.some((piece) => "known" in piece && piece.isDefault);
  const target = targetIn(used, text);
  return {
    image: text,
    registry: reference.host,
    written: target?.holds === "reference" ? text : written,
    range: target?.holds === "reference" ? { start: target.start, end: target.end } : range,
    place,
    ...(target === undefined ? {} : { target }),
    codes: [...(isDefault ? ["default" as const] : []), ...whyUnfixable(used, target)],
  };
}

/** A text with the templates of other programs in it: `{{ }}`, `${{ }}`, `$[[ ]]`, `${X}`, `$(X)`, `$X`. */
export function literalPieces(
  text: string,
  at: (start: number, end: number) => Range | undefined,
): readonly Piece[] {
  if (text.length > EXPRESSION_LENGTH_MAX) return [{ unknown: text }];
  const pieces: Piece[] = [];
  let done = 0;
  const keep = (end: number): void => {
    if (end > done) pieces.push(knownAt(text.slice(done, end), at(done, end)));
  };
  for (const found of text.matchAll(TEMPLATE)) {
    keep(found.index);
    pieces.push({ unknown: found[0] });
    done = found.index + found[0].length;
  }
  keep(text.length);
  return pieces;
}

// Bounded, and none of them can match in two ways: a hostile text is read once.
const TEMPLATE =
  /\$\[\[[^\]]{0,500}\]\]|\$?\{\{[^}]{0,500}\}\}|\$\{[^}]{0,500}\}|\$\([^)]{0,500}\)|\$[A-Za-z_][A-Za-z0-9_]{0,200}/g;

export function knownAt(known: string, range: Range | undefined): Piece {
  return range === undefined ? { known } : { known, range };
}

function trimmed(pieces: readonly Piece[]): readonly Piece[] {
  const [first] = pieces;
  if (pieces.length !== 1 || first === undefined || !("known" in first)) return pieces;
  const text = first.known.trim();
  if (text === "") return [];
  if (text === first.known) return pieces;
  const { range, ...piece } = first;
  const start = (range?.start ?? 0) + first.known.indexOf(text);
  return [
    { ...piece, known: text, ...(range === undefined ? {} : { range: { start, end: start + text.length } }) },
  ];
}

function targetIn(pieces: readonly Piece[], text: string): FoundImage["target"] {
  const [first] = pieces;
  if (first === undefined || !("known" in first) || first.range === undefined) return undefined;
  if (first.held !== undefined) return undefined;
  if (pieces.length === 1) return { ...first.range, holds: "reference" };
  const length = repositoryLength(text);
  // The tag comes from somewhere else, all of it: half a tag in the repository's words is nothing to edit.
  if (first.known.length < length || first.known.length > length + 1) return undefined;
  return { start: first.range.start, end: first.range.start + length, holds: "repository" };
}

function repositoryLength(text: string): number {
  const rest = /[:@]/.exec(text.slice(text.lastIndexOf("/", text.indexOf("@") >>> 0) + 1));
  return rest === null ? text.length : text.lastIndexOf("/", text.indexOf("@") >>> 0) + 1 + rest.index;
}

function whyUnfixable(pieces: readonly Piece[], target: FoundImage["target"]): readonly FoundCode[] {
  if (target?.holds === "reference") return [];
  const [first] = pieces;
  if (first !== undefined && "known" in first && first.held !== undefined) return [first.held];
  return pieces.length > 1 ? ["split-reference"] : ["not-verbatim"];
}

/** `docker.io/acme/app` of `acme/app:$TAG`: a policy leaves images out by it. */
function repositoryIn(text: string): { readonly repository?: string } {
  const name = text.slice(0, repositoryLength(text));
  if (name.includes(UNKNOWN) || name.length === text.length) return {};
  const reference = tryParseReference(name);
  return reference === undefined ? {} : { repository: canonicalName(reference) };
}

/** The same words, which must stay as they are. */
export function held(piece: Piece, code: FoundCode): Piece {
  return "known" in piece ? { ...piece, held: code } : piece;
}

/** The registry of a name that is known in part. Docker's rule: a first part with a dot, a colon or `localhost` is a host. */
function registryIn(text: string): { readonly registry?: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? (text.split(/[:@]/, 1)[0] ?? "") : text.slice(0, slash);
  if (first.includes(UNKNOWN)) {
    // `${Account}.dkr.ecr.${Region}.amazonaws.com`
    const host = first.replaceAll(UNKNOWN, "x");
    return slash >= 0 && isForeignDomain(host) ? { registry: first.replaceAll(UNKNOWN, "*") } : {};
  }
  const host = slash < 0 ? DOCKER_HUB_HOST : tryParseReference(`${first}/x`)?.host;
  return host === undefined ? {} : { registry: host };
}
