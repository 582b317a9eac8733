/**
 * A value of a CloudFormation template as the texts that it may become: parameters by their defaults, `Fn::If` by both of its
 * branches, a mapping by all of its entries that may be meant. What only a deployment knows is unknown.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html (read 2026-11)
 */

import { isMembers, membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, valueAt } from "../documents/document.ts";
import { EXPRESSION_LENGTH_MAX, held, knownAt, literalPieces, type Piece } from "../pieces.ts";
import { asDefault } from "../variables.ts";

/** One text that a value may become. */
export type Alternative = readonly Piece[];

const DEPTH_MAX = 12;
/** More than any template has, and an end to one that multiplies. */
const ALTERNATIVES_MAX = 50;
/** Of the list that an image's name is joined from. */
const ITEMS_MAX = 100;

export function alternativesAt(document: SourceDocument, at: Pointer, depth = 0): readonly Alternative[] {
  const value = valueAt(document.value, at);
  if (depth > DEPTH_MAX) return [UNKNOWN];
  if (typeof value === "string") return [textAt(document, at)];
  const [only, ...others] = Object.keys(membersOf(value));
  if (only === undefined || others.length > 0) return [UNKNOWN];
  const inner = [...at, only];
  const argument = membersOf(value)[only];
  switch (only) {
    case "Ref":
      return [refered(document, String(argument))];
    case "Fn::Sub":
      return substituted(document, inner, argument, depth);
    case "Fn::Join":
      return joined(document, inner, argument, depth);
    case "Fn::If":
      return [1, 2]
        .filter((branch) => !isNoValue(valueAt(document.value, [...inner, branch])))
        .flatMap((branch) => alternativesAt(document, [...inner, branch], depth + 1));
    case "Fn::FindInMap":
      return mapped(document, inner, argument, depth);
    case "Fn::GetAtt":
      return [attribute(document, argument)];
    default:
      return [[{ unknown: `${only} …` }]];
  }
}

/** The branch of a condition that leaves the property away. */
function isNoValue(value: unknown): boolean {
  return membersOf(value).Ref === "AWS::NoValue";
}

const UNKNOWN: Alternative = [{ unknown: "…" }];

function textAt(document: SourceDocument, at: Pointer): Alternative {
  const scalar = document.scalarAt(at);
  return scalar === undefined ? UNKNOWN : literalPieces(scalar.text, scalar.at);
}

/** A parameter by its default. `AWS::Region` and the names of resources are known to a deployment alone. */
function refered(document: SourceDocument, name: string): Alternative {
  const at = ["Parameters", name, "Default"];
  // A parameter of SSM holds the name of the value.
  const isName = String(valueAt(document.value, ["Parameters", name, "Type"])).startsWith("AWS::SSM::");
  const scalar = isName ? undefined : document.scalarAt(at);
  if (scalar === undefined) return [{ unknown: `\${${name}}` }];
  const pieces = literalPieces(scalar.text, scalar.at).map(asDefault);
  const parameter = membersOf(valueAt(document.value, ["Parameters", name]));
  const isRestricted = ["AllowedValues", "AllowedPattern", "MaxLength"].some((key) => key in parameter);
  // A default that the parameter does not allow makes the template invalid.
  return isRestricted ? pieces.map((piece) => held(piece, "restricted-value")) : pieces;
}

/** `RepositoryUri` of a repository that the template makes is in the account's own ECR. */
function attribute({ value }: SourceDocument, argument: unknown): Alternative {
  const [name = "", member = ""] = (Array.isArray(argument) ? argument : String(argument).split(".")).map(
    String,
  );
  const { Type } = membersOf(valueAt(value, ["Resources", name]));
  if (Type !== "AWS::ECR::Repository" || member !== "RepositoryUri") return [{ unknown: "Fn::GetAtt …" }];
  return [
    { unknown: "*" },
    { known: ".dkr.ecr." },
    { unknown: "*" },
    { known: ".amazonaws.com/" },
    { unknown: `\${${name}}` },
  ];
}

function substituted(
  document: SourceDocument,
  at: Pointer,
  argument: unknown,
  depth: number,
): readonly Alternative[] {
  const isList = Array.isArray(argument);
  const scalar = document.scalarAt(isList ? [...at, 0] : at);
  if (scalar === undefined) return [UNKNOWN];
  const { text } = scalar;
  if (text.length > EXPRESSION_LENGTH_MAX) return [UNKNOWN];
  let all: Alternative[] = [[]];
  let done = 0;
  const add = (choices: readonly Alternative[]): void => {
    all = all.flatMap((one) => choices.map((choice) => [...one, ...choice])).slice(0, ALTERNATIVES_MAX);
  };
  const keep = (end: number): void => {
    if (end > done) add([[knownAt(text.slice(done, end), scalar.at(done, end))]]);
  };
  for (const found of text.matchAll(/\$\{(!?)([^}]{1,300})\}/g)) {
    keep(found.index);
    done = found.index + found[0].length;
    const [, isLiteral, name = ""] = found;
    const own = [...at, 1, name];
    if (isLiteral) add([[{ known: `\${${name}}` }]]);
    else if (isList && valueAt(document.value, own) !== undefined)
      add(alternativesAt(document, own, depth + 1));
    else add([refered(document, name.trim())]);
  }
  keep(text.length);
  return all;
}

function joined(
  document: SourceDocument,
  at: Pointer,
  argument: unknown,
  depth: number,
): readonly Alternative[] {
  const [separator, items] = listOf(argument);
  if (typeof separator !== "string" || !Array.isArray(items) || items.length > ITEMS_MAX) return [UNKNOWN];
  let all: Alternative[] = [[]];
  for (const index of items.keys()) {
    const choices = alternativesAt(document, [...at, 1, index], depth + 1);
    const between: Alternative = index === 0 || separator === "" ? [] : [{ known: separator }];
    all = all
      .flatMap((one) => choices.map((choice) => [...one, ...between, ...choice]))
      .slice(0, ALTERNATIVES_MAX);
  }
  return all;
}

function mapped(
  document: SourceDocument,
  at: Pointer,
  argument: unknown,
  depth: number,
): readonly Alternative[] {
  const keys = listOf(argument).map((_, index) => alternativesAt(document, [...at, index], depth + 1));
  const places = keys
    .slice(0, 3)
    .reduce<readonly Pointer[]>(
      (before, choices) =>
        before.flatMap((place) => keysAt(document, place, choices)).slice(0, ALTERNATIVES_MAX),
      [["Mappings"]],
    );
  const found = places.flatMap((place) =>
    document.scalarAt(place) === undefined ? [] : [textAt(document, place)],
  );
  return found.length === 0 ? [UNKNOWN] : found;
}

/** The key that is written, or every one where a deployment decides. */
function keysAt(
  document: SourceDocument,
  place: Pointer,
  choices: readonly Alternative[],
): readonly Pointer[] {
  const names = choices.map((pieces) => pieces.map((piece) => ("known" in piece ? piece.known : undefined)));
  const isKnown = names.every((parts) => parts.every((part) => part !== undefined));
  const holder = valueAt(document.value, place);
  if (isKnown) return names.map((parts) => [...place, parts.join("")]);
  return isMembers(holder) ? Object.keys(holder).map((key) => [...place, key]) : [];
}
