/**
 * Dockerfile: `FROM`, `COPY --from`, `RUN --mount from`, the same behind `ONBUILD`, and `# syntax=`, which is a pull of every build.
 *
 * `dockerfile-ast` knows the lines: continuations, the escape directive, comments, heredocs. What is left is which names are
 * stages, and what the variables are. https://docs.docker.com/reference/dockerfile/ (read 2026-11)
 */

import {
  type Argument,
  DockerfileParser,
  type Flag,
  type Instruction,
  type ModifiableInstruction,
} from "dockerfile-ast";
import { stageName, usedInStages } from "../dockerfile-names.ts";
import type { FoundImage, Range } from "../found-image.ts";
import { foundImage, held, knownAt, type Piece } from "../pieces.ts";
import { asDefault, type Dialect, expandVariables } from "../variables.ts";

type LineRange = { readonly start: LineAt; readonly end: LineAt };
type LineAt = { readonly line: number; readonly character: number };

type Build = {
  readonly text: string;
  readonly offset: (at: LineAt) => number;
  readonly escape: "\\" | "`";
  /** Arguments from before the first stage. */
  readonly args: Map<string, readonly Piece[] | undefined>;
  /** Names of the stages so far, in lower case: `FROM` looks back alone. */
  readonly stages: Set<string>;
  /** Of the whole file: `COPY` and `RUN` may name a later one, which BuildKit builds first. */
  readonly allStages: ReadonlySet<string>;
  /** Arguments whose values commands of a stage may use. */
  readonly usedInStages: ReadonlySet<string>;
  isInStage: boolean;
};

/** More than any Dockerfile that a person wrote: the parser's time grows with the square of the lines. */
export const DOCKERFILE_LENGTH_MAX = 128 * 1024;

export function dockerfileImages(text: string): readonly FoundImage[] {
  const dockerfile = DockerfileParser.parse(text);
  const starts = lineStarts(text);
  const instructions = dockerfile.getInstructions();
  const build: Build = {
    text,
    offset: ({ line, character }) => (starts[line] ?? text.length) + character,
    escape: dockerfile.getEscapeCharacter() === "`" ? "`" : "\\",
    args: new Map(),
    stages: new Set(),
    allStages: new Set(instructions.flatMap((one) => stageName(one) ?? [])),
    usedInStages: usedInStages(instructions),
    isInStage: false,
  };
  const syntax = dockerfile
    .getDirectives()
    .filter((directive) => directive.getName().toLowerCase() === "syntax")
    .flatMap((directive) => {
      const range = directive.getValueRange();
      return range === null ? [] : literal(rangeOf(range, build), "# syntax", build);
    });
  return [
    ...syntax,
    ...instructions.flatMap((instruction) => imagesOf(instruction, instruction.getKeyword(), build)),
  ];
}

/** Whether the text is a Dockerfile at all: its first instruction is FROM, or an ARG for it. */
export function looksLikeDockerfile(text: string): boolean {
  const first = /^(?![ \t]*(?:#|$))[ \t]*(\S+)/m.exec(text.slice(0, 100_000))?.[1];
  return /^(?:FROM|ARG)$/i.test(first ?? "") && /^[ \t]*FROM[ \t]/im.test(text);
}

function imagesOf(
  instruction: Instruction,
  keyword: string,
  build: Build,
  before = "",
): readonly FoundImage[] {
  const place = `${before}${keyword}`;
  switch (keyword) {
    case "ARG":
      if (!build.isInStage) for (const one of instruction.getArguments()) define(one, build);
      return [];
    case "FROM":
      return fromImages(instruction, build);
    case "COPY":
      return flagsOf(instruction, "from").flatMap((flag) => copied(flag, `${place} --from`, build));
    case "RUN":
      return flagsOf(instruction, "mount").flatMap((flag) => mounted(flag, `${place} --mount`, build));
    case "ONBUILD": {
      const trigger = (
        instruction as Instruction & { getTriggerInstruction?(): Instruction | null }
      ).getTriggerInstruction?.();
      return trigger == null ? [] : imagesOf(trigger, trigger.getKeyword(), build, "ONBUILD ");
    }
    default:
      return [];
  }
}

/** `ARG NAME=default`: later ones may use earlier ones. */
function define(argument: Argument, build: Build): void {
  const { value, range } = writtenAt(argument, build);
  const equals = value.indexOf("=");
  const name = equals < 0 ? value : value.slice(0, equals);
  if (equals < 0) {
    build.args.set(name, undefined);
    return;
  }
  const start = range.start + equals + 1;
  const pieces = expandVariables(
    value.slice(equals + 1),
    (s, e) => rangeAt(start, s, e, range),
    dialectOf(build),
  );
  const isUsed = build.usedInStages.has(name);
  build.args.set(
    name,
    pieces.map((piece) => asDefault(isUsed ? held(piece, "used-elsewhere") : piece)),
  );
}

function fromImages(instruction: Instruction, build: Build): readonly FoundImage[] {
  const [image] = instruction.getArguments();
  build.isInStage = true;
  const found = image === undefined ? [] : baseImages(image, build);
  const name = stageName(instruction);
  if (name !== undefined) build.stages.add(name);
  return found;
}

function baseImages(image: Argument, build: Build): readonly FoundImage[] {
  const { value, range, isVerbatim } = writtenAt(image, build);
  const pieces = isVerbatim
    ? expandVariables(value, (s, e) => rangeAt(range.start, s, e, range), dialectOf(build))
    : [{ known: value }];
  if (isStage(pieces, build.stages)) return [];
  return some(foundImage({ pieces, written: value, range, place: "FROM" }));
}

/**
 * `scratch`, or a stage before it, in whatever case; also where an argument is in its name that a build alone knows: `build-$TARGETOS` after a
 * stage `build-linux`.
 */
function isStage(pieces: readonly Piece[], stages: ReadonlySet<string>): boolean {
  const texts = pieces.map((piece) => ("known" in piece ? piece.known : undefined));
  if (!texts.includes(undefined)) {
    const name = texts.join("");
    return name === "scratch" || stages.has(name.toLowerCase());
  }
  const [first = "", last = ""] = [texts[0]?.toLowerCase(), texts.at(-1)?.toLowerCase()];
  if (first + last === "") return false;
  return [...stages].some(
    (name) => name.length > first.length + last.length && name.startsWith(first) && name.endsWith(last),
  );
}

/** A number is a stage, and so is the name of one before it. Variables are not expanded here. */
function copied(flag: Flag, place: string, build: Build): readonly FoundImage[] {
  const range = flag.getValueRange();
  const name = unquoted(flag.getValue() ?? "");
  if (range === null || name === "" || /^\d+$/.test(name) || build.allStages.has(name.toLowerCase()))
    return [];
  return literal(inner(rangeOf(range, build), name, build), place, build);
}

/** `type=bind,from=IMAGE,target=…`: a number is not a stage here. */
function mounted(flag: Flag, place: string, build: Build): readonly FoundImage[] {
  const range = flag.getValueRange();
  if (range === null) return [];
  const { start, end } = rangeOf(range, build);
  const value = build.text.slice(start, end);
  const from = /(?:^|,|")\s*from=([^,"'\s]+)/.exec(value);
  const name = from?.[1];
  if (from === null || name === undefined || build.allStages.has(name.toLowerCase())) return [];
  const at = start + from.index + from[0].length - name.length;
  return literal({ start: at, end: at + name.length }, place, build);
}

function literal(range: Range, place: string, build: Build): readonly FoundImage[] {
  const written = build.text.slice(range.start, range.end);
  const pieces = written.includes("$") ? [{ unknown: written }] : [knownAt(written, range)];
  return some(foundImage({ pieces, written, range, place }));
}

function dialectOf(build: Build): Dialect {
  return { lookup: (name) => build.args.get(name), literalDollar: build.escape, hasQuotes: true };
}

function flagsOf(instruction: Instruction, name: string): readonly Flag[] {
  const flags = (instruction as Partial<ModifiableInstruction>).getFlags?.() ?? [];
  return flags.filter((flag) => flag.getName() === name);
}

/** An argument that goes over two lines is not in the file as it is meant. */
function writtenAt(argument: Argument, build: Build): { value: string; range: Range; isVerbatim: boolean } {
  const range = rangeOf(argument.getRange(), build);
  const value = argument.getValue();
  return { value, range, isVerbatim: build.text.slice(range.start, range.end) === value };
}

function rangeAt(offset: number, start: number, end: number, whole: Range): Range | undefined {
  const range = { start: offset + start, end: offset + end };
  return range.end > whole.end ? undefined : range;
}

function inner(range: Range, name: string, build: Build): Range {
  const at = build.text.slice(range.start, range.end).indexOf(name);
  return at < 0 ? range : { start: range.start + at, end: range.start + at + name.length };
}

function rangeOf({ start, end }: LineRange, { offset }: Build): Range {
  return { start: offset(start), end: offset(end) };
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}

function some(found: FoundImage | undefined): readonly FoundImage[] {
  return found === undefined ? [] : [found];
}

/** As the parser's own positions count lines: `\n`, `\r\n` and `\r` each end one. */
function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length);
  return starts;
}
