/**
 * Fills a shape of the service's own model, as the SDK carries it: every member, nested ones too, and in
 * every object one that no SDK knows.
 *
 * The SDK's static schemas are nested tuples: a structure is `[3, namespace, name, traits, members, types]`,
 * a list `[1, namespace, name, traits, type]`, a map `[2, …, keyType, valueType]`, a type with traits
 * `[type, traits]`, and a simple type a number.
 */

import assert from "node:assert/strict";

import type { Json, JsonObject } from "../../src/runtime/json.ts";

const LIST = 1;
const MAP = 2;
const STRUCTURE = 3;
const UNION = 4;
const LIST_OF = 64;
const MAP_OF = 128;

export const UNKNOWN_MEMBER = "memberOfNextYear";

/** The members of a structure. */
export function membersOf(schema: unknown): readonly string[] {
  assert(Array.isArray(schema) && schema[0] === STRUCTURE, "not a structure");
  return schema[4];
}

/** The structure with every member set. Every string and number names its place, so that no two can be mixed up. */
export function filled(schema: unknown): JsonObject {
  const value = fill(schema, "$");
  assert(typeof value === "object" && value !== null && !Array.isArray(value));
  return value as JsonObject;
}

function fill(schema: unknown, path: string): Json {
  if (typeof schema === "function") return fill(schema(), path);
  if (typeof schema === "number") return simple(schema, path);
  assert(Array.isArray(schema), `${path}: unknown kind of schema`);
  if (typeof schema[1] !== "string") return fill(schema[0], path);
  const [kind, , name] = schema;
  switch (kind) {
    case LIST:
      return [fill(schema[4], `${path}[0]`), fill(schema[4], `${path}[1]`)];
    case MAP:
      return { [`${path}.key`]: fill(schema[5], `${path}.value`) };
    case STRUCTURE:
    case UNION: {
      const members: readonly string[] = schema[4];
      return {
        ...Object.fromEntries(
          members.map((member, at) => [member, fill(schema[5][at], `${path}.${member}`)]),
        ),
        [UNKNOWN_MEMBER]: { of: path, list: [1, null, { deep: true }] },
      };
    }
    case 0:
      return fill(schema[4], path);
    default:
      throw new Error(`${path}: ${name} is of the unknown kind ${kind}`);
  }
}

function simple(kind: number, path: string): Json {
  if (kind >= MAP_OF) return { [`${path}.key`]: simple(kind - MAP_OF, `${path}.value`) };
  if (kind >= LIST_OF) return [simple(kind - LIST_OF, `${path}[0]`), simple(kind - LIST_OF, `${path}[1]`)];
  switch (kind) {
    case 0:
      // Three, two and one bytes a letter: a length counted in letters would be wrong.
      return `漢é ${path}`;
    case 1:
      return [...path].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7);
    case 2:
      return path.length % 2 === 0;
    case 4:
    case 5:
    case 6:
    case 7:
      return 1_763_000_000.123 + path.length;
    default:
      throw new Error(`${path}: unknown simple kind ${kind}`);
  }
}
