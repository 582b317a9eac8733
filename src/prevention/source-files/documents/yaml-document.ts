/**
 * YAML, by the library `yaml`: each document as plain values that remember where their texts are.
 *
 * An alias is the same value as its anchor, not a copy, so that a bomb of aliases costs nothing; what it would be for a program
 * that copies is counted, and refused. A tag such as `!Sub` becomes the member that CloudFormation means by it.
 */

import { type Alias, isAlias, isMap, isNode, isScalar, isSeq, Scalar } from "yaml";
import { AnchorUses } from "./anchor-uses.ts";
import type { Documents, SourceDocument, SourceScalar } from "./document.ts";
import { valueAt } from "./document.ts";
import { blockScalar, verbatimScalar } from "./scalar.ts";
import { NESTED, Refused, yamlNodes } from "./yaml-nodes.ts";

/** What a program that copies each alias would hold in memory. */
const VALUES_MAX = 1_000_000;
const MERGED_MAX = 100_000;
/** Each costs the parser more than a text does. */
const MARKS_MAX = 10_000;
/** Deeper than any file that a person wrote; the stack of a process is not without end. */
const DEPTH_MAX = 200;

export function yamlDocuments(text: string): Documents {
  const marks = text.match(/(?:^|[\s,[{])[*&!][^\s*&,\]}]|^(?:---|%)/gm)?.length ?? 0;
  if (marks > MARKS_MAX)
    return {
      unreadable: {
        because: "it has more than 10,000 anchors, aliases, tags, directives and documents",
        offset: 0,
      },
    };
  const deep = tooDeepAt(text);
  if (deep !== undefined) return { unreadable: { because: NESTED, offset: deep } };
  try {
    const documents: SourceDocument[] = [];
    for (const { contents } of yamlNodes(text)) {
      const reader = new PlainReader(text);
      const value = reader.read(contents, 0).value;
      documents.push({
        value,
        scalarAt: (pointer) => reader.scalarAt(value, pointer),
        isUsedElsewhere: (offset) => reader.uses.isUsedElsewhere(offset),
      });
    }
    return { documents };
  } catch (error) {
    if (error instanceof Refused) return { unreadable: error.unreadable };
    // A stack that is full: thousands of brackets in brackets.
    if (error instanceof RangeError) return { unreadable: { because: NESTED, offset: 0 } };
    throw error;
  }
}

/**
 * Where more brackets are open than any file has. The parser finds out as well, after seconds; this looks at brackets alone, so
 * that some in a text of words must not count: those are closed again, or far apart.
 */
function tooDeepAt(text: string): number | undefined {
  let open = 0;
  let last = 0;
  for (const { 0: mark, index } of text.matchAll(/[[{\]}]|[-?] /g)) {
    if (index - last > GAP_MAX) open = 0;
    last = index;
    if (mark === "]" || mark === "}") open = Math.max(0, open - 1);
    else open++;
    // Entries of a list that begin lines of their own are next to each other.
    if (mark.length === 2 && isLineStart(text, index)) open = 0;
    if (open > DEPTH_MAX) return index;
  }
  return undefined;
}

const GAP_MAX = 40;

function isLineStart(text: string, index: number): boolean {
  let at = index - 1;
  while (text[at] === " ") at--;
  return at < 0 || text[at] === "\n";
}

/** A value, and how many values it is when each alias is copied. */
type Plain = { readonly value: unknown; readonly size: number };

class PlainReader {
  readonly #file: string;
  readonly #anchors = new Map<string, Plain>();
  readonly #open = new Set<string>();
  #merged = 0;
  readonly uses = new AnchorUses();
  /** Of each object and list: the texts in it, by key. */
  readonly #scalars = new WeakMap<object, Map<string, Scalar>>();

  constructor(file: string) {
    this.#file = file;
  }

  scalarAt(root: unknown, pointer: readonly (string | number)[]): SourceScalar | undefined {
    const holder = valueAt(root, pointer.slice(0, -1));
    const key = pointer.at(-1);
    if (typeof holder !== "object" || holder === null || key === undefined) return undefined;
    const node = this.#scalars.get(holder)?.get(String(key));
    const text = node === undefined ? undefined : textOf(node);
    if (node !== undefined) this.uses.ask(node, holder, String(key));
    if (node?.range == null || text === undefined) return undefined;
    const range = { start: node.range[0], end: node.range[1] };
    return node.type === Scalar.BLOCK_LITERAL
      ? blockScalar(this.#file, text, range)
      : verbatimScalar(this.#file, text, range);
  }

  read(node: unknown, depth: number): Plain {
    if (!isNode(node)) return { value: null, size: 1 };
    const offset = node.range?.[0] ?? 0;
    if (depth > DEPTH_MAX) throw new Refused({ because: NESTED, offset });
    if (isAlias(node)) return this.#aliased(node);
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#open.add(anchor);
    const plain = this.#tagged(node, depth);
    if (plain.size > VALUES_MAX)
      throw new Refused({
        because: `its aliases make more than ${VALUES_MAX.toLocaleString("en-US")} values of it`,
        offset,
      });
    if (anchor !== undefined) this.#anchors.set(anchor, plain);
    return plain;
  }

  #aliased(node: Alias): Plain {
    const plain = this.#anchors.get(node.source);
    if (plain !== undefined) return plain;
    // Inside of its own anchor: no value.
    if (this.#open.has(node.source)) return { value: null, size: 1 };
    throw new Refused({
      because: `the alias ${node.source.slice(0, 100)} has no anchor`,
      offset: node.range?.[0] ?? 0,
    });
  }

  #tagged(node: unknown, depth: number): Plain {
    if (isReset(node)) return { value: null, size: 1 };
    const name = isNode(node) ? memberOfTag(node.tag) : undefined;
    if (name === undefined) return this.#bare(node, depth);
    const holder: Record<string, unknown> = {};
    const { value, size } = this.#bare(node, depth);
    this.#keep(holder, name, node, value);
    return { value: holder, size: size + 1 };
  }

  #bare(node: unknown, depth: number): Plain {
    if (isScalar(node)) return { value: textOf(node) ?? node.value, size: 1 };
    if (isSeq(node)) return this.#list(node.items, depth);
    if (isMap(node)) return this.#map(node.items, depth);
    return { value: null, size: 1 };
  }

  #list(items: readonly unknown[], depth: number): Plain {
    const list: unknown[] = [];
    let size = 1;
    for (const [at, item] of items.entries()) {
      const plain = this.read(item, depth + 1);
      size += plain.size;
      list[at] = plain.value;
      this.#remember(list, String(at), this.#source(item));
    }
    return { value: list, size };
  }

  #map(items: readonly { readonly key: unknown; readonly value: unknown }[], depth: number): Plain {
    const members: Record<string, unknown> = {};
    const merged: unknown[] = [];
    let size = 1;
    for (const { key, value } of items) {
      const plain = this.read(value, depth + 1);
      size += plain.size;
      const name = isScalar(key) ? String(textOf(key) ?? key.value) : undefined;
      if (name === undefined) continue;
      if (Object.hasOwn(members, name))
        throw new Refused({
          because: `the key ${name.slice(0, 100)} is there twice`,
          offset: isNode(key) ? (key.range?.[0] ?? 0) : 0,
        });
      if (name === "<<" && isScalar(key) && key.type === Scalar.PLAIN) {
        merged.push(...(Array.isArray(plain.value) ? plain.value : [plain.value]));
        continue;
      }
      this.#keep(members, name, value, plain.value);
      // `x-image: &image nginx` and `.image: &image nginx` are there for their aliases alone.
      if (depth === 0 && /^(?:x-|\.)/.test(name)) this.uses.forget(members, name);
    }
    for (const from of merged) this.#merge(members, from);
    return { value: members, size };
  }

  #merge(members: Record<string, unknown>, from: unknown): void {
    if (typeof from !== "object" || from === null || Array.isArray(from)) return;
    for (const [name, value] of Object.entries(from)) {
      if (++this.#merged > MERGED_MAX)
        throw new Refused({ because: "it merges more than 100,000 members", offset: 0 });
      if (Object.hasOwn(members, name)) continue;
      define(members, name, value);
      this.#remember(members, name, this.#scalars.get(from)?.get(name));
    }
  }

  #keep(members: Record<string, unknown>, name: string, node: unknown, value: unknown): void {
    define(members, name, value);
    this.#remember(members, name, this.#source(node));
  }

  readonly #anchoredScalars = new Map<string, Scalar>();

  /** The text's own node: an alias is written where its anchor is. */
  #source(node: unknown): Scalar | undefined {
    if (isAlias(node)) return this.#anchoredScalars.get(node.source);
    if (!isScalar(node) || isReset(node)) return undefined;
    if (node.anchor !== undefined) this.#anchoredScalars.set(node.anchor, node);
    return node;
  }

  #remember(holder: object, key: string, node: Scalar | undefined): void {
    if (node === undefined) return;
    const own = this.#scalars.get(holder) ?? new Map<string, Scalar>();
    this.#scalars.set(holder, own.set(key, node));
    this.uses.add(node, holder, key);
  }
}

/** Also where the name is `__proto__`, which an assignment would take for something else. */
function define(members: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  else members[name] = value;
}

/** A number keeps the digits that were written: a tag `1.10` is not 1.1. */
function textOf(node: Scalar): string | undefined {
  if (typeof node.value === "string") return node.value;
  return typeof node.value === "number" || typeof node.value === "bigint" ? node.source : undefined;
}

/** Compose takes away what another file says there, whatever is written after the tag. (docs.docker.com/reference/compose-file/merge) */
function isReset(node: unknown): boolean {
  return isNode(node) && node.tag === "!reset";
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html (read 2026-11) */
function memberOfTag(tag: string | undefined): string | undefined {
  const name = /^!([A-Z][A-Za-z]+)$/.exec(tag ?? "")?.[1];
  if (name === undefined) return undefined;
  return name === "Ref" || name === "Condition" ? name : `Fn::${name}`;
}
