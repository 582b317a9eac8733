/**
 * Expressions of GitHub Actions as the texts that the file itself gives them: `${{ env.NAME }}` by the step, the job and the
 * workflow, `${{ matrix.KEY }}` by each entry of the job's matrix. What else an expression asks for is unknown.
 *
 * Where each of them counts: https://docs.github.com/actions/reference/workflows-and-actions/contexts (read 2026-11): `env` in a
 * step's inputs, and not in a job's containers; `matrix` in both. The words are reported and not edited: every command of the job
 * has the variable too, and a matrix names jobs, caches and artifacts.
 */

import {
  listOf,
  type Pointer,
  type SourceDocument,
  type SourceScalar,
  valueAt,
} from "./documents/document.ts";
import { EXPRESSION_LENGTH_MAX, held, knownAt, literalPieces, type Piece } from "./pieces.ts";

/** Where an expression is, and what it may ask for there. */
export type Contexts = {
  /** Objects of variables, the nearest first. */
  readonly env: readonly Pointer[];
  readonly matrix?: Pointer;
};

type Alternative = readonly Piece[];
type Row = ReadonlyMap<string, Piece>;

/** More than any matrix has; GitHub's own limit is 256 jobs. */
const ALTERNATIVES_MAX = 256;
const EXPRESSION = /\$\{\{\s*(env|matrix)\.([\w-]+(?:\.[\w-]+)*)\s*\}\}/g;

/** Each text that may be meant. */
export function alternativesOf(
  document: SourceDocument,
  { text, at }: SourceScalar,
  contexts: Contexts,
): readonly Alternative[] {
  if (text.length > EXPRESSION_LENGTH_MAX) return [[{ unknown: text }]];
  const asked = [...text.matchAll(EXPRESSION)];
  const keys = [...new Set(asked.flatMap(([, context, name = ""]) => (context === "matrix" ? [name] : [])))];
  const rows = keys.length === 0 ? [new Map<string, Piece>()] : matrixRows(document, contexts.matrix, keys);
  return rows.map((row) => {
    const pieces: Piece[] = [];
    let done = 0;
    const keep = (end: number): void => {
      const from = done;
      if (end > from)
        pieces.push(...literalPieces(text.slice(from, end), (start, stop) => at(from + start, from + stop)));
    };
    for (const { 0: written, 1: context, 2: name = "", index } of asked) {
      keep(index);
      done = index + written.length;
      const piece = context === "env" ? variable(document, contexts.env, name) : row.get(name);
      pieces.push(piece ?? { unknown: written });
    }
    keep(text.length);
    return pieces;
  });
}

function variable(document: SourceDocument, holders: readonly Pointer[], name: string): Piece | undefined {
  for (const holder of holders) {
    const piece = literal(document, [...holder, name]);
    if (piece !== undefined) return piece;
  }
  return undefined;
}

/** A text without an expression of its own. */
function literal(document: SourceDocument, at: Pointer): Piece | undefined {
  const scalar = document.scalarAt(at);
  if (scalar === undefined || scalar.text.includes("${{")) return undefined;
  return held(knownAt(scalar.text, scalar.at(0, scalar.text.length)), "used-elsewhere");
}

/** What the keys are in each job: of each entry of `include` that has all of them, and of the lists that are multiplied. */
function matrixRows(
  document: SourceDocument,
  matrix: Pointer | undefined,
  keys: readonly string[],
): readonly Row[] {
  if (matrix === undefined) return [new Map()];
  const included = listOf(valueAt(document.value, [...matrix, "include"])).flatMap((_, index) => {
    const row = keys.flatMap((key) => {
      const piece = literal(document, [...matrix, "include", index, ...key.split(".")]);
      return piece === undefined ? [] : [[key, piece] as const];
    });
    return row.length === keys.length ? [new Map(row)] : [];
  });
  let multiplied: readonly Row[] = [new Map()];
  for (const key of keys) {
    multiplied = product(multiplied, key, choicesOf(document, matrix, key));
  }
  const rows = [...multiplied, ...included];
  return rows.length === 0 ? [new Map()] : rows.slice(0, ALTERNATIVES_MAX);
}

function product(rows: readonly Row[], key: string, choices: readonly Piece[]): readonly Row[] {
  const all: Row[] = [];
  for (const row of rows)
    for (const piece of choices.slice(0, ALTERNATIVES_MAX - all.length))
      all.push(new Map([...row, [key, piece]]));
  return all;
}

function choicesOf(document: SourceDocument, matrix: Pointer, key: string): readonly Piece[] {
  const [first = "", ...rest] = key.split(".");
  return listOf(valueAt(document.value, [...matrix, first])).flatMap(
    (_, index) => literal(document, [...matrix, first, index, ...rest]) ?? [],
  );
}
