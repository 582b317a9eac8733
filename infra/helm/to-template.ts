/**
 * Writes a document of the chart as a Helm template: YAML, with an action where a value is put in.
 *
 * A list or an object from the values is written as JSON on one line, which is YAML too: no indentation can go wrong.
 */

import {
  isList,
  isWhen,
  type Members,
  type Node,
  type Part,
  partsOf,
  type Test,
} from "../../src/kubernetes/chart/marks.ts";

/** The documents of one file under `templates/`. */
export function toTemplate(documents: readonly Node[]): string {
  return documents.map((document) => `${conditional(document, "", inDocument)}\n`).join("");
}

function inDocument(node: Node): string {
  if (!isMembers(node)) throw new TypeError("a document is an object");
  return `---\n${members(node, "")}`;
}

type Write = (node: Node, indent: string) => string;

/** The node's lines, between the lines of its condition. */
function conditional(node: Node, indent: string, write: Write): string {
  if (!isWhen(node)) return write(node, indent);
  const otherwise =
    node.else === undefined ? "" : `${indent}{{- else }}\n${conditional(node.else, indent, write)}\n`;
  return `${indent}{{- if ${condition(node.$if)} }}\n${conditional(node.then, indent, write)}\n${otherwise}${indent}{{- end }}`;
}

/** What may come out empty would be null in YAML, not an empty object or list. */
function ensureNeverEmpty(children: readonly Node[]): void {
  if (children.every((one) => isWhen(one) && one.else === undefined))
    throw new TypeError("every part depends on something: put the condition round the whole");
}

function members(node: Members, indent: string): string {
  ensureNeverEmpty(Object.values(node));
  return Object.entries(node)
    .map(([name, member]) =>
      conditional(member, indent, (one) => `${indent}${scalar(name)}:${after(one, indent)}`),
    )
    .join("\n");
}

function items(node: readonly Node[], indent: string): string {
  ensureNeverEmpty(node);
  return node
    .map((item) =>
      conditional(item, indent, (one) => {
        // The first member is behind the dash, unless it depends on something and needs a line of its own.
        if (!isMembers(one) || isWhen(Object.values(one)[0] ?? "")) return `${indent}-${after(one, indent)}`;
        return `${indent}- ${members(one, `${indent}  `).trimStart()}`;
      }),
    )
    .join("\n");
}

/** What follows a colon or a dash. */
function after(node: Node, indent: string): string {
  if (typeof node === "string") return ` ${textOf(node, `${indent}  `)}`;
  if (typeof node !== "object") return ` ${node}`;
  if (isList(node)) return node.length === 0 ? " []" : `\n${items(node, `${indent}  `)}`;
  if (!isMembers(node)) throw new TypeError("a condition within a condition is one condition");
  return Object.keys(node).length === 0 ? " {}" : `\n${members(node, `${indent}  `)}`;
}

function isMembers(node: Node): node is Members {
  return typeof node === "object" && !isList(node) && !isWhen(node);
}

function textOf(text: string, indent: string): string {
  const parts = partsOf(text);
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && "path" in first && first.form === "text")
    return `{{ .${first.path} | toJson }}`;
  if (parts.every((part) => "text" in part) && !text.includes("\n")) return scalar(text);
  const isPlain = parts.every((part) => ("text" in part ? !/["\\\n]/.test(part.text) : part.form !== "json"));
  if (isPlain) return `"${parts.map(written).join("")}"`;
  // A block has no escapes: what is put in is read as it is.
  if (/^\s|\n\n$|[^\P{C}\n]/u.test(text)) throw new TypeError(`a block cannot hold ${JSON.stringify(text)}`);
  const lines = parts.map(written).join("").replace(/\n$/, "").split("\n");
  return `${text.endsWith("\n") ? "|" : "|-"}\n${lines.map((line) => (line === "" ? "" : indent + line)).join("\n")}`;
}

function written(part: Part): string {
  if ("text" in part) return literal(part.text);
  const actions = { text: `.${part.path}`, json: `.${part.path} | toJson`, list: `join "," .${part.path}` };
  return `{{ ${actions[part.form]} }}`;
}

/** What Helm would take for an action of its own must not be in a text. */
function literal(text: string): string {
  if (text.includes("{{")) throw new TypeError(`Helm would read ${text} as an action`);
  return text;
}

/** Words that are strings for every reader of YAML, 1.1 or 1.2, need no quotes. */
function scalar(text: string): string {
  const isWord =
    /^[A-Za-z/][A-Za-z0-9./_-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text);
  return isWord ? text : literal(JSON.stringify(text));
}

function condition(test: Test): string {
  if ("is" in test) return `has .${test.is} (list ${test.oneOf.map((one) => JSON.stringify(one)).join(" ")})`;
  if ("set" in test) return `.${test.set}`;
  if ("kubernetesFrom" in test)
    return `semverCompare ">=${test.kubernetesFrom}.0-0" .Capabilities.KubeVersion.Version`;
  if ("not" in test) return `not (${condition(test.not)})`;
  const [word, tests] = "all" in test ? ["and", test.all] : ["or", test.any];
  return `${word} ${tests.map((one) => `(${condition(one)})`).join(" ")}`;
}
