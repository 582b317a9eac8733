import { deepEqual } from "node:assert/strict";
import { test } from "vitest";
import { mergeValues } from "../../../src/kubernetes/chart/merge-values.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [title: string, given: JsonObject, merged: JsonObject])[] = [
  ["nothing changes nothing",                 {},                          { a: { b: 1, c: [1] } }],
  ["an object is merged by its members",      { a: { b: 2 } },             { a: { b: 2, c: [1] } }],
  ["a list is replaced as a whole",           { a: { c: [] } },            { a: { b: 1, c: [] } }],
  ["null takes a default away",               { a: { b: null } },          { a: { c: [1] } }],
  ["a null of nothing is nothing",            { d: null },                 { a: { b: 1, c: [1] } }],
  ["a value that is not an object replaces one",{ a: "x" },                  { a: "x" }],
  ["what has no default is added",            { d: { e: true } },          { a: { b: 1, c: [1] }, d: { e: true } }],
];

for (const [title, given, merged] of table)
  test(title, () => deepEqual(mergeValues({ a: { b: 1, c: [1] } }, given), merged));
