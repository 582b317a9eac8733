/**
 * YAML's own documents, one after the other, by the library's lexer, parser and composer. What a person wrote is read whole; a
 * text that is made to cost time ends at a count of words, or at its first fault: the library goes on behind a fault, and its
 * time grows with the square of the faults.
 */

import { Composer, type Document, Lexer, type ParsedNode, Parser } from "yaml";
import type { Unreadable } from "./document.ts";

/** The largest files that are read, 4 MB of custom resource definitions, have 460,000. As many take the library most of a second. */
const WORDS_MAX = 600_000;

export const NESTED = "it is nested too deeply";

/** Why a text is not read. */
export class Refused extends Error {
  readonly unreadable: Unreadable;

  constructor(unreadable: Unreadable) {
    super(unreadable.because);
    this.unreadable = unreadable;
  }
}

/** Throws Refused where the text cannot be read, in the midst of it. */
export function* yamlNodes(text: string): Generator<Document.Parsed<ParsedNode>> {
  // The library compares each key with each other one: where it matters, the reader's set does it.
  const composer = new Composer({ prettyErrors: false, logLevel: "silent", uniqueKeys: false });
  for (const document of composer.compose(tokens(text), false, text.length)) {
    const [error] = document.errors;
    if (error !== undefined) throw new Refused({ because: becauseOf(error), offset: error.pos[0] });
    yield document;
  }
}

/** The library's own words, but for a stack that is full. */
function becauseOf({ code, message }: Document.Parsed["errors"][number]): string {
  return code === "RESOURCE_EXHAUSTION" ? NESTED : message;
}

type Token = Parameters<Composer["next"]>[0];

/** As `Parser.parse` does it, with an end. */
function* tokens(text: string): Generator<Token> {
  const parser = new Parser();
  let words = 0;
  for (const word of new Lexer().lex(text)) {
    if (++words > WORDS_MAX)
      throw new Refused({
        because: `it has more than ${WORDS_MAX.toLocaleString("en-US")} words, marks and line ends`,
        offset: parser.offset,
      });
    for (const token of parser.next(word)) yield sound(token);
  }
  for (const token of parser.end()) yield sound(token);
}

function sound(token: Token): Token {
  if (token.type === "error") throw new Refused({ because: token.message, offset: token.offset });
  return token;
}
