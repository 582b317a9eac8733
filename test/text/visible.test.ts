import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { CLEAR_LINE, forTerminal, linesOf, visible, visibleJson } from "../../src/text/visible.ts";

describe("text of strangers", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string])[] = [
    ["plain words, accents and 日本語 🐳", "plain words, accents and 日本語 🐳"],
    ["\u001b[2Jclear",                     "\\u001b[2Jclear"],
    ["a\r\nforged line",                   "a\\u000d\\nforged line"],
    ["\u009b31mC1",                        "\\u009b31mC1"],
    ["left\u202eright",                    "left\\u202eright"],
    ["hid\u200bden",                       "hid\\u200bden"],
    ["\u2028next",                         "\\u2028next"],
    ["tag \u{e0041}",                      "tag \\u{e0041}"],
    ["half \ud83d",                        "half \\ud83d"],
  ];
  for (const [text, shown] of table)
    test(`${JSON.stringify(shown)} is shown`, () => equal(visible(text), shown));

  test("has a bound", () => equal(visible("x".repeat(1e6)).length, 2001));

  test("is the same document in JSON", () => {
    for (const [text] of table) {
      const json = visibleJson({ text });
      deepEqual(JSON.parse(json), { text });
      equal(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(json), false);
    }
  });

  test("begins no line among ours", () => {
    equal(linesOf(["one", "two\nforged", ""], "  "), "one\n  two\\nforged\n  \n");
    equal(linesOf([]), "");
  });
});

describe("what is written to a terminal", () => {
  test("keeps its lines, its columns and its JSON", () => {
    equal(forTerminal("a\tb\nc"), "a\tb\nc");
    for (const [text] of [["\u009b31m\u202e"], ["tag \u{e0041}"]])
      deepEqual(JSON.parse(forTerminal(JSON.stringify({ text }))), { text });
  });

  test("takes our own line away at its start, and nowhere else", () => {
    equal(forTerminal(`${CLEAR_LINE}a${CLEAR_LINE}`), `${CLEAR_LINE}a\\u000d\\u001b[K`);
  });
});
