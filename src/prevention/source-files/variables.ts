/**
 * Variables in an image's name, as a shell writes them: `$V`, `${V}`, `${V:-default}`, and so on.
 *
 * Compose: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md; Dockerfile:
 * https://docs.docker.com/reference/dockerfile/#environment-replacement (both read 2026-11). The forms that cut a value (`#`,
 * `%`, `/`) are left unknown: nothing may be edited there in any case.
 */

import type { Range } from "./found-image.ts";
import { EXPRESSION_LENGTH_MAX, knownAt, type Piece } from "./pieces.ts";

export type Dialect = {
  /** The value's pieces; undefined: the variable has none here. */
  readonly lookup: (name: string) => readonly Piece[] | undefined;
  /** What makes a dollar sign a dollar sign: `$$` of compose and GitLab, a backslash of a Dockerfile. */
  readonly literalDollar: "$" | "\\" | "`";
  /** Quotes are taken away, as the words of a Dockerfile's instruction. */
  readonly hasQuotes?: boolean;
};

type At = (start: number, end: number) => Range | undefined;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Of templates, of workflows, and of GitLab's inputs: `{{ }}`, `${{ }}`, `$[[ ]]`. */
const EXPRESSION = /(?:\$\{\{|\{\{)[^}]{0,500}\}\}|\$\[\[[^\]]{0,500}\]\]/y;
const DEPTH_MAX = 10;
/** No image has as many parts: each argument that doubles the one before it has. */
const PIECES_MAX = 100;

export function expandVariables(text: string, at: At, dialect: Dialect, depth = 0): readonly Piece[] {
  if (text.length > EXPRESSION_LENGTH_MAX) return [{ unknown: text }];
  const pieces: Piece[] = [];
  let kept = 0;
  let index = 0;
  let quote = "";
  const keep = (): void => {
    if (index > kept) pieces.push(knownAt(text.slice(kept, index), at(kept, index)));
  };
  const take = (taken: readonly Piece[], length: number): void => {
    keep();
    if (pieces.length + taken.length <= PIECES_MAX) pieces.push(...taken);
    else pieces.splice(0, pieces.length, { unknown: text.slice(0, index + length) });
    index += length;
    kept = index;
  };
  while (index < text.length) {
    const char = text[index] ?? "";
    const escaped = escapedAt(text, index, dialect);
    const expression = matchAt(EXPRESSION, text, index);
    if (escaped !== undefined && quote !== "'") take([{ known: escaped }], 1 + escaped.length);
    else if (expression !== undefined) take([{ unknown: expression }], expression.length);
    else if (dialect.hasQuotes && (char === quote || (quote === "" && /["']/.test(char)))) {
      quote = quote === "" ? char : "";
      take([], 1);
    } else if (char === "$" && quote !== "'") {
      const [taken, length] = variableAt(text, index, at, dialect, depth);
      take(taken, length);
    } else index++;
  }
  keep();
  return pieces;
}

function escapedAt(text: string, index: number, { literalDollar }: Dialect): string | undefined {
  if (text[index] !== literalDollar) return undefined;
  const next = text[index + 1];
  return literalDollar === "$" ? (next === "$" ? next : undefined) : next;
}

/** The pieces of the variable that begins here, and the length of its words. */
function variableAt(
  text: string,
  index: number,
  at: At,
  dialect: Dialect,
  depth: number,
): readonly [readonly Piece[], number] {
  const bare = matchAt(NAME, text, index + 1);
  if (bare !== undefined) {
    const written = `$${bare}`;
    return [dialect.lookup(bare) ?? [{ unknown: written }], written.length];
  }
  if (text[index + 1] !== "{") return [[{ known: "$" }], 1];
  const end = closingBrace(text, index + 2);
  const written = text.slice(index, end < 0 ? text.length : end + 1);
  const name = end < 0 ? undefined : matchAt(NAME, text, index + 2);
  if (name === undefined || depth >= DEPTH_MAX) return [[{ unknown: written }], written.length];
  const value = dialect.lookup(name);
  const from = index + 2 + name.length;
  const operator = /^(?::[-+?]|[-+?])/.exec(text.slice(from, from + 2))?.[0];
  const isPlain = from === end || operator?.endsWith("?");
  if (isPlain) return [value ?? [{ unknown: written }], written.length];
  if (operator === undefined) return [[{ unknown: written }], written.length];
  const start = from + operator.length;
  const word = () =>
    expandVariables(text.slice(start, end), (s, e) => at(start + s, start + e), dialect, depth + 1);
  if (value?.some((piece) => "unknown" in piece)) return [value, written.length];
  const isEmpty = value?.every((piece) => "known" in piece && piece.known === "") ?? true;
  const isSet = value !== undefined && !(operator.startsWith(":") && isEmpty);
  if (operator.endsWith("+")) return [isSet ? word() : [], written.length];
  return [isSet ? value : word().map(asDefault), written.length];
}

export function asDefault(piece: Piece): Piece {
  return "known" in piece ? { ...piece, isDefault: true } : piece;
}

function closingBrace(text: string, from: number): number {
  let open = 1;
  for (let index = from; index < text.length; index++) {
    if (text[index] === "{") open++;
    else if (text[index] === "}" && --open === 0) return index;
  }
  return -1;
}

function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}
