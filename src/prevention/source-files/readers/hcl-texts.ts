/**
 * The texts of an HCL file, each with the block and the attribute that it is in: as much of the language as a docker-bake file
 * needs. No package reads HCL with the places of its words, but for those of many megabytes.
 * https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md (read 2026-11)
 */

import type { SourceScalar, Unreadable } from "../documents/document.ts";
import { blockScalar, verbatimScalar } from "../documents/scalar.ts";

export type HclText = {
  /** `target`, `variable` … */
  readonly block: string;
  readonly label: string;
  readonly attribute: string;
  /** In an object: its key. */
  readonly key?: string;
  readonly scalar: SourceScalar;
};

type Block = { type: string; labels: string[]; attribute: string; key: string };

const SPACE = /\s+/y;
const COMMENT = /(?:#|\/\/)[^\n]*|\/\*[\s\S]*?\*\//y;
const NAME = /[A-Za-z_][\w-]*/y;
const HEREDOC = /<<-?([A-Za-z_][\w-]*)[ \t]*\r?\n/y;

/** Every text of the file, in its order. */
export function hclTexts(text: string): readonly HclText[] | { readonly unreadable: Unreadable } {
  const found: HclText[] = [];
  const open: Block[] = [];
  let words: string[] = [];
  let index = 0;
  const scan = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = index;
    const match = pattern.exec(text);
    if (match !== null) index += match[0].length;
    return match;
  };
  const keep = (scalar: SourceScalar): void => {
    const [block] = open;
    const { attribute = "" } = block ?? {};
    if (block === undefined || attribute === "") words.push(scalar.text);
    else {
      const key = open.length > 1 ? open.at(-1)?.key : undefined;
      found.push({
        block: block.type,
        label: block.labels[0] ?? "",
        attribute,
        ...(key === undefined || key === "" ? {} : { key }),
        scalar,
      });
    }
  };
  while (index < text.length) {
    if (scan(SPACE) !== null || scan(COMMENT) !== null) continue;
    const start = index;
    const heredoc = scan(HEREDOC);
    const char = text[start] ?? "";
    if (heredoc !== null) {
      const end = heredocEnd(text, index, heredoc[1] ?? "");
      if (end === undefined) return unreadable("a heredoc has no end", start);
      keep(heredocScalar(text, start, index, end.body));
      index = end.after;
    } else if (char === '"') {
      const end = stringEnd(text, start + 1);
      if (end === undefined) return unreadable("a text has no end", start);
      index = end + 1;
      keep(stringScalar(text, start, end));
    } else if (scan(NAME) !== null) words.push(text.slice(start, index));
    else {
      index++;
      if (char === "{") {
        const [type = "", ...labels] = words;
        open.push({ type, labels, attribute: "", key: "" });
        words = [];
      } else if (char === "}") {
        open.pop();
        words = [];
        if (open.length === 1 && open[0] !== undefined) open[0].attribute = "";
      } else if (/[=!<>]/.test(char) && text[index] === "=") index++;
      else if (char === "=" || (char === ":" && isKeyAt(text, start))) {
        const innermost = open.at(-1);
        if (open.length === 1 && innermost !== undefined) innermost.attribute = words.at(-1) ?? "";
        else if (innermost !== undefined) innermost.key = lastName(words, found, innermost);
        words = [];
      } else if (char === "," || char === "?") words = [];
    }
  }
  return open.length > 0 ? unreadable("a block has no end", text.length) : found;
}

/** `:` after a name at the beginning of an entry: elsewhere it is that of `a ? b : c`. */
function isKeyAt(text: string, colon: number): boolean {
  return /(?:^|[{,\n])[ \t]*(?:"[^"\n]{0,100}"|[\w-]{1,100})[ \t]*$/.test(
    text.slice(Math.max(0, colon - 130), colon),
  );
}

/** A key in quotes has been taken for a text. */
function lastName(words: readonly string[], found: HclText[], _in: Block): string {
  return words.at(-1) ?? found.pop()?.scalar.text ?? "";
}

function unreadable(because: string, offset: number): { readonly unreadable: Unreadable } {
  return { unreadable: { because, offset } };
}

/** The closing quote; `${ }` may have quotes in it. */
function stringEnd(text: string, from: number): number | undefined {
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    const char = text[index];
    if (char === "\n") return undefined;
    if (char === "\\") index++;
    else if (char === "$" && text[index + 1] === "{" && text[index - 1] !== "$") {
      depth++;
      index++;
    } else if (char === "}" && depth > 0) depth--;
    else if (char === '"' && depth === 0) return index;
  }
  return undefined;
}

function stringScalar(text: string, start: number, end: number): SourceScalar {
  const written = text.slice(start + 1, end);
  const meant = written.replace(/\\(["\\nrt])/g, (_, char: string) => ESCAPES[char] ?? char);
  return verbatimScalar(text, meant, { start, end: end + 1 });
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function heredocEnd(text: string, from: number, word: string): { body: number; after: number } | undefined {
  for (let at = from; at < text.length; ) {
    const next = text.indexOf("\n", at);
    const end = next < 0 ? text.length : next;
    if (text.slice(at, end).trim() === word) return { body: at, after: end };
    if (next < 0) return undefined;
    at = next + 1;
  }
  return undefined;
}

/** Its lines without the indentation that they have in common. */
function heredocScalar(text: string, start: number, from: number, end: number): SourceScalar {
  const lines = text.slice(from, end).split("\n");
  const filled = lines.filter((line) => line.trim() !== "");
  const indent = Math.min(...filled.map((line) => line.length - line.trimStart().length));
  const meant = lines.map((line) => line.replace(/\r$/, "").slice(Math.min(indent, line.length))).join("\n");
  return blockScalar(text, meant, { start, end });
}
