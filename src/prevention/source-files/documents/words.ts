/**
 * A file as the list of the words that mean something: two files with the same list say the same. An edit may change the words
 * that it was for, and no others.
 */

import { DockerfileParser } from "dockerfile-ast";
import { isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments, visit } from "yaml";
import type { Syntax } from "../file-kind.ts";

/** Undefined where the text cannot be read. */
export function wordsOf(text: string, syntax: Syntax): readonly string[] | undefined {
  switch (syntax) {
    case "dockerfile":
      return dockerfileWords(text);
    case "hcl":
      return text.split(/(?<=\n)/);
    case "json":
      return /^\s*[[{]/.test(text) ? jsonWords(text) : yamlWords(text);
    default:
      return yamlWords(text);
  }
}

function jsonWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  try {
    JSON.parse(text, (key, value) => {
      words.push(
        `${key} ${typeof value === "object" && value !== null ? Object.keys(value) : JSON.stringify(value)}`,
      );
      return value;
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
  return words;
}

/** The library says of each word what it is, with its anchor and its tag. */
function yamlWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  for (const document of parseAllDocuments(text, {
    prettyErrors: false,
    logLevel: "silent",
    uniqueKeys: false,
  })) {
    if (document.errors.length > 0) return undefined;
    words.push("---");
    visit(document, (key, node) => {
      if (isScalar(node))
        words.push(
          `${String(key)} ${node.tag ?? ""} ${node.anchor ?? ""} ${node.type ?? ""} ${String(node.value)}`,
        );
      else if (isAlias(node)) words.push(`*${node.source}`);
      else if (isMap(node) || isSeq(node))
        words.push(`${isMap(node) ? "{" : "["} ${node.tag ?? ""} ${node.anchor ?? ""} ${node.items.length}`);
      else if (isPair(node)) words.push(":");
    });
  }
  return words;
}

function dockerfileWords(text: string): readonly string[] {
  const dockerfile = DockerfileParser.parse(text);
  const lines = text.split(/\r\n|\n|\r/);
  return [
    ...dockerfile.getDirectives().map((one) => `# ${one.getName()}=${one.getValue()}`),
    ...dockerfile.getInstructions().map((one) => {
      const { start, end } = one.getRange();
      return lines.slice(start.line, end.line + 1).join("\n");
    }),
    ...dockerfile.getComments().map((one) => `# ${one.getContent()}`),
  ];
}
